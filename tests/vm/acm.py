# SPDX-License-Identifier: Apache-2.0
"""A board whose USB is its own (CDC-ACM, /dev/ttyACM*): two consoles as debug probes have them, the board at the first one.

QEMU has no such device, but takes one over the network protocol of SPICE's USB redirection, which is spoken here:
https://gitlab.freedesktop.org/spice/usbredir/-/blob/main/docs/usb-redirection-protocol.md; the descriptors are those of
"USB Class Definitions for Communications Devices" 1.2, with an association for each console.
"""
import os
import select
import struct
from collections import deque

from boards import Wire

HELLO, CONNECT, RESET, INTERFACES, ENDPOINTS = 0, 1, 3, 4, 5
SET_CONFIGURATION, GET_CONFIGURATION, CONFIGURATION_STATUS = 6, 7, 8
SET_ALTERNATE, GET_ALTERNATE, ALTERNATE_STATUS = 9, 10, 11
START_INTERRUPTS, STOP_INTERRUPTS, INTERRUPT_STATUS, CANCEL = 15, 16, 17, 21
CONTROL, BULK = 100, 101
DONE, CANCELLED, STALL = 0, 1, 4
# Device version, packet sizes of endpoints, 64-bit ids, 32-bit lengths: what QEMU's xHCI wants.
CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6
FULL_SPEED, VENDOR, PRODUCT, PACKET = 1, 0x0483, 0x374b, 64
CONSOLES = 2
SET_LINE_CODING, GET_LINE_CODING, SET_CONTROL_LINE_STATE = 0x20, 0x21, 0x22
CDC_CONTROL, CDC_DATA = (2, 2, 1), (10, 0, 0)


def notices_of(console):
    return 0x81 + 2 * console


def input_of(console):
    return 0x82 + 2 * console


def output_of(console):
    return 0x02 + 2 * console


def descriptor(kind, form, *values):
    body = struct.pack("<" + form, *values)
    return bytes([len(body) + 2, kind]) + body


def device_descriptor():
    return descriptor(1, "HBBBBHHHBBBB", 0x0200, 0xef, 2, 1, PACKET, VENDOR, PRODUCT, 0x0100, 1, 2, 3, 1)


def configuration_descriptor():
    body = b""
    for console in range(CONSOLES):
        first = 2 * console
        body += descriptor(11, "BBBBBB", first, 2, *CDC_CONTROL, 0)
        body += descriptor(4, "BBBBBBB", first, 0, 1, *CDC_CONTROL, 0)
        body += descriptor(0x24, "BH", 0, 0x0110) + descriptor(0x24, "BBB", 1, 0, first + 1)
        body += descriptor(0x24, "BB", 2, 2) + descriptor(0x24, "BBB", 6, first, first + 1)
        body += descriptor(5, "BBHB", notices_of(console), 3, 8, 16)
        body += descriptor(4, "BBBBBBB", first + 1, 0, 2, *CDC_DATA, 0)
        body += descriptor(5, "BBHB", output_of(console), 2, PACKET, 0) + descriptor(5, "BBHB", input_of(console), 2, PACKET, 0)
    return descriptor(2, "HBBBBB", 9 + len(body), 2 * CONSOLES, 1, 0, 0x80, 50) + body


