#!/usr/bin/env python3
"""What crafted packets cost: SONDE=build/bin/sonde SONDE_BUILD=build/cc tests/bench/craft.py [--quick]

Between namespaces of its own: frames of 64 bytes whose source port and checksum vary, counted where
they arrive, beside trafgen, hping3 and a bare loop that varies nothing; how well a rate is kept; a
million packets into a file; and all ports of a host beside nmap. Each pair runs in turn. Ends with 1
where a target of the table is missed.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from space import Namespace

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
BUILD = os.path.abspath(os.environ.get("SONDE_BUILD", "build/cc"))
NEAR = 0.95
SPEC = "ip(dst=10.78.0.2)/udp(sport=1024-65535, dport=9)/zero(22)"
TRAFGEN = ("{ eth(da=02:00:00:00:00:02, sa=02:00:00:00:00:01), ipv4(saddr=10.78.0.1, daddr=10.78.0.2, ttl=64), "
           "udp(sport=drnd(1024,65535), dport=9), fill(0x00,22) }\n")
missed = []


def cable():
    near, far = Namespace(), Namespace()
    near.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", far.sleeper.pid)
    for space, n in ((near, 1), (far, 2)):
        space.run("ip", "link", "set", "veth0", "address", f"02:00:00:00:00:0{n}")
        space.run("ip", "address", "add", f"10.78.0.{n}/24", "dev", "veth0")
        space.run("ip", "link", "set", "veth0", "up")
    # What arrives is counted by the device and goes no further.
    far.run("nft", "add table netdev t; add chain netdev t i { type filter hook ingress device veth0 priority 0; }; "
                   "add counter netdev t n; add rule netdev t i udp dport 9 counter name n drop")
    time.sleep(0.3)
    return near, far


def hold(what, met):
    if not met:
        missed.append(what)
    return "" if met else "  MISSED"


def arrived(far):
    """Frames for that port, as the far end counts them."""
    return json.loads(far.run("nft", "-j", "list", "counter", "netdev", "t", "n"))["nftables"][1]["counter"]["packets"]


def rate(near, far, argv, seconds):
    """Frames a second that arrive, while it runs."""
    sender = subprocess.Popen(near.inside(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(0.4)
    began, first = time.monotonic(), arrived(far)
    time.sleep(seconds)
    last, took = arrived(far), time.monotonic() - began
    os.killpg(sender.pid, signal.SIGKILL)
    sender.wait()
    return (last - first) / took


def pairs(near, far, name, ours, theirs, target, turns, seconds):
    ratios, a, b = [], [], []
    for _ in range(turns):
        a.append(rate(near, far, ours, seconds))
        b.append(rate(near, far, theirs, seconds))
        ratios.append(a[-1] / b[-1])
    median = statistics.median(ratios)
    print(f"  {name:44} {median:5.2f} ({min(ratios):.2f} to {max(ratios):.2f}), wanted {target}; "
          f"{statistics.median(a) / 1000:.0f} and {statistics.median(b) / 1000:.0f} thousand a second"
          f"{hold(name, median >= NEAR * target)}")


def bench_flood(near, far, turns, seconds):
    print("64-byte frames, source port and checksum vary; a second that arrive")
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as config:
        config.write(TRAFGEN)
        config.flush()
        trafgen = ["trafgen", "--dev", "veth0", "--conf", config.name]
        flood = [SONDE, "craft", "--flood", SPEC]
        blast = [os.path.join(BUILD, "blast"), "veth0"]
        pairs(near, far, "sonde craft --flood / trafgen", flood, trafgen, 1.2, turns, seconds)
        pairs(near, far, "the same / trafgen on one processor", flood, trafgen + ["-P", "1"], 1.2, turns, seconds)
        pairs(near, far, "the same / hping3 --flood", flood,
              ["hping3", "--flood", "-q", "--udp", "-p", "9", "-d", "22", "10.78.0.2"], 4, turns, seconds)
        pairs(near, far, "the same / a bare loop that varies nothing", flood, blast, 0.95, turns, seconds)
        pairs(near, far, "sonde craft --flood --xdp / the bare loop", flood[:2] + ["--xdp"] + flood[2:], blast, 1.1,
              turns, seconds)


def bench_rate(near, far, quick):
    print("rates, over 5 s: packets that arrived, of those asked for")
    for wanted in (1, 100, 10000, 100000) if quick else (1, 10, 100, 1000, 10000, 50000, 100000):
        count = wanted * 5
        before, began = arrived(far), time.monotonic()
        near.run(SONDE, "craft", "-q", "--listen", "0", "--rate", wanted, "-c", count, SPEC)
        took = time.monotonic() - began
        # From the first packet to the last are count - 1 gaps; starting takes a moment.
        real = (count - 1) / max(took - START[0], 1e-9) if count > 1 else 0
        share = real / wanted
        print(f"  {wanted:6} a second: {arrived(far) - before} of {count}, {share:.4f} of the rate"
              f"{hold(f'rate {wanted}', arrived(far) - before == count and abs(share - 1) <= 0.01)}")


START = [0.0]


def measure_start(near):
    took = []
    for _ in range(9):
        began = time.monotonic()
        near.run(SONDE, "craft", "-q", "--listen", "0", "-c", "1", SPEC)
        took.append(time.monotonic() - began)
    START[0] = statistics.median(took)


def bench_file(turns):
    print("a million packets that vary into a pcapng")
    rates = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(turns):
            began = time.monotonic()
            subprocess.run([SONDE, "craft", "-q", "-c", "1000000", "-w", os.path.join(folder, "x.pcapng"),
                            "eth/" + SPEC], check=True, capture_output=True)
            rates.append(1 / (time.monotonic() - began))
    median = statistics.median(rates)
    print(f"  {median:.1f} million a second ({min(rates):.1f} to {max(rates):.1f}), the whole run, wanted 3"
          f"{hold('file', median >= NEAR * 3)}")


def bench_ports(near, far, turns):
    print("65,535 ports of one host, 200 open, four that drop")
    server = subprocess.Popen(far.inside(sys.executable, "-c", SERVER), stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    far.run("nft", "add table inet f; add chain inet f i { type filter hook input priority 0; }; "
                   "add rule inet f i tcp dport { 7, 77, 777, 7777 } drop")
    ours, theirs, ratios = [], [], []
    for _ in range(turns):
        began = time.monotonic()
        out = near.run(SONDE, "craft", "-n", "--csv", "--ports", "1-65535", "10.78.0.2")
        ours.append(time.monotonic() - began)
        states = [line.split(",")[5] for line in out.splitlines()[1:]]
        right = (states.count("open"), states.count("filtered"), states.count("closed")) == (200, 4, 65331)
        if not right:
            missed.append("ports: not all were right")
        began = time.monotonic()
        near.run("nmap", "-n", "-Pn", "-sS", "-T5", "-p-", "10.78.0.2")
        theirs.append(time.monotonic() - began)
        ratios.append(ours[-1] / theirs[-1])
    print(f"  {statistics.median(ours):.2f} s ({min(ours):.2f} to {max(ours):.2f}), wanted under 3; "
          f"{statistics.median(ratios):.2f} of nmap -T5{hold('ports', statistics.median(ours) < 3)}")
    server.kill()
    server.wait()


SERVER = """
import socket, time
held = []
for port in range(1000, 41000, 200):
    s = socket.socket()
    s.bind(("0.0.0.0", port))
    s.listen(16)
    held.append(s)
print("ready", flush=True)
time.sleep(600)
"""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer turns")
    options.add_argument("--only", help="flood, rate, file, ports")
    args = options.parse_args()
    turns, seconds = (3, 1) if args.quick else (7, 2)
    print(f"sonde craft, {platform.release()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    near, far = cable()
    try:
        if args.only in (None, "flood"):
            bench_flood(near, far, turns, seconds)
        if args.only in (None, "rate"):
            measure_start(near)
            bench_rate(near, far, args.quick)
        if args.only in (None, "file"):
            bench_file(turns)
        if args.only in (None, "ports"):
            bench_ports(near, far, 3 if args.quick else turns)
    finally:
        near.close()
        far.close()
    if missed:
        print("missed: " + "; ".join(missed))
    return 1 if missed else 0


sys.exit(main())
