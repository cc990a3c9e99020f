#!/usr/bin/env python3
"""What sending crafted packets costs: SONDE=build/bin/sonde SONDE_BUILD=build/cc tests/bench/craft.py [--quick]

Frames of 64 bytes over a cable into a network namespace of its own, where they are counted: by the
far interface's own counter, during a second in the middle of each run. sonde, whose frames vary in
source port and checksum, runs in turn with trafgen as it is by default, with hping3 --flood, and
with a bare loop that sends one frame again and again (tests/bench/bare.c). Then how well a rate is
kept, and what writing a million packets to a file takes. Prints the table of docs/PERFORMANCE.md.
Ends with 1 where a target is missed.
"""

import argparse
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
BARE = os.path.abspath(os.path.join(os.environ.get("SONDE_BUILD", "build/cc"), "bare"))
NEAR = 0.95
NEAR_MAC, FAR_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
SPEC = (f"eth(dst={FAR_MAC}, src={NEAR_MAC})/ip(src=10.77.0.1, dst=10.77.0.2)/"
        "udp(sport=1024-65535, dport=9)/zero(22)")
TRAFGEN = f"""{{
  eth(da={FAR_MAC}, sa={NEAR_MAC}), ipv4(saddr=10.77.0.1, daddr=10.77.0.2),
  udp(sport=dinc(1024, 65535), dport=9), fill(0x00, 22)
}}"""
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


class Cable:
    def __init__(self):
        self.near, self.far = Namespace(), Namespace()
        self.near.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth0",
                      "netns", self.far.sleeper.pid)
        for space, mac, address in ((self.near, NEAR_MAC, "10.77.0.1"), (self.far, FAR_MAC, "10.77.0.2")):
            space.run("sysctl", "-qw", "net.ipv6.conf.veth0.disable_ipv6=1")
            space.run("ip", "link", "set", "veth0", "address", mac)
            space.run("ip", "address", "add", f"{address}/24", "dev", "veth0")
            space.run("ip", "link", "set", "veth0", "up")
        # Datagrams to a port that nobody has are dropped before anyone answers them.
        self.far.run("nft", "add table netdev t; add chain netdev t c "
                     "{ type filter hook ingress device veth0 priority 0; policy drop; }")
        self.near.run("ip", "neighbour", "replace", "10.77.0.2", "lladdr", FAR_MAC, "dev", "veth0")
        time.sleep(0.3)
        # The counters of the far side, read without a process in between.
        self.counters = open(f"/proc/{self.far.sleeper.pid}/net/dev")

    def received(self):
        self.counters.seek(0)
        return int(re.search(r"veth0:\s*\d+\s+(\d+)", self.counters.read()).group(1))

    def rate(self, argv, seconds):
        """Packets a second that arrive while argv runs."""
        runs = subprocess.Popen(self.near.inside(*argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)  # trafgen has workers, which end with it only so
        try:
            time.sleep(0.5)
            began, before = time.monotonic(), self.received()
            time.sleep(seconds)
            after, ended = self.received(), time.monotonic()
            if runs.poll() is not None:
                raise SystemExit(f"ended by itself with {runs.returncode}: {' '.join(argv)}")
        finally:
            os.killpg(runs.pid, signal.SIGKILL)
            runs.wait()
        return (after - before) / (ended - began)

    def close(self):
        self.counters.close()
        self.near.close()
        self.far.close()


def row(what, target, measured, met=True):
    print(f"| {what} | {target} | {measured} | {'' if met else 'missed'} |", flush=True)
    if not met:
        missed.append(what)


def flood(*words):
    return [SONDE, "craft", "-I", "veth0", "--seed", "1", *words, SPEC]


def held_against(cable, name, ours, theirs, target, turns, seconds):
    """Pairs in turn: the median of their ratios against the target, within 5 %."""
    pairs = [(cable.rate(ours, seconds), cable.rate(theirs, seconds)) for _ in range(turns)]
    ratios = sorted(a / b for a, b in pairs)
    ratio = statistics.median(ratios)
    row(name, f"{target} times", f"{ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}): "
        f"{statistics.median(a for a, _ in pairs):,.0f} against {statistics.median(b for _, b in pairs):,.0f} a second",
        ratio >= target * NEAR)


def speed(cable, turns, seconds, folder):
    spec = os.path.join(folder, "trafgen.conf")
    with open(spec, "w") as f:
        f.write(TRAFGEN)
    packet, xdp, bare = flood("--flood"), flood("--flood", "--xdp"), [BARE, "veth0", "3600"]
    trafgen = ["trafgen", "--dev", "veth0", "--conf", spec, "--cpus", "1"]
    hping3 = ["hping3", "--flood", "--udp", "-p", "9", "-d", "22", "-I", "veth0", "10.77.0.2"]
    for name, ours, theirs, target in (
            ("a flood, beside trafgen", packet, trafgen, 1.2),
            ("beside hping3 --flood", packet, hping3, 4),
            ("beside a bare loop that varies nothing", packet, bare, 0.95),
            ("--xdp, beside the bare loop", xdp, bare, 1.1)):
        held_against(cable, name, ours, theirs, target, turns, seconds)


def accuracy(cable, seconds):
    """A run of so many seconds at a rate takes so long, and all of it arrives."""
    for rate in (1, 10, 100, 1000, 10_000, 100_000):
        count, before = rate * seconds + 1, cable.received()
        out = cable.near.run(*flood("--json", "-q", "--listen", "0", "--rate", str(rate), "-c", str(count)))
        end = [r for r in map(json.loads, out.splitlines()) if r["record"] == "crafted"][0]
        got = (count - 1) / (end["duration_ns"] / 1e9)
        arrived = cable.received() - before
        row(f"{rate:,} a second for {seconds} s", "within 1 %", f"{100 * (got / rate - 1):+.3f} %, "
            f"{arrived:,} of {count:,} arrived", abs(got / rate - 1) <= 0.01 and arrived == count)


def files(turns, folder):
    name, rates = os.path.join(folder, "million.pcapng"), []
    for _ in range(turns):
        out = subprocess.run([SONDE, "craft", "--json", "--seed", "1", "-c", "1000000", "-w", name, SPEC],
                             check=True, capture_output=True, text=True).stdout
        end = [r for r in map(json.loads, out.splitlines()) if r["record"] == "crafted"][0]
        rates.append(end["sent"] / (end["duration_ns"] / 1e9))
    rate = statistics.median(rates)
    row("a million packets to a pcapng, a second", "3,000,000",
        f"{rate:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})", rate >= 3_000_000 * NEAR)


def main():
    words = argparse.ArgumentParser(description="what sending crafted packets costs")
    words.add_argument("--quick", action="store_true", help="short turns, for trying")
    quick = words.parse_args().quick
    if os.geteuid() != 0 or len(os.sched_getaffinity(0)) < 2:
        print("skipped: takes root and two CPUs")
        return 77
    turns, seconds = (3, 0.5) if quick else (7, 1)
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs; frames of 64 bytes over veth, medians of {turns} pairs.\n")
    print("| | target | measured | |\n|---|---|---|---|")
    cable = Cable()
    try:
        with tempfile.TemporaryDirectory() as folder:
            speed(cable, turns, seconds, folder)
            accuracy(cable, 2 if quick else 5)
            files(turns, folder)
    finally:
        cable.close()
    for what in missed:
        print(f"Missed: {what}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
