#!/usr/bin/env python3
"""What a ping's numbers are worth: SONDE=build/bin/sonde STIM=build/cc/stim tests/bench/ping.py [--quick]

In namespaces of its own: the reported round trip against the wire's own, beside ping; a sweep of
65,536 addresses beside fping; a thousand targets a second; and a flood of unrelated ICMP. Each pair
runs in turn. Ends with 1 where a target of the table is missed.

What the wire's own is, see bench_veth.
"""

import argparse
import calendar
import ctypes
import json
import os
import platform
import re
import resource
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time

from space import Namespace

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
STIM = os.path.abspath(os.environ.get("STIM", "build/cc/stim"))
NEAR = 0.95
missed = []


def cable():
    near, far = Namespace(), Namespace()
    near.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", far.sleeper.pid)
    for space, address in ((near, "10.77.0.1/24"), (far, "10.77.0.2/24")):
        space.run("ip", "address", "add", address, "dev", "veth0")
        space.run("ip", "link", "set", "veth0", "up")
    time.sleep(0.3)
    return near, far


def part(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def hold(what, met):
    if not met:
        missed.append(what)
    return "" if met else "  MISSED"


def inside_of(path, function):
    """function() with the sockets it makes in that network namespace."""
    here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(path, os.O_RDONLY)
    setns = ctypes.CDLL(None, use_errno=True).setns
    try:
        if setns(there, 0x40000000):
            raise OSError(ctypes.get_errno(), f"setns {path}")
        return function()
    finally:
        setns(here, 0x40000000)
        os.close(here)
        os.close(there)


class Tap:
    """A packet socket on an interface, with the kernel's stamps; it is read when all is over, so that
    nobody is woken meanwhile. One that hears IP alone is no part of what leaves; one of ETH_P_ALL is."""

    def __init__(self, path, device, both=False):
        self.socket = inside_of(path, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        self.socket.bind((device, 3 if both else 0x0800))
        self.socket.setblocking(False)

    def stamps(self):
        """When requests and replies passed, ns since 1970, each in order. Ends the tap."""
        found = {8: [], 0: []}
        with self.socket:
            while True:
                try:
                    packet, control, _, _ = self.socket.recvmsg(256, 256)
                except BlockingIOError:
                    return found[8], found[0]
                if packet[9] == socket.IPPROTO_ICMP and packet[20] in found:
                    seconds, ns = struct.unpack("qq", control[0][2])
                    found[packet[20]].append(seconds * 10**9 + ns)


def held_against(told, out, back, count):
    """Reported minus the wire's, us, but of the first, which had to find its neighbour."""
    if len(out) != count or len(back) != count:
        raise SystemExit(f"of {count} probes {len(out)} went by and {len(back)} came back")
    return [(told[n] - (b - o)) / 1000 for n, (o, b) in enumerate(zip(out, back)) if n in told][1:]


class Veth:
    """A cable. Where the near tap hears both directions, it is what the round trip is between."""
    device, address = "veth0", "10.77.0.2"

    def __init__(self):
        self.near, self.far = cable()

    def run(self, argv, read, count, both=False):
        near, far = (Tap(f"/proc/{space.sleeper.pid}/ns/net", "veth0", both) for space in (self.near, self.far))
        text = subprocess.run(self.near.inside(*argv), capture_output=True, text=True, check=True).stdout
        (left, back), (arrived, _) = near.stamps(), far.stamps()
        return held_against(read(text), left if both else arrived, back, count)

    def close(self):
        self.near.close()
        self.far.close()


class Lab:
    """A link of 5 ms each way: the relay's stamp of what comes to it, and the near end's of the reply."""
    device, address = "eth0", "10.0.1.2"

    def __init__(self):
        self.name = f"bench-ping-{os.getpid()}"
        lab = "host near far\nlink near far delay=5ms precise\n"
        subprocess.run([SONDE, "lab", "up", "-", "--name", self.name], input=lab, text=True, check=True, capture_output=True)
        self.sleeper = subprocess.Popen([SONDE, "lab", "exec", self.name, "near", "--", "sleep", "3600"])
        time.sleep(0.5)
        self.inside = self.sleeper.pid
        while child := open(f"/proc/{self.inside}/task/{self.inside}/children", encoding="ascii").read().split():
            self.inside = int(child[0])
        self.path = f"/proc/{self.inside}/ns/net"

    def requests(self):
        """When each came to the relay, of all runs. Nothing else that the near end sends is as long."""
        text = subprocess.run([SONDE, "lab", "truth", self.name], capture_output=True, text=True, check=True).stdout
        first, *rest = map(json.loads, text.splitlines())
        whole, fraction = first["started"].rstrip("Z").split(".")
        began = int(calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))) * 10**9 + int(fraction.ljust(9, "0"))
        return [began + r["in_ns"] for r in sorted(rest, key=lambda r: r["number"]) if r["from"] == "near" and r["length"] == 98]

    def run(self, argv, read, count):
        tap, before = Tap(self.path, self.device), len(self.requests())
        text = subprocess.run(["nsenter", f"--net={self.path}", "--", *map(str, argv)], capture_output=True, text=True, check=True).stdout
        return held_against(read(text), self.requests()[before:], tap.stamps()[1], count)

    def close(self):
        os.kill(self.inside, signal.SIGTERM)
        self.sleeper.wait()
        subprocess.run([SONDE, "lab", "down", self.name], check=True, capture_output=True)


