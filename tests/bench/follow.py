#!/usr/bin/env python3
"""What following costs: SONDE=build/bin/sonde STIM=build/cc/stim tests/bench/follow.py [--quick]

Everything of one measurement, the tracer too, runs on one CPU, so that no wake-up crosses to another.
The ways take turns within each repetition, and each is compared with the bare run of its own
repetition: what the machine does besides hits all alike. Prints the table of docs/PERFORMANCE.md.
Ends with 1 when a target was missed by more than 5 %.
"""

import argparse
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
STIM = os.path.abspath(os.environ.get("STIM", "build/cc/stim"))
WAYS = ("bare", "follow", "follow --save", "strace")
NEAR = 1.05  # a median this close to its target meets it
PAGES = {  # how nginx answers: a page from its disk, as Debian's default site does; nothing but the answer
    "a page of 612 bytes": "root {folder}/page;",
    "`return 200`, the hardest case": 'location / {{ return 200 "yes"; }}',
}


class Bench:
    def __init__(self, quick):
        self.times = 10_000 if quick else 100_000
        self.strace_times = 2_000 if quick else 10_000
        self.repetitions = 3 if quick else 7
        self.seconds = 1 if quick else 2
        self.cpu = max(os.sched_getaffinity(0))
        self.folder = tempfile.mkdtemp(prefix="sonde-bench-")
        self.evidence = os.path.join(self.folder, "run.pcapng")
        self.report = os.path.join(self.folder, "report.txt")
        self.lost = 0
        self.missed = []

    def pinned(self):
        os.sched_setaffinity(0, {self.cpu})

    def run(self, way, kind):
        """Nanoseconds per round trip."""
        times = self.strace_times if way == "strace" else self.times
        program = [os.path.join(STIM, "pingpong"), kind, str(times)]
        follow = [SONDE, "follow", "--backend", "bpf", "-o", self.report]
        argv = {
            "bare": program,
            "follow": [*follow, "--", *program],
            "follow --save": [*follow, "--save", self.evidence, "--", *program],
            "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o", self.report, *program],
        }[way]
        done = subprocess.run(argv, stdout=subprocess.PIPE, preexec_fn=self.pinned, check=True, timeout=300)
        if way == "follow --save":
            self.count_lost(self.evidence)
        return float(done.stdout)

    def count_lost(self, evidence):
        """What the run itself says, read back from its evidence; asked how many only if there are any."""
        again = [SONDE, "follow", "--from", evidence, "-o"]
        if subprocess.run([*again, self.report], stderr=subprocess.DEVNULL, check=False).returncode:
            records = subprocess.run([*again, "-", "--json"], stdout=subprocess.PIPE, check=False).stdout
            self.lost += json.loads(records.splitlines()[-1])["lost"]
        os.unlink(evidence)

    def target(self, what, value, most=None, least=None):
        if (most and value > most * NEAR) or (least and value < least / NEAR):
            self.missed.append(f"{what} is {value:.2f}, not {'at most' if most else 'at least'} {most or least}")

    def ping_pong(self):
        kinds = ("tcp", "udp", "unix")
        ns = {(w, k): [] for w in WAYS for k in kinds}
        for _ in range(self.repetitions):
            for kind in kinds:
                for way in WAYS:
                    ns[way, kind].append(self.run(way, kind))
        print(f"One process, {self.times:,} round trips of 64 bytes (strace: {self.strace_times:,}), "
              f"one CPU, {self.repetitions} repetitions taking turns.\n"
              "Nanoseconds per round trip, times the bare run, and how far the repetitions were apart.\n")
        print("| | " + " | ".join(kinds) + " |\n|---|" + "---|" * len(kinds))
        for way in WAYS:
            cells = []
            for kind in kinds:
                ratio = [a / b for a, b in zip(ns[way, kind], ns["bare", kind])]
                cells.append(f"{statistics.median(ns[way, kind]):,.0f} ns, {statistics.median(ratio):.2f} x, "
                             f"{spread(ns[way, kind] if way == 'bare' else ratio)}")
            print(f"| {way} | " + " | ".join(cells) + " |")
        print()
        self.judge(ns, kinds)

    def judge(self, ns, kinds):
        def ratio(way, base, kind):
            return statistics.median(a / b for a, b in zip(ns[way, kind], ns[base, kind]))

        self.target("follow of TCP, times bare,", ratio("follow", "bare", "tcp"), most=1.8)
        self.target("follow --save of TCP, times bare,", ratio("follow --save", "bare", "tcp"), most=2.3)
        for kind in kinds:
            self.target(f"strace of {kind}, times follow,", ratio("strace", "follow", kind), least=5)

    def web(self):
        """wrk against nginx on all CPUs, requests a second; sonde attached and not, by turns."""
        for program in ("nginx", "wrk"):
            if not shutil.which(program):
                print(f"{program} is not installed: no measurement of a web server.\n")
                return
        rates = {}
        for page, answer in PAGES.items():
            self.serve(answer.format(folder=self.folder), rates.setdefault(page, {}))
        print(f"wrk with 16 connections against nginx with 2 workers, {self.seconds} s a turn, all CPUs.\n"
              "Requests a second, of the bare run, and how far the repetitions were apart.\n")
        print("| | " + " | ".join(PAGES) + " |\n|---|" + "---|" * len(PAGES))
        for way in rates[page]:
            cells = []
            for rate in rates.values():
                ratio = [a / b for a, b in zip(rate[way], rate["bare"])]
                cells.append(f"{statistics.median(rate[way]):,.0f}, {statistics.median(ratio):.2f}, "
                             f"{spread(rate[way] if way == 'bare' else ratio)}")
            print(f"| {way} | " + " | ".join(cells) + " |")
        print()
        page, rate = next(iter(rates.items()))
        self.target(f"requests a second for {page}, of bare,",
                    statistics.median(a / b for a, b in zip(rate["follow"], rate["bare"])), least=0.75)

    def serve(self, answer, rates):
        """nginx that answers so, measured while it is followed and while it is not."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        os.chmod(self.folder, 0o755)  # the workers are nobody
        os.makedirs(os.path.join(self.folder, "page"), exist_ok=True)
        with open(os.path.join(self.folder, "page", "index.html"), "w", encoding="ascii") as file:
            file.write(f"<p>{'sonde ' * 100:604}</p>\n")
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(f"""daemon off; worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 1000; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type text/html;
	server {{ listen 127.0.0.1:{port}; {answer} }} }}
