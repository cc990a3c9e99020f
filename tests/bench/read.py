#!/usr/bin/env python3
"""What reading captures costs: SONDE=build/bin/sonde SONDE_BUILD=build/cc tests/bench/read.py [--quick]

Two captures: one of a million generated packets of many kinds (tests/bench/mixed.c), and one of real
traffic over a veth pair between two network namespaces - nginx under wrk, with connections that stay
and that close; bulk TCP both ways; questions to a name server - which takes root and is left out
without. They are kept in --folder, to be used again.

Each program runs on one CPU, its output goes to /dev/null, and the two of a pair take turns. What
counts is processor time, user and system. A ratio is the median over the pairs; the spread is that
of its middle half. Prints the table of docs/PERFORMANCE.md and ends with 1 when a target was missed
by more than 5 %.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
BUILD = os.environ.get("SONDE_BUILD", "build/cc")
MIXED, FLOOR = os.path.join(BUILD, "mixed"), os.path.join(BUILD, "floor")
NEAR = 1.05  # a median this close to its target meets it
EK_PACKETS = 20_000


# --- real traffic ---------------------------------------------------------------------------------

NGINX = """
worker_processes 1; pid {0}/pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 1000000;
    server {{ listen 10.9.0.1:80; location / {{ root {0}/page; }} }} }}
"""


def serve_names(address):
    """Answers every question with one address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(address)
        while True:
            question, client = s.recvfrom(2000)
            head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
            s.sendto(head + question[12:] + b"\xc0\x0c\0\1\0\1" + struct.pack("!IH", 60, 4) + bytes(4), client)


def ask_names(address, times):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        for i in range(times):
            name = b"".join(bytes([len(w)]) + w for w in (b"host%d" % i, b"example", b"com")) + b"\0"
            s.sendto(struct.pack("!HHHHHH", i & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1), address)
            try:
                s.recv(2000)
            except TimeoutError:
                pass


