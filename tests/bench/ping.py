#!/usr/bin/env python3
"""What a ping's numbers are worth: SONDE=build/bin/sonde STIM=build/cc/stim tests/bench/ping.py [--quick]

In namespaces of its own: the reported round trip against the wire's own, beside ping; a sweep of
65,536 addresses beside fping; a thousand targets a second; and a flood of unrelated ICMP. What wire
means: tcpdump on the near end of the same cable, in the same run. Each pair runs in turn. Ends with
1 where a target of the table is missed.
"""

import argparse
import json
import os
import platform
import re
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
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


def wire_times(path):
    """(identifier, sequence) to the round trip on the wire, ns; out of a pcap with nanoseconds."""
    with open(path, "rb") as file:
        data = file.read()
    at, out, back = 24, {}, {}
    while at + 16 <= len(data):
        seconds, ns, length, _ = struct.unpack_from("<IIII", data, at)
        packet = data[at + 16:at + 16 + length]
        at += 16 + length
        kind, key = packet[34], packet[38:42]
        if kind in (0, 8):
            (out if kind == 8 else back).setdefault(key, seconds * 10**9 + ns)
    return out, back


def bias(near, argv, read):
    """Reported minus the wire's, us, in the order of sending."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wire.pcap")
        # Not in immediate mode: to wake tcpdump for each packet would take time on the way out.
        dump = subprocess.Popen(near.inside("tcpdump", "-i", "veth0", "-Z", "root", "-w", path, "-U",
                                            "--time-stamp-precision=nano", "icmp"), stderr=subprocess.PIPE)
        dump.stderr.readline()
        time.sleep(0.5)
        done = subprocess.run(near.inside(*argv), capture_output=True, text=True, check=True)
        time.sleep(2)  # until the last block of its ring is given out
        dump.terminate()
        dump.wait()
        dump.stderr.close()
        out, back = wire_times(path)
    wire = [back[key] - sent if key in back else None for key, sent in out.items()]
    told = read(done.stdout)
    if len(out) < int(argv[argv.index("-c") + 1]):
        raise SystemExit(f"tcpdump saw {len(out)} probes only")
    return [(told[n] - w) / 1000 for n, w in enumerate(wire) if n in told and w is not None][1:]


def read_sonde(text):
    return {r["seq"] - 1: r["rtt_ns"] for r in map(json.loads, text.splitlines()) if r["record"] == "probe" and "rtt_ns" in r}


def read_ping(text):
    return {int(n) - 1: float(ms) * 1e6 for n, ms in re.findall(r"icmp_seq=(\d+) .*time=([\d.]+) ms", text)}


def bench_bias(count):
    near, far = cable()
    ours, theirs = [], []
    for _ in range(3):
        theirs += bias(near, ["ping", "-n", "-c", str(count), "-i", "0.005", "10.77.0.2"], read_ping)
        ours += bias(near, [SONDE, "ping", "-c", str(count), "-i", "0.005", "--json", "10.77.0.2"], read_sonde)
    print(f"round trip minus the wire's, veth, {len(ours)} and {len(theirs)} round trips, us:")
    for name, values in (("sonde ping", ours), ("ping", theirs)):
        print(f"  {name:12}p50 {part(values, 50):+7.2f}   p95 {part(values, 95):+7.2f}   p99 {part(values, 99):+7.2f}")
    middle, tail = abs(part(ours, 50)), part([abs(v) for v in ours], 99)
    print(f"  at most 2 at p50, 20 at p99, a tenth of ping's"
          f"{hold('bias', middle <= 2 and tail <= 20 and middle <= abs(part(theirs, 50)) / 10)}")
    for space in (near, far):
        space.close()


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
    moved = part(loud, 50) - part(quiet, 50)
    print(f"{statistics.median(rate):.0f} unrelated ICMP packets a second: {lost} of {len(loud) + lost} replies lost, median "
          f"{part(quiet, 50):.1f} to {part(loud, 50):.1f} us; none lost, not moved by more than 50"
          f"{hold('flood', not lost and moved <= 50)}")
    for space in (near, far):
        space.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    print(f"{platform.release()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, bench in (("bias", lambda: bench_bias(200 if args.quick else 1000)),
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
