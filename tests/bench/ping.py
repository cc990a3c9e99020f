#!/usr/bin/env python3
"""What a ping's numbers are worth: SONDE=build/bin/sonde STIM=build/cc/stim tests/bench/ping.py [--quick]

In namespaces of its own: the reported round trip against the wire's own, beside ping; a sweep of
65,536 addresses beside fping; a thousand targets a second; and a flood of unrelated ICMP. Each pair
runs in turn. Ends with 1 where a target of the table is missed.

What is judged is the round trip from the request's arrival at the far end, which follows the
driver's transmit at once, to the reply's arrival at the near end, with taps that are no part of
what leaves. A near tap on both directions is shown beside it: it stamps a packet, then copies it,
and only then the driver gets it, so its round trips are too long by its own work.
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

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
STIM = os.path.abspath(os.environ.get("STIM", "build/cc/stim"))
NEAR = 0.95
missed = []


class Namespace:
    def __init__(self):
        self.sleeper = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
        time.sleep(0.2)
        self.run("ip", "link", "set", "lo", "up")

    def inside(self, *argv):
        return ["nsenter", f"--net=/proc/{self.sleeper.pid}/ns/net", "--", *map(str, argv)]

    def run(self, *argv):
        return subprocess.run(self.inside(*argv), check=True, capture_output=True, text=True).stdout

    def close(self):
        self.sleeper.kill()
        self.sleeper.wait()


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


def bench_bias(link, what, count, pace, judge, **how):
    """Three runs of each in turn. judge: 0, these are shown alone; 1, held to the targets but for
    ping's, which prints no more than a tenth of a millisecond there; 2, to all of them."""
    ours, theirs = [], []
    for _ in range(3):
        theirs += link.run(["ping", "-n", "-c", count, "-i", pace, link.address], read_ping, count, **how)
        ours += link.run([SONDE, "ping", "-c", count, "-i", pace, "--json", link.address], read_sonde, count, **how)
    print(f"round trip minus the wire's, {what}, each {pace * 1000:.0f} ms, {len(ours)} and {len(theirs)} round trips, us:")
    for name, values in (("sonde ping", ours), ("ping", theirs)):
        print(f"  {name:12}p50 {part(values, 50):+7.2f}   p95 {part(values, 95):+7.2f}   p99 {part(values, 99):+7.2f}")
    middle, tail, other = abs(part(ours, 50)), part([abs(v) for v in ours], 99), abs(part(theirs, 50))
    if judge:
        met = middle <= 2 and tail <= 20 and (judge < 2 or middle <= other / 10)
        print("  at most 2 at p50, 20 at p99" + ", a tenth of ping's" * (judge == 2) + hold("bias", met))


def bench_biases(quick):
    many, few = (200, 20) if quick else (1000, 100)
    for link, paces in ((Veth(), ((0.005, many), (0.2, few))), (Lab(), ((0.02, few),))):
        for pace, count in paces:
            if isinstance(link, Lab):
                bench_bias(link, "10 ms link", count, pace, 1)
            else:
                bench_bias(link, "veth, far and near arrivals", count, pace, 2)
                bench_bias(link, "veth, near tap on both directions", count, pace, 0, both=True)
        link.close()


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
            hail = subprocess.Popen(far.inside(os.path.join(STIM, "hail"), seconds + 1, 500000, "10.77.0.1"),
                                    stdout=subprocess.PIPE, text=True) if flood else None
            time.sleep(0.5 if flood else 0)
            done = subprocess.run(near.inside(SONDE, "ping", "-c", seconds * 10, "-i", "0.1", "--json", "10.77.0.2"),
                                  capture_output=True, text=True, check=False)
            told = [json.loads(line) for line in done.stdout.splitlines()]
            values += [r["rtt_ns"] / 1000 for r in told if r["record"] == "probe" and "rtt_ns" in r]
            if hail:
                rate.append(int(hail.communicate()[0]) / (seconds + 1))
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
