"""When network namespaces are really gone: the kernel tells who gave them a number.

A namespace that nobody holds any more is taken down later, by a work queue. One that has a number in
ours (RTM_NEWNSID) is told of at the end (RTM_DELNSID), whoever held it and however that ended.
"""

import glob
import os
import random
import re
import select
import socket
import struct
import time

RTM_NEWNSID, RTM_DELNSID, NLMSG_ERROR = 88, 89, 2
NETNSA_NSID, NETNSA_FD = 1, 3
GROUP = 1 << 27


def netlink(groups):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    s.bind((0, groups))
    return s


def held_by(pid):
    """Descriptors for the namespaces that this process holds by descriptors of its own, once each;
    not the one it is in."""
    found = {}
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            name = os.readlink(path)
            if re.match(r"net:\[", name) and name not in found:
                found[name] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            pass  # it is being built, or goes
    return found


class Watch:
    """The namespaces that a process holds, from now until each is gone."""

    used = random.randrange(1 << 20, 1 << 30)  # others number theirs too

    def __init__(self, *pids):
        self.events = netlink(GROUP)
        self.left = set()
        asks = netlink(0)
        for pid in pids:
            for fd in held_by(pid).values():
                Watch.used += 1
                attributes = struct.pack("=HHi", 8, NETNSA_NSID, Watch.used) + struct.pack("=HHI", 8, NETNSA_FD, fd)
                asks.send(struct.pack("=IHHII", 20 + len(attributes), RTM_NEWNSID, 5, 1, 0) + bytes(4) + attributes)
                answer = asks.recv(4096)
                if struct.unpack_from("=i", answer, 16)[0] == 0:
                    self.left.add(Watch.used)
                os.close(fd)
        asks.close()

    def gone(self, seconds=10):
        """How many are left after at most so long."""
        end = time.monotonic() + seconds
        while self.left and time.monotonic() < end:
            if not select.select([self.events], [], [], 0.1)[0]:
                continue
            data = self.events.recv(65536)
            while len(data) >= 20:
                size, kind = struct.unpack_from("=IH", data)
                rest = data[20:size]
                while kind == RTM_DELNSID and len(rest) >= 8:
                    length, name = struct.unpack_from("=HH", rest)
                    if name == NETNSA_NSID:
                        self.left.discard(struct.unpack_from("=i", rest, 4)[0])
                    rest = rest[max(4, length + 3 & ~3):]
                data = data[max(20, size + 3 & ~3):]
        self.events.close()
        return len(self.left)
