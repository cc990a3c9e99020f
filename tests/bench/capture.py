#!/usr/bin/env python3
"""What capturing costs: SONDE=build/bin/sonde STIM=build/cc/stim tests/bench/capture.py [--quick]

One core sends frames of 64 bytes as fast as it can over a cable between two namespaces; on the other
core sonde, or tcpdump, writes them to disk out of a ring of 16 MB. The two take turns, and each is
compared with its neighbour in time. Processor time is the program's own, its system calls included;
what the kernel does for each packet before it is in the ring falls to the sender, for both alike.
Prints the table of docs/PERFORMANCE.md. Ends with 1 when packets were lost, or when a packet costs
more than 1.05 times what it costs tcpdump.
"""

import argparse
import ctypes
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
STIM = os.path.abspath(os.environ.get("STIM", "build/cc/stim"))
WAYS = ("tcpdump -w", "sonde capture -w", "sonde capture -w, pcap")
NEAR = 1.05


def own_netns():
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")
    for path in ("all", "default"):  # nobody but the sender is to send
        with open(f"/proc/sys/net/ipv6/conf/{path}/disable_ipv6", "w", encoding="ascii") as file:
            file.write("1")
    for words in ("link set lo up", "link add veth0 type veth peer name veth1", "link set veth0 up",
                  "link set veth1 up"):
        subprocess.run(["ip", *words.split()], check=True)


def on(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


class Bench:
    def __init__(self, quick):
        self.seconds = 1 if quick else 10
        self.repetitions = 3 if quick else 7
        cpus = sorted(os.sched_getaffinity(0))
        self.here, self.there = cpus[0], cpus[-1]
        self.folder = tempfile.mkdtemp(prefix="sonde-bench-", dir="build" if os.path.isdir("build") else None)
        self.cost = {way: [] for way in WAYS}
        self.rate = {way: [] for way in WAYS}
        self.bytes = {way: [] for way in WAYS}
        self.lost = {way: 0 for way in WAYS}
        self.missed = []

    def turn(self, way):
        path = os.path.join(self.folder, "f.pcap" + ("" if way != WAYS[1] else "ng"))
        argv = {"tcpdump -w": ["tcpdump", "-n", "-i", "veth1", "-B", "16384", "-w", path]}.get(
            way, [SONDE, "capture", "-i", "veth1", "-B", "16M", "-w", path])
        told = os.path.join(self.folder, "told")
        with open(told, "w", encoding="utf-8") as err:
            capture = subprocess.Popen(argv, stderr=err, preexec_fn=on(self.here))
        time.sleep(0.5)
        done = subprocess.run([os.path.join(STIM, "blast"), "veth0", str(self.seconds)], stdout=subprocess.PIPE,
                              preexec_fn=on(self.there), check=True)
        time.sleep(1.2)  # tcpdump leaves a block that is not full in the ring for a second
        capture.send_signal(signal.SIGTERM)
        _, status, used = os.wait4(capture.pid, 0)
        capture.returncode = os.waitstatus_to_exitcode(status)
        sent = int(done.stdout)
        with open(told, encoding="utf-8") as err:
            said = err.read()
        got = int(re.search(r"(\d+) packets? captured", said).group(1))
        self.lost[way] += abs(sent - got)
        self.cost[way].append((used.ru_utime + used.ru_stime) / got * 1e9)
        self.rate[way].append(sent / self.seconds)
        self.bytes[way].append(os.path.getsize(path) / got)
        os.unlink(path)

    def run(self):
        for _ in range(self.repetitions):
            for way in WAYS:
                self.turn(way)
        print(f"Frames of 64 bytes from one core for {self.seconds} s, a ring of 16 MB, files on disk; "
              f"{self.repetitions} repetitions taking turns.\n")
        print("| | frames a second | lost | processor time a frame | of tcpdump's | spread | bytes a frame |\n"
              "|---|---|---|---|---|---|---|")
        for way in WAYS:
            ratio = [a / b for a, b in zip(self.cost[way], self.cost[WAYS[0]])]
            print(f"| {way} | {statistics.median(self.rate[way]):,.0f} | {self.lost[way]} | "
                  f"{statistics.median(self.cost[way]):.0f} ns | {statistics.median(ratio):.2f} | "
                  f"{spread(self.cost[way] if way == WAYS[0] else ratio)} | "
                  f"{statistics.median(self.bytes[way]):.0f} |")
            if way != WAYS[0] and self.lost[way]:
                self.missed.append(f"{way} lost {self.lost[way]} frames")
            if statistics.median(ratio) > NEAR:
                self.missed.append(f"{way} takes {statistics.median(ratio):.2f} times the processor time of tcpdump")
        print()


def spread(values):
    return f"± {(max(values) - min(values)) / statistics.median(values) / 2:.0%}"


def main():
    words = argparse.ArgumentParser(description="what capturing costs")
    words.add_argument("--quick", action="store_true", help="short turns, for trying")
    quick = words.parse_args().quick
    if os.geteuid() != 0 or not shutil.which("tcpdump") or len(os.sched_getaffinity(0)) < 2:
        print("skipped: takes root, tcpdump and two CPUs")
        return 77
    own_netns()
    bench = Bench(quick)
    version = subprocess.run(["tcpdump", "--version"], capture_output=True, text=True)
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs; {', '.join((version.stdout + version.stderr).splitlines()[:2])}.\n")
    try:
        bench.run()
    finally:
        shutil.rmtree(bench.folder)
    for what in bench.missed:
        print(f"Missed: {what}")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
