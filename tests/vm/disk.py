# SPDX-License-Identifier: Apache-2.0
"""A disk with a volatile write cache, served to QEMU over NBD: what the machine wrote and did not flush is lost when the
plug is pulled. (No cache mode of QEMU's does that: its host's page cache outlives it.)

    disk.py FILE SOCKET     serves; a line "cut KEEP SEED" on standard input pulls the plug, an end of input stops in order.
"""
import os
import random
import socket
import struct
import sys
import threading

SECTOR = 512
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FUA = 1
FLAGS = 1 | 4 | 8  # has flags, sends flush, sends FUA


class Cache:
    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.file).st_size
        self.dirty = {}
        self.lock = threading.Lock()

    def read(self, offset, length):
        data = bytearray(os.pread(self.file, length, offset))
        if self.dirty:
            for sector in range(offset // SECTOR, (offset + length) // SECTOR):
                held = self.dirty.get(sector)
                if held is not None:
                    at = sector * SECTOR - offset
                    data[at:at + SECTOR] = held
        return data

    def write(self, offset, data):
        for at in range(0, len(data), SECTOR):
            self.dirty[(offset + at) // SECTOR] = data[at:at + SECTOR]

    def flush(self):
        for sector, data in sorted(self.dirty.items()):
            os.pwrite(self.file, data, sector * SECTOR)
        self.dirty.clear()

    def cut(self, keep, seed):
        """A random part of what was not flushed reaches the disk all the same: torn and out of order, as on real disks."""
        chance = random.Random(seed)
        kept = {sector: data for sector, data in self.dirty.items() if chance.random() < keep}
        lost = len(self.dirty) - len(kept)
        self.dirty = kept
        self.flush()
        return lost


def receive(peer, length):
    data = bytearray()
    while len(data) < length:
        chunk = peer.recv(length - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def negotiate(peer, cache):
    """https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md, fixed newstyle."""
    peer.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", 3))
    receive(peer, 4)
    while True:
        _, option, length = struct.unpack(">8sII", receive(peer, 16))
        data = receive(peer, length)
        if option == 1:  # EXPORT_NAME
            peer.sendall(struct.pack(">QH", cache.size, FLAGS))
            return
        head = struct.pack(">QI", 0x3e889045565a9, option)
        if option == 7:  # GO
            info = struct.pack(">HQH", 0, cache.size, FLAGS)
            peer.sendall(head + struct.pack(">II", 3, len(info)) + info + head + struct.pack(">II", 1, 0))
            return
        peer.sendall(head + struct.pack(">II", 0x80000001, 0))
        if option == 2:
            raise EOFError
        del data


def serve(peer, cache):
    negotiate(peer, cache)
    while True:
        _, flags, kind, handle, offset, length = struct.unpack(">IHHQQI", receive(peer, 28))
        data = receive(peer, length) if kind == WRITE else b""
        if kind == DISCONNECT:
            return
        with cache.lock:
            reply = b""
            if kind == READ:
                reply = cache.read(offset, length)
            elif kind == WRITE:
                cache.write(offset, data)
            if kind == FLUSH or flags & FUA:
                cache.flush()
        peer.sendall(struct.pack(">IIQ", 0x67446698, 0, handle) + reply)


def orders(cache):
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "cut":
            with cache.lock:
                print(cache.cut(float(rest[0]), int(rest[1])), flush=True)
                os._exit(0)  # under the lock: nothing comes after the cut
    with cache.lock:
        cache.flush()
        os._exit(0)


def main():
    cache = Cache(sys.argv[1])
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(sys.argv[2])
        server.listen(2)
        print("ready", flush=True)
        threading.Thread(target=orders, args=(cache,), daemon=True).start()
        while True:
            peer, _ = server.accept()
            try:
                serve(peer, cache)
            except (EOFError, ConnectionError):
                pass


if __name__ == "__main__":
    main()
