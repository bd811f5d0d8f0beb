"""Links between network namespaces that delay packets and lose some, for kernels without netem.

Each line of standard input is a JSON object that makes or changes the link of that name, and is answered by `ok`. Delays are
milliseconds for one direction. The process, and with it every link, ends with its standard input.

  {"name": "db1", "near": {"pid": 7, "address": "10.1.0.1"}, "far": {"pid": 9, "address": "10.1.0.2"}, "delayMs": 20, "loss": 0.01}
  {"name": "db1", "isCut": {"toNear": false, "toFar": true}}
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
PACKET = 65_536

libc = ctypes.CDLL(None, use_errno=True)
lost = random.Random(int(sys.argv[1]))


def device(name, pid, own, peer):
    """A new network device in the namespace of a process. What its machine sends there is read from the descriptor."""
    with open(f"/proc/{pid}/ns/net") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "address", "add", own, "peer", peer, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return descriptor


class Link:
    def __init__(self, name, near, far):
        self.near = device(name, near["pid"], near["address"], far["address"])
        self.far = device(name, far["pid"], far["address"], near["address"])
        self.delay = self.loss = 0
        self.is_cut = {"toNear": False, "toFar": False}

    def set(self, delayMs=None, loss=None, isCut=None):
        if delayMs is not None:
            self.delay = delayMs / 1000
        if loss is not None:
            self.loss = loss
        if isCut is not None:
            self.is_cut = isCut


links = {}
ways = {}  # from a descriptor to its link, the other descriptor and the name of that direction
told = b""  # the beginning of a line
on_the_way = []  # a heap of (when it arrives, its number, descriptor, packet)
sent = 0


def obey(name, near=None, far=None, **settings):
    if near is not None:
        link = links[name] = Link(name, near, far)
        ways[link.near] = (link, link.far, "toFar")
        ways[link.far] = (link, link.near, "toNear")
    links[name].set(**settings)


def listen():
    """Obeys the lines that have come. `sys.stdin` would keep all but the first, and `select` would not tell of them."""
    global told
    chunk = os.read(0, PACKET)
    if not chunk:
        sys.exit()
    *lines, told = (told + chunk).split(b"\n")
    for line in lines:
        obey(**json.loads(line))
        print("ok", flush=True)


def take(descriptor):
    global sent
    link, other, direction = ways[descriptor]
    try:
        packet = os.read(descriptor, PACKET)
    except BlockingIOError:
        return
    if link.is_cut[direction] or lost.random() < link.loss:
        return
    sent += 1
    heapq.heappush(on_the_way, (time.monotonic() + link.delay, sent, other, packet))


def deliver():
    while on_the_way and on_the_way[0][0] <= time.monotonic():
        _, _, descriptor, packet = heapq.heappop(on_the_way)
        try:
            os.write(descriptor, packet)
        except OSError:
            pass  # the machine's queue is full, or it is gone: the packet is lost


while True:
    pause = max(0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
    for ready in select.select([0, *ways], [], [], pause)[0]:
        if ready == 0:
            listen()
        else:
            take(ready)
    deliver()