def read_sonde(text):
    return {r["seq"] - 1: r["rtt_ns"] for r in map(json.loads, text.splitlines()) if r["record"] == "probe" and "rtt_ns" in r}


def read_ping(text):
    return {int(n) - 1: float(ms) * 1e6 for n, ms in re.findall(r"icmp_seq=(\d+) .*time=([\d.]+) ms", text)}


def show(ours, theirs):
    for name, values in (("sonde ping", ours), ("ping", theirs)):
        print(f"    {name:12}p50 {part(values, 50):+7.2f}   p95 {part(values, 95):+7.2f}   p99 {part(values, 99):+7.2f}")


def in_turn(link, count, pace, **how):
    """One run of each: ours, then ping's."""
    theirs = link.run(["ping", "-n", "-c", count, "-i", pace, link.address], read_ping, count, **how)
    return link.run([SONDE, "ping", "-c", count, "-i", pace, "--json", link.address], read_sonde, count, **how), theirs


def bench_veth(count, pace):
    """Nobody stands at the driver itself. What the near tap stamps has still to be copied for it
    before the driver gets the packet, and what the far end stamps has crossed the cable: the wire's
    own round trip is shorter than the one and longer than the other. It is taken in the middle; the
    reported one has to lie between."""
    link, runs = Veth(), {False: ([], []), True: ([], [])}
    for _ in range(3):
        for both, kept in runs.items():
            for values, more in zip(kept, in_turn(link, count, pace, both=both)):
                values += more
    print(f"round trip minus the wire's, veth, each {pace * 1000:.0f} ms, {len(runs[True][0])} of each, us:")
    print("  against the arrivals at both ends")
    show(*runs[False])
    print("  against a tap at the near end")
    show(*runs[True])
    ours, theirs = ((part(runs[False][k], 50) + part(runs[True][k], 50)) / 2 for k in (0, 1))
    tail = max(abs(part(values, p)) for values in (runs[False][0], runs[True][0]) for p in (1, 99))
    between = part(runs[True][0], 50) <= 0 <= part(runs[False][0], 50)
    met = between and abs(ours) <= 2 and tail <= 20 and abs(ours) <= abs(theirs) / 10
    print(f"  middle: {ours:+.2f}, ping {theirs:+.2f}; at most 2, 20 at p99 ({tail:.2f}), and a tenth of ping's "
          f"({abs(ours / theirs):.3f}){hold('bias', met)}")
    link.close()


def bench_link(count, pace):
    """ping prints no more than a tenth of a millisecond there, so it is shown and not compared."""
    link, ours, theirs = Lab(), [], []
    for _ in range(3):
        for values, more in zip((ours, theirs), in_turn(link, count, pace)):
            values += more
    print(f"round trip minus the wire's, 10 ms link, each {pace * 1000:.0f} ms, {len(ours)} of each, us:")
    show(ours, theirs)
    met = abs(part(ours, 50)) <= 2 and part([abs(v) for v in ours], 99) <= 20
    print(f"  at most 2, 20 at p99{hold('bias', met)}")
    link.close()