class AcmWire(Wire):
    """As the wire of an adapter, with a device of its own. What the machine set the lines to, and at what rate, can be asked."""
    driver = "usb-redir"

    def __init__(self, path, tty, serial):
        self.serial, self.rates, self.lines = serial, [0] * CONSOLES, [[] for _ in range(CONSOLES)]
        self.asked, self.given, self.outgoing = deque(), deque(), bytearray()  # reads, writes that wait; messages for the machine
        super().__init__(path, tty, serial)

    # -- messages -----------------------------------------------------------------------------------------------------
    def say(self, kind, body, ident=0):
        self.outgoing += struct.pack("<IIQ", kind, len(body), ident) + body

    def say_bulk(self, ident, endpoint, status, length, data=b""):
        self.say(BULK, struct.pack("<BBHIH", endpoint, status, length & 0xffff, 0, length >> 16) + data, ident)

    def introduce(self):
        head = struct.pack("<64sI", b"fleetline test", CAPABILITIES)
        self.outgoing += struct.pack("<III", HELLO, len(head), 0) + head  # before ids have 64 bits

    def tell_shape(self):
        count, nothing = 2 * CONSOLES, [0] * (32 - 2 * CONSOLES)
        classes = [CDC_CONTROL, CDC_DATA] * CONSOLES
        columns = [[*range(count), *nothing]] + [[*(one[at] for one in classes), *nothing] for at in range(3)]
        self.say(INTERFACES, struct.pack("<I", count) + b"".join(map(bytes, columns)))
        kinds, intervals, interfaces, sizes = [255] * 32, [0] * 32, [0] * 32, [0] * 32
        places = [(0x00, 0, 0, 0, PACKET), (0x80, 0, 0, 0, PACKET)]
        for console in range(CONSOLES):
            places += [(notices_of(console), 3, 16, 2 * console, 8), (input_of(console), 2, 0, 2 * console + 1, PACKET),
                       (output_of(console), 2, 0, 2 * console + 1, PACKET)]
        for endpoint, kind, interval, interface, size in places:
            at = (endpoint & 0x80) >> 3 | endpoint & 0x0f
            kinds[at], intervals[at], interfaces[at], sizes[at] = kind, interval, interface, size
        self.say(ENDPOINTS, bytes(kinds) + bytes(intervals) + bytes(interfaces) + struct.pack("<32H", *sizes))

    def take(self, kind, ident, body):
        if kind == HELLO:
            self.tell_shape()
            self.say(CONNECT, struct.pack("<BBBBHHH", FULL_SPEED, 0xef, 2, 1, VENDOR, PRODUCT, 0x0100))
        elif kind in (SET_CONFIGURATION, GET_CONFIGURATION):
            self.tell_shape()
            self.say(CONFIGURATION_STATUS, bytes([DONE, 1]), ident)
        elif kind in (SET_ALTERNATE, GET_ALTERNATE):
            self.say(ALTERNATE_STATUS, bytes([DONE, body[0], 0]), ident)
        elif kind in (START_INTERRUPTS, STOP_INTERRUPTS):
            self.say(INTERRUPT_STATUS, bytes([DONE, body[0]]), ident)  # there is never one to be told of
        elif kind == RESET:
            self.asked.clear()
            self.given.clear()
        elif kind == CANCEL:
            for waiting in (self.asked, self.given):
                for one in [one for one in waiting if one[0] == ident]:
                    waiting.remove(one)
                    self.say_bulk(ident, one[1], CANCELLED, 0)
        elif kind == CONTROL:
            self.take_control(ident, body)
        elif kind == BULK:
            endpoint, _, low, _, high = struct.unpack("<BBHIH", body[:10])
            if endpoint & 0x80:
                self.asked.append((ident, endpoint, high << 16 | low))
            else:
                self.given.append((ident, endpoint, bytearray(body[10:]), len(body) - 10))

    def take_control(self, ident, body):
        endpoint, request, kind, _, value, index, length = struct.unpack("<BBBBHHH", body[:10])
        answer = self.answer(request, kind, value, index, body[10:])
        status = STALL if answer is None else DONE
        answer = (answer or b"")[:length]
        told = len(answer) if kind & 0x80 else length
        self.say(CONTROL, struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, told) + answer, ident)

    def answer(self, request, kind, value, index, data):
        """None for what is not known."""
        if (kind, request) == (0x80, 6):
            if value >> 8 == 3:
                texts = ["fleetline", "two consoles", self.serial]
                at = value & 0xff
                return descriptor(3, "H", 0x0409) if at == 0 else descriptor(3, f"{2 * len(texts[at - 1])}s",
                                                                             texts[at - 1].encode("utf-16-le"))
            return {1: device_descriptor(), 2: configuration_descriptor()}.get(value >> 8)
        if kind & 0x60 == 0x20 and index // 2 < CONSOLES:
            console = index // 2
            if request == SET_LINE_CODING:
                self.rates[console] = struct.unpack("<I", data[:4])[0]
            elif request == SET_CONTROL_LINE_STATE:
                self.lines[console].append(value)
            elif request == GET_LINE_CODING:
                return struct.pack("<IBBB", self.rates[console], 0, 0, 8)
            else:
                return None
            return b""
        return b"" if request == 1 else None  # CLEAR_FEATURE: a halt that never was

    # -- carrying -----------------------------------------------------------------------------------------------------
    def join(self, peer):
        self.introduce()
        pending, met = bytearray(), False
        while True:
            can_read, can_write = any(one[1] == input_of(0) for one in self.asked), bool(self.given)
            readable, writable, _ = select.select([peer, self.wake_read] + [self.tty] * can_read,
                                                  [self.tty] * can_write + [peer] * bool(self.outgoing), [])
            if self.wake_read in readable:
                return
            try:
                if peer in readable:
                    data = peer.recv(65536)
                    if not data:
                        return
                    pending += data
                    met = self.take_messages(pending, met)
                if self.tty in readable:
                    self.read_board()
                if self.tty in writable:
                    self.write_board()
                if peer in writable:
                    del self.outgoing[:peer.send(self.outgoing)]
            except BlockingIOError:
                continue
            except OSError:
                return  # either end is gone

    def take_messages(self, pending, met):
        """All that have come whole; `met` once the machine has introduced itself."""
        while True:
            head = 16 if met else 12
            if len(pending) < head:
                return met
            kind, length = struct.unpack("<II", pending[:8])
            if len(pending) < head + length:
                return met
            ident, body = int.from_bytes(pending[8:head], "little"), bytes(pending[head:head + length])
            del pending[:head + length]
            met = True
            self.take(kind, ident, body)

    def read_board(self):
        one = next((one for one in self.asked if one[1] == input_of(0)), None)
        if one is None:
            return
        data = os.read(self.tty, one[2])
        self.asked.remove(one)
        self.say_bulk(one[0], one[1], DONE, len(data), data)

    def write_board(self):
        if not self.given:
            return
        ident, endpoint, data, length = self.given[0]
        if endpoint == output_of(0) and data:
            del data[:os.write(self.tty, data)]
        else:
            data.clear()  # nobody listens at the other console
        if not data:
            self.given.popleft()
            self.say_bulk(ident, endpoint, DONE, length)