""")
        nginx = subprocess.Popen(["nginx", "-c", conf, "-p", self.folder], stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            self.compare_web(nginx.pid, port, rates)
        finally:
            nginx.terminate()
            nginx.wait(10)

    def compare_web(self, pid, port, rates):
        rates.update({"bare": [], "follow": [], "follow --save": []})
        for _ in range(self.repetitions):
            rates["bare"].append(self.wrk(port))
            for way, options in (("follow", []), ("follow --save", ["--save", self.evidence])):
                sonde = subprocess.Popen([SONDE, "follow", "--backend", "bpf", "-o", self.report, *options, "-p",
                                          str(pid)])
                time.sleep(0.7)
                rates[way].append(self.wrk(port))
                sonde.terminate()
                sonde.wait(60)
                if options:
                    self.count_lost(self.evidence)

    def wrk(self, port):
        done = subprocess.run(["wrk", "-t1", "-c16", f"-d{self.seconds}", f"http://127.0.0.1:{port}/"],
                              stdout=subprocess.PIPE, text=True, check=True)
        if "Non-2xx" in done.stdout:
            raise RuntimeError("nginx did not answer with the page")
        return float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout).group(1))


def spread(values):
    return f"± {(max(values) - min(values)) / statistics.median(values) / 2:.0%}"


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"model name\s*: (.*)", file.read())
    return found.group(1) if found else platform.machine()


def main():
    words = argparse.ArgumentParser(description="what following costs")
    words.add_argument("--quick", action="store_true", help="few round trips, for trying")
    bench = Bench(words.parse_args().quick)
    if os.geteuid() != 0:
        print("skipped: the BPF tracer takes root")
        return 77
    try:
        print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, {cpu_model()}; "
              f"{subprocess.run(['strace', '-V'], capture_output=True, text=True).stdout.splitlines()[0]}.\n")
        bench.ping_pong()
        bench.web()
    finally:
        shutil.rmtree(bench.folder)
    if bench.lost:
        bench.missed.append(f"{bench.lost} events were lost, not none")
    print("Lost events: " + str(bench.lost))
    for what in bench.missed:
        print(f"Missed: {what}")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