def serve_bulk(address):
    """Takes bytes and sends half as many back."""
    with socket.create_server(address) as s:
        while True:
            peer, _ = s.accept()
            with peer:
                while data := peer.recv(1 << 16):
                    peer.sendall(data[: len(data) // 2])


def send_bulk(address, total):
    with socket.create_connection(address) as s:
        threading.Thread(target=lambda: [None for _ in iter(lambda: s.recv(1 << 16), b"")], daemon=True).start()
        for _ in range(total >> 16):
            s.sendall(bytes(1 << 16))
        s.shutdown(socket.SHUT_WR)


def real_traffic(path):
    """False where it cannot be made here."""
    missing = [p for p in ("ip", "nginx", "wrk", "tcpdump") if not shutil.which(p)]
    if os.geteuid() or missing:
        print(f"No real traffic: {'takes root' if os.geteuid() else ', '.join(missing) + ' is missing'}.\n")
        return False
    server, client = f"sonde-s{os.getpid()}", f"sonde-c{os.getpid()}"
    folder = tempfile.mkdtemp(prefix="sonde-bench-")
    os.chmod(folder, 0o755)  # nginx' workers are nobody
    os.makedirs(os.path.join(folder, "page"))
    with open(os.path.join(folder, "page", "index.html"), "w", encoding="ascii") as file:
        file.write(f"<p>{'sonde ' * 100:604}</p>\n")
    with open(os.path.join(folder, "conf"), "w", encoding="ascii") as file:
        file.write(NGINX.format(folder))
    started = []

    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    def inside(space, *argv, **more):
        return ["ip", "netns", "exec", space, *argv]

    def start(space, *argv):
        started.append(subprocess.Popen(inside(space, *argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    try:
        ip("netns", "add", server)
        ip("netns", "add", client)
        ip("link", "add", "veth0", "netns", server, "type", "veth", "peer", "name", "veth1", "netns", client)
        for space, device, address in ((server, "veth0", "10.9.0.1/24"), (client, "veth1", "10.9.0.2/24")):
            ip("-n", space, "addr", "add", address, "dev", device)
            ip("-n", space, "link", "set", device, "up")
        start(server, "nginx", "-c", os.path.join(folder, "conf"), "-g", "daemon off;")
        start(server, sys.executable, __file__, "--serve-names")
        start(server, sys.executable, __file__, "--serve-bulk")
        start(client, "tcpdump", "-B", "65536", "-i", "veth1", "-w", path)
        time.sleep(1.5)
        url = "http://10.9.0.1/"
        for argv in (["wrk", "-t1", "-c16", "-d5", url], ["wrk", "-t1", "-c16", "-d3", "-H", "Connection: close", url],
                     [sys.executable, __file__, "--ask-names"], [sys.executable, __file__, "--send-bulk"]):
            subprocess.run(inside(client, *argv), stdout=subprocess.DEVNULL, check=True, timeout=120)
        time.sleep(1)
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        for space in (server, client):
            subprocess.run(["ip", "netns", "del", space], check=False)
        shutil.rmtree(folder)
    return True


# --- measuring ------------------------------------------------------------------------------------


class Bench:
    def __init__(self, folder, quick):
        self.folder = folder
        self.quick = quick
        self.pairs = 3 if quick else 7
        self.cpu = max(os.sched_getaffinity(0))
        self.missed = []
        self.env = {**os.environ, "TZ": "UTC0"}

    def make(self):
        captures = {}
        real, mixed = os.path.join(self.folder, "real.pcap"), os.path.join(self.folder, "mixed.pcap")
        if os.path.exists(real) or real_traffic(real):
            captures["real"] = real
        if not os.path.exists(mixed):
            with open(mixed, "wb") as file:
                subprocess.run([MIXED, "100000" if self.quick else "1000000"], stdout=file, check=True, timeout=60)
        captures["mixed"] = mixed
        return captures

    def run(self, argv):
        """Seconds of processor time, and the most memory in KiB."""
        with open("/dev/null", "w", encoding="ascii") as null:
            child = subprocess.Popen(argv, stdout=null, stderr=null, env=self.env,
                                     preexec_fn=lambda: os.sched_setaffinity(0, {self.cpu}))
            _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"{argv} ended with {status}")
        child.returncode = 0
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def packets(self, capture):
        return int(subprocess.run([SONDE, "read", "--count", capture], stdout=subprocess.PIPE, check=True).stdout)

    def pair(self, ours, theirs, scale=1.0):
        """theirs / ours over the pairs, and our seconds. scale: how much more work ours did."""
        ratio, seconds = [], []
        for _ in range(self.pairs):
            a, b = self.run(ours)[0], self.run(theirs)[0]
            ratio.append(b / a * scale)
            seconds.append(a)
        return ratio, statistics.median(seconds)

    def row(self, what, capture, ratio, seconds, least):
        low, _, high = statistics.quantiles(ratio, n=4)
        median = statistics.median(ratio)
        rate = self.packets(capture) / seconds / 1e6
        print(f"| {what} | {median:.2f} ({low:.2f} to {high:.2f}) | {least} | {rate:.2f} |", flush=True)
        if median < least / NEAR:
            self.missed.append(f"{what}: {median:.2f} times, not {least}")

    def copy(self, name):
        return os.path.join(self.folder, name)

    def rows(self, name, capture):
        sonde, tcpdump = [SONDE, "read"], ["tcpdump", "-r", capture]
        self.row(f"one line a packet, {name}", capture,
                 *self.pair([*sonde, capture], [*tcpdump, "-nn"]), 7 if name == "real" else 6)
        self.row(f"`--count`, {name}", capture, *self.pair([*sonde, "--count", capture], [*tcpdump, "--count"]), 1)
        self.row(f"`--count tcp port 80`, {name}", capture,
                 *self.pair([*sonde, "--count", capture, "tcp", "port", "80"],
                            [*tcpdump, "--count", "tcp", "port", "80"]), 1)
        self.row(f"`-w copy.pcapng`, {name}", capture,
                 *self.pair([*sonde, "-w", self.copy("copy.pcapng"), capture],
                            [*tcpdump, "-w", self.copy("copy.pcap")]), 1)
        if shutil.which("tshark"):
            part = self.packets(capture) / min(EK_PACKETS, self.packets(capture))
            self.row(f"`--json`, against `tshark -T ek`, {name}", capture,
                     *self.pair([*sonde, "--json", capture],
                                ["tshark", "-n", "-r", capture, "-c", str(EK_PACKETS), "-T", "ek"], part), 100)
        rate = self.packets(capture) / statistics.median(self.run([*sonde, "--json", capture])[0]
                                                         for _ in range(self.pairs)) / 1e6
        if rate < 2 / NEAR:
            self.missed.append(f"--json of {name}: {rate:.2f} million packets a second, not 2")

    def memory(self, captures):
        """Of the whole file and of a tenth of it: it must not grow."""
        print("\n| most memory, MB | the whole | its first tenth |\n|---|---|---|")
        for name, capture in captures.items():
            tenth = str(max(1, self.packets(capture) // 10))
            for form in ("line", "--json", "--count", "-v"):
                options = [] if form == "line" else [form]
                most = [self.run([SONDE, "read", *options, *more, capture])[1] / 1024 for more in ([], ["-c", tenth])]
                print(f"| {name}, {form} | {most[0]:.1f} | {most[1]:.1f} |")
                if most[0] > 24:
                    self.missed.append(f"{name}, {form}: {most[0]:.1f} MB")

    def floor(self, captures):
        """What any reader pays (tests/bench/floor.c), beside a line and a count of ours."""
        ways = {"libpcap's loop": [FLOOR, "pcap"], "the walk through mapped windows": [FLOOR, "mmap"],
                "the walk through read(2)": [FLOOR, "read"], "sonde read --count": [SONDE, "read", "--count"],
                "sonde read": [SONDE, "read"]}
        seconds = {(way, name): [] for way in ways for name in captures}
        for _ in range(self.pairs):
            for way, name in seconds:
                seconds[way, name].append(self.run([*ways[way], captures[name]])[0])
        print(f"\n| nanoseconds a packet | {' | '.join(captures)} |\n|---{'|---' * len(captures)}|")
        for way in ways:
            cells = [f"{statistics.median(seconds[way, name]) / self.packets(captures[name]) * 1e9:.0f}" for name in captures]
            print(f"| {way} | {' | '.join(cells)} |", flush=True)

    def table(self, captures):
        print(f"{self.pairs} pairs taking turns, one CPU, processor time.\n\n"
              "| work | times as fast (middle half) | at least | million packets a second |\n|---|---|---|---|")
        for name, capture in captures.items():
            self.rows(name, capture)
        self.floor(captures)
        self.memory(captures)
        print()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer packets and pairs")
    options.add_argument("--folder", help="where the captures are kept (a new one, removed again)")
    for name in ("serve-names", "serve-bulk", "ask-names", "send-bulk"):
        options.add_argument("--" + name, action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.serve_names:
        return serve_names(("10.9.0.1", 53))
    if given.serve_bulk:
        return serve_bulk(("10.9.0.1", 5201))
    if given.ask_names:
        return ask_names(("10.9.0.1", 53), 20_000)
    if given.send_bulk:
        return send_bulk(("10.9.0.1", 5201), 24 << 20)
    folder = given.folder or tempfile.mkdtemp(prefix="sonde-bench-", dir="/var/tmp")
    try:
        bench = Bench(folder, given.quick)
        bench.table(bench.make())
    finally:
        if not given.folder:
            shutil.rmtree(folder)
    for what in bench.missed:
        print(f"missed: {what}")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
