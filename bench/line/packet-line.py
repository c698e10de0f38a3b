"""A line of packets between two ends of this machine: the kernel's own TCP crosses it, with whatever congestion control.

Usage: packet-line.py NETWORK CONGESTION ONE_WAY_MS UP_BITS_PER_SECOND DOWN_BITS_PER_SECOND QUEUE_MS   (as root)

Makes a TUN device with the address NETWORK.1. Who connects to NETWORK.2 reaches what listens on NETWORK.1, and each
packet waits its turn in a queue first come, first served (dropped when the queue is full), leaves at the line's speed, and
arrives one way later. The kernel would never send a packet for an address of its own to a device, so the far end has
another name in each direction: what goes to .2 comes back as from .3 to .1, and the answers the other way round.

Prints "ready"; answers "counts" on standard input with a line of JSON; ends with its standard input.
"""

import collections
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
TCP = 6


def run(*command):
    subprocess.run(command, check=True)


def open_device(network, congestion):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    made = fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"cfline%d", IFF_TUN_NO_PI))
    name = made[:16].rstrip(b"\0").decode()
    run("ip", "address", "add", f"{network}.1/32", "dev", name)
    run("ip", "link", "set", name, "up", "mtu", "1500", "txqueuelen", "10000")
    run("ip", "route", "add", f"{network}.0/24", "dev", name, "src", f"{network}.1", "congctl", congestion)
    return device


class Checksum:
    """A one's complement sum kept right while 32-bit words under it change (RFC 1624, equation 3)."""

    @staticmethod
    def updated(checksum, old, new):
        total = (~checksum & 0xFFFF) + (~(old >> 16) & 0xFFFF) + (~old & 0xFFFF) + (new >> 16) + (new & 0xFFFF)
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF


def renamed(packet, source, target):
    """The packet with other addresses and right checksums."""
    changed = bytearray(packet)
    header = (changed[0] & 15) * 4
    old_source, old_target = struct.unpack_from("!II", changed, 12)
    sums = [10]
    if changed[9] == TCP:
        sums.append(header + 16)
    for at in sums:
        value = struct.unpack_from("!H", changed, at)[0]
        value = Checksum.updated(value, old_source, source)
        struct.pack_into("!H", changed, at, Checksum.updated(value, old_target, target))
    struct.pack_into("!II", changed, 12, source, target)
    return bytes(changed)


def payload_bytes(packet):
    header = (packet[0] & 15) * 4
    if packet[9] != TCP or len(packet) < header + 20:
        return 0
    return len(packet) - header - (packet[header + 12] >> 4) * 4


class Direction:
    """One way: a queue with a limit in time, a speed, and the distance behind it."""

    def __init__(self, bits_per_second, one_way_seconds, queue_seconds):
        self.bytes_per_second = bits_per_second / 8
        self.one_way_seconds = one_way_seconds
        self.queue_seconds = queue_seconds
        self.free_at = 0.0
        self.dropped = 0
        self.payload = 0

    def arrival(self, packet, now):
        """When it arrives; None when the queue has no room for it."""
        starts = max(self.free_at, now)
        if starts - now > self.queue_seconds:
            self.dropped += 1
            return None
        self.free_at = starts + len(packet) / self.bytes_per_second
        self.payload += payload_bytes(packet)
        return self.free_at + self.one_way_seconds


class Line:
    def __init__(self, network, one_way_ms, up_bits, down_bits, queue_ms):
        base = struct.unpack("!I", bytes(int(part) for part in f"{network}.0".split(".")))[0]
        self.here, self.far, self.back = base + 1, base + 2, base + 3
        shape = (one_way_ms / 1000, queue_ms / 1000)
        self.up, self.down = Direction(up_bits, *shape), Direction(down_bits, *shape)
        self.under_way = collections.deque(), collections.deque()
        self.first_byte_at_ms = None

    def take(self, packet, now):
        if packet[0] >> 4 != 4:
            return
        target = struct.unpack_from("!I", packet, 16)[0]
        if target == self.far:
            way, queue, names = self.up, self.under_way[0], (self.back, self.here)
        elif target == self.back:
            way, queue, names = self.down, self.under_way[1], (self.far, self.here)
        else:
            return
        arrives = way.arrival(packet, now)
        if arrives is None:
            return
        if way is self.up and self.first_byte_at_ms is None and payload_bytes(packet) > 0:
            self.first_byte_at_ms = time.time() * 1000
        queue.append((arrives, renamed(packet, *names)))

    def due(self, now):
        for queue in self.under_way:
            while queue and queue[0][0] <= now:
                yield queue.popleft()[1]

    def next_at(self):
        return min((queue[0][0] for queue in self.under_way if queue), default=None)

    def counts(self):
        return {
            "upBytes": self.up.payload,
            "downBytes": self.down.payload,
            "dropped": self.up.dropped + self.down.dropped,
            "firstByteAtMs": self.first_byte_at_ms,
        }


def read_all(device, line):
    while True:
        try:
            packet = os.read(device, 65536)
        except BlockingIOError:
            return
        line.take(packet, time.monotonic())


def obey(line):
    """False when the parent is gone."""
    questions = os.read(0, 4096).decode().split()
    for _ in questions:
        print(json.dumps(line.counts()), flush=True)
    return bool(questions)


def main():
    network, congestion = sys.argv[1:3]
    line = Line(network, *(float(value) for value in sys.argv[3:]))
    device = open_device(network, congestion)
    print("ready", flush=True)
    while True:
        next_at = line.next_at()
        # select, because poll waits in whole milliseconds.
        wait_seconds = None if next_at is None else max(0, next_at - time.monotonic())
        ready, _, _ = select.select([device, 0], [], [], wait_seconds)
        if device in ready:
            read_all(device, line)
        if 0 in ready and not obey(line):
            return
        for packet in line.due(time.monotonic()):
            os.write(device, packet)


main()
