# SPDX-License-Identifier: Apache-2.0
"""The rehearsal's simulated boards on the machine's USB ports: a wire of ours joins each board's terminal to QEMU's socket.

The wire always drains what the machine says: QEMU waits for a full socket with the whole machine stopped.
"""
import os
import pathlib
import select
import socket
import threading
import time

MOST_HELD = 1 << 20


class Wire:
    """To one of QEMU's own USB serial adapters: bytes are carried as they come."""
    driver = "usb-serial"

    def __init__(self, path, tty, serial):
        self.path = pathlib.Path(path)
        self.path.unlink(missing_ok=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(1)
        self.tty = os.open(tty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.wake_read, self.wake_write = os.pipe()
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self):
        ready, _, _ = select.select([self.server, self.wake_read], [], [])
        if self.wake_read in ready:
            return
        peer, _ = self.server.accept()
        with peer:
            peer.setblocking(False)
            self.join(peer)

    def join(self, peer):
        to_board, to_machine = bytearray(), bytearray()
        while True:
            readers = [peer, self.wake_read] + ([self.tty] if len(to_machine) < MOST_HELD else [])
            writers = ([self.tty] if to_board else []) + ([peer] if to_machine else [])
            readable, writable, _ = select.select(readers, writers, [])
            if self.wake_read in readable:
                return
            try:
                if peer in readable:
                    data = peer.recv(65536)
                    if not data:
                        return
                    to_board += data[:MOST_HELD - len(to_board)]
                if self.tty in readable:
                    to_machine += os.read(self.tty, 65536)
                if self.tty in writable:
                    del to_board[:os.write(self.tty, to_board)]
                if peer in writable:
                    del to_machine[:peer.send(to_machine)]
            except BlockingIOError:
                continue
            except OSError:
                return  # either end is gone

    def close(self):
        os.write(self.wake_write, b"x")
        self.thread.join()
        for descriptor in (self.tty, self.wake_read, self.wake_write):
            os.close(descriptor)
        self.server.close()
        self.path.unlink(missing_ok=True)


class Fixture:
    """Where boards are plugged: `line` runs the boards, `rig` is the machine."""

    def __init__(self, line, rig):
        self.line, self.rig, self.wires = line, rig, {}

    def plug(self, serial, port, wired=Wire, **fault):
        self.line.board(f"plug {serial}")
        for what, value in fault.items():
            self.line.board(f"fault {serial} {what.replace('_', '-')} {value}")
        tty = next(b["tty"] for b in self.line.board("list")["boards"] if b["serial"] == serial)
        name = "board-" + port.replace(".", "-")
        wire = wired(self.rig.path(name + ".sock"), tty, serial)
        self.wires[name] = (serial, wire)
        self.rig.plug(name, port, wire.path, serial, wire.driver)
        return wire

    def unplug(self, port):
        name = "board-" + port.replace(".", "-")
        serial, wire = self.wires.pop(name)
        if self.rig.qemu:
            self.rig.unplug(name)
        wire.close()
        self.line.board(f"unplug {serial}")

    def unplug_all(self):
        for name in list(self.wires):
            self.unplug(name.removeprefix("board-").replace("-", "."))


class Flood:
    """What is plugged talks without end, so many bytes a second."""

    def __init__(self, path, rate):
        self.path, self.rate, self.sent, self.began = pathlib.Path(path), rate, 0, time.monotonic()
        self.path.unlink(missing_ok=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(1)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.talk, daemon=True)
        self.thread.start()

    def talk(self):
        try:
            peer, _ = self.server.accept()
        except OSError:
            return
        self.began = time.monotonic()
        line = b"<INF> 12345 [flood] nothing to see here, " + b"x" * 80 + b"\r\n"
        with peer:
            peer.setblocking(False)
            while not self.stopped.wait(0.02):
                due = int((time.monotonic() - self.began) * self.rate) - self.sent
                try:
                    peer.recv(65536)
                except BlockingIOError:
                    pass
                except OSError:
                    return
                try:
                    self.sent += peer.send((line * (due // len(line) + 1))[:min(due, 65536)]) if due > 0 else 0
                except BlockingIOError:
                    continue
                except OSError:
                    return

    def close(self):
        self.stopped.set()
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()
        self.thread.join(5)
        self.path.unlink(missing_ok=True)