def bench_biases(quick):
    bench_veth(200 if quick else 1000, 0.005)
    bench_veth(20 if quick else 100, 0.2)
    bench_link(20 if quick else 100, 0.02)


def timed(argv):
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return time.monotonic() - began, done.stdout


def bench_sweep(pairs):
    space, ratios, ours, theirs = Namespace(), [], [], []
    for _ in range(pairs):
        a, text = timed(space.inside(SONDE, "ping", "--sweep", "-c", 1, "--rate", 0, "127.0.0.0-127.0.255.255"))
        hold("a sweep that misses none", text.endswith("65536 of 65536 alive\n"))
        b, _ = timed(space.inside("fping", "-r0", "-i", "0", "-g", "127.0.0.0", "127.0.255.255"))
        ours.append(a)
        theirs.append(b)
        ratios.append(b / a)
    ratio = statistics.median(ratios)
    print(f"65,536 addresses: sonde ping {statistics.median(ours):.2f} s, fping -i 0 {statistics.median(theirs):.2f} s: "
          f"{ratio:.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f}, {pairs} pairs); at least 2"
          f"{hold('sweep', ratio >= 2 * NEAR)}")
    space.close()


def bench_steady(seconds):
    space = Namespace()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(space.inside(SONDE, "ping", "-q", "-c", seconds, "--json", "127.1.0.0-127.1.3.231"), capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / took * 100
    targets = [r for r in map(json.loads, done.stdout.splitlines()) if r["record"] == "target"]
    lost = sum(r["sent"] - r["received"] for r in targets)
    print(f"{len(targets)} targets each second, {seconds} times in {took:.0f} s: {cpu:.1f} % of a core, {lost} replies lost; "
          f"under 5 %, none{hold('steady', cpu < 5 and not lost and took < seconds * 1.1)}")
    space.close()


def peak_memory():
    space = Namespace()
    with subprocess.Popen(space.inside(SONDE, "ping", "-q", "-c", 5, "127.1.0.0-127.1.3.231"), stdout=subprocess.DEVNULL) as p:
        time.sleep(4)
        with open(f"/proc/{p.pid}/status", encoding="ascii") as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024
    print(f"  memory: {peak:.1f} MB; under 30{hold('memory', peak < 30)}")
    space.close()


def bench_flood(seconds):
    near, far = cable()
    quiet, loud, lost, rate = [], [], 0, []
    for _ in range(3):
        for values, flood in ((quiet, False), (loud, True)):
            hails = [subprocess.Popen(far.inside(os.path.join(STIM, "hail"), seconds + 1, 260000, "10.77.0.1"),
                                      stdout=subprocess.PIPE, text=True) for _ in range(2 * flood)]
            time.sleep(0.5 if flood else 0)
            done = subprocess.run(near.inside(SONDE, "ping", "-c", seconds * 10, "-i", "0.1", "--json", "10.77.0.2"),
                                  capture_output=True, text=True, check=False)
            told = [json.loads(line) for line in done.stdout.splitlines()]
            values += [r["rtt_ns"] / 1000 for r in told if r["record"] == "probe" and "rtt_ns" in r]
            if hails:
                rate.append(sum(int(hail.communicate()[0]) for hail in hails) / (seconds + 1))
                lost += sum(r["lost"] for r in told if r["record"] == "target")
    moved, reached = part(loud, 50) - part(quiet, 50), statistics.median(rate)
    print(f"{reached:.0f} unrelated ICMP packets a second: {lost} of {len(loud) + lost} replies lost, median "
          f"{part(quiet, 50):.1f} to {part(loud, 50):.1f} us; 500,000 a second, none lost, not moved by more than 50"
          f"{hold('flood', reached >= 500000 * NEAR and not lost and moved <= 50)}")
    for space in (near, far):
        space.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    print(f"{platform.release()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, bench in (("bias", lambda: bench_biases(args.quick)),
                        ("sweep", lambda: bench_sweep(3 if args.quick else 7)),
                        ("steady", lambda: (bench_steady(10 if args.quick else 60), peak_memory())),
                        ("flood", lambda: bench_flood(2 if args.quick else 5))):
        if args.only in name:
            bench()
    if missed:
        print(f"missed: {', '.join(sorted(set(missed)))}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
