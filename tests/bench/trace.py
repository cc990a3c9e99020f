#!/usr/bin/env python3
"""How soon a path is known: SONDE=build/bin/sonde tests/bench/trace.py [--quick] [--only PART]

In labs of its own, in turns with `traceroute -n` and `mtr -n -r -c 1`, each with its usual options
for one round without names: a chain of six routers with links of 10 ms, where the longest round trip
is 140 ms; the same with a router that is silent and one that answers once a second, in a new lab
each turn, since that router remembers who asked; and 200 targets in one run through forty nodes.
What each says is held against `sonde lab check`. Times are of whole processes, from outside, from
before the fork to the end; of sonde also without its start, by its own record. The longest round
trip is ping's, in the same turn. Ends with 1 where a target is missed.
"""

import argparse
import ctypes
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
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = {"sonde trace": [SONDE, "trace", "-n"], "traceroute": ["traceroute", "-n"], "mtr": ["mtr", "-n", "-r", "-c", "1"]}
ROUTERS = [f"r{i}" for i in range(1, 7)]
NEAR = 1.05  # what a median may miss a ratio by
missed = []


def chain(*words):
    """Six routers; words are said of some of them."""
    nodes = ["src", *ROUTERS, "dst"]
    plain = [r for r in ROUTERS if not any(f" {r} " in w for w in words)]
    links = [f"link {a} {b} delay=10ms" for a, b in zip(nodes, nodes[1:])]
    return "\n".join(["host src dst", "router " + " ".join(plain), *words, *links, "route * auto", ""])


class Lab:
    """A lab that is up, and what the oracle says of it. Programs run on the node of that name."""

    def __init__(self, text, node):
        self.name = f"bench-trace-{os.getpid()}"
        check = subprocess.run([SONDE, "lab", "check", "-"], input=text, text=True, check=True, capture_output=True)
        records = list(map(json.loads, check.stdout.splitlines()))
        self.paths = [r for r in records if r["record"] == "lab_path"]
        self.addresses = [r for r in records if r["record"] == "lab_address"]
        subprocess.run([SONDE, "lab", "up", "-", "--name", self.name], input=text, text=True, check=True, capture_output=True)
        self.sleeper = subprocess.Popen([SONDE, "lab", "exec", self.name, node, "--", "sh", "-c", "echo up; exec sleep 3600"],
                                        stdout=subprocess.PIPE)
        self.sleeper.stdout.readline()
        self.inside = self.sleeper.pid
        while child := open(f"/proc/{self.inside}/task/{self.inside}/children", encoding="ascii").read().split():
            self.inside = int(child[0])
        self.space = os.open(f"/proc/{self.inside}/ns/net", os.O_RDONLY)
        self.setns = ctypes.CDLL(None).setns

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.space)
        os.kill(self.inside, signal.SIGTERM)
        self.sleeper.wait()
        self.sleeper.stdout.close()
        subprocess.run([SONDE, "lab", "down", self.name], check=True, capture_output=True)

    def run(self, argv):
        """Seconds from before the fork to the end, and what was printed."""
        with tempfile.TemporaryFile("w+") as out:
            began = time.monotonic()
            process = subprocess.Popen(list(map(str, argv)), stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                       preexec_fn=lambda: self.setns(self.space, 0x40000000))
            process.wait()
            took = time.monotonic() - began
            out.seek(0)
            return took, out.read()

    def path(self, a, b):
        return next(p for p in self.paths if (p["from"], p["to"]) == (a, b))

    def ping(self, to):
        """Seconds, the median of three round trips."""
        _, text = self.run(["ping", "-n", "-c", 3, "-i", "0.2", to])
        return statistics.median(float(ms) for ms in re.findall(r"time=([\d.]+)", text)) / 1000


def hops_of(tool, text):
    """Who answered by time to live, of all that each tool prints."""
    hop = r"^ *(\d+)\.\|-- (\S+)" if tool == "mtr" else r"^ *(\d+)  ?(.*)"
    return {int(ttl): re.findall(r"(?<![\d.])\d+(?:\.\d+){3}(?![\d.])", who) for ttl, who in re.findall(hop, text, re.M)}


def is_right(hops, path):
    """Each hop by an address of its own, the silent one by none."""
    return sorted(hops) == [h["ttl"] for h in path["hops"]] and all(
        (not hops[h["ttl"]]) if h.get("silent") else set(hops[h["ttl"]]) <= set(h["v4"]) and hops[h["ttl"]] for h in path["hops"])


def hold(what, met):
    if not met:
        missed.append(what)
    return "" if met else "  MISSED"


def shown(values):
    return f"{statistics.median(values) * 1000:7.1f} ({min(values) * 1000:.1f} to {max(values) * 1000:.1f})"


def own_time(text):
    return next(r["duration_ns"] for r in map(json.loads, text.splitlines()) if r["record"] == "trace") / 1e9


def bench_quick_path(turns):
    """All hops answer."""
    times, inner, longest = {tool: [] for tool in TOOLS}, [], []
    with Lab(chain(), "src") as lab:
        path = lab.path("src", "dst")
        lab.ping(path["to_v4"])
        for _ in range(turns):
            longest.append(lab.ping(path["to_v4"]))
            for tool, argv in TOOLS.items():
                took, text = lab.run([*argv, path["to_v4"]])
                times[tool].append(took)
                if not is_right(hops_of(tool, text), path):
                    print(f"  {tool} is wrong: {text}")
                    hold("quick path: every hop right", tool != "sonde trace")
            inner.append(own_time(lab.run([SONDE, "trace", "-n", "--json", path["to_v4"]])[1]))
    print(f"six routers, links of 10 ms, all answer; {turns} turns, ms, median (least to most):")
    print(f"  {'longest round trip':34}{shown(longest)}")
    for tool, values in times.items():
        print(f"  {' '.join(TOOLS[tool]).replace(SONDE, 'sonde'):34}{shown(values)}")
    print(f"  {'sonde trace, without its start':34}{shown(inner)}")
    for what, of, most in (("sonde trace, of the longest round trip", longest, 1.3), ("of traceroute", times["traceroute"], 0.5),
                           ("of mtr", times["mtr"], 0.5)):
        ratios = [a / b for a, b in zip(times["sonde trace"], of)]
        ratio = statistics.median(ratios)
        print(f"  {what}: {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}); at most {most}"
              f"{hold(f'quick path, {what}', ratio <= most * NEAR)}")


def bench_slow_hops(turns):
    """One is silent, one answers once a second and six times at once: three probes have all their
    answers, ten have not."""
    text = chain("router r2 silent", "router r4 icmp-rate=1/s")
    tools = {"sonde trace -q 10": [*TOOLS["sonde trace"], "-q", 10], **TOOLS}
    beyond, wrong = {tool: [] for tool in tools}, {tool: 0 for tool in tools}
    for _ in range(turns):
        for tool, argv in tools.items():
            with Lab(text, "src") as lab:
                path = lab.path("src", "dst")
                longest = lab.ping(path["to_v4"])
                took, said = lab.run([*argv, path["to_v4"]])
            beyond[tool].append(took - longest)
            wrong[tool] += not is_right(hops_of(tool, said), path)
    print(f"the same, one is silent, one answers once a second; {turns} turns, ms beyond the longest round trip:")
    for tool, values in beyond.items():
        line = f"  {' '.join(map(str, tools[tool])).replace(SONDE, 'sonde'):34}{shown(values)}, {wrong[tool]} of {turns} wrong"
        if tool.startswith("sonde"):
            line += f"; below 1000, none{hold(f'slow hops, {tool}', statistics.median(values) < 1 and not wrong[tool])}"
        print(line)


def distances(addresses, start):
    """Links from this node to every other, and who is whose neighbour."""
    peers = {}
    for r in addresses:
        peers.setdefault(r["node"], set()).add(r["peer"])
    far, edge = {start: 0}, [start]
    while edge:
        edge = list(dict.fromkeys(p for n in edge for p in peers[n] if far.setdefault(p, far[n] + 1) == far[n] + 1))
    return far, peers


def wrong_paths(lab, targets, text):
    """Of how many targets the path is none: neighbour by neighbour, as short as can be, each known."""
    far, peers = distances(lab.addresses, "h1")
    node = {r[v].split("/")[0]: r["node"] for r in lab.addresses for v in ("v4", "v6")}
    ways = {target: ["h1"] for target in targets}
    for r in map(json.loads, text.splitlines()):
        if r["record"] == "hop":
            ways[r["target"]].append(node.get(r.get("from")) if len(r.get("addresses", [])) == 1 else None)
    return sum(len(way) - 1 != far[node[target]] or way[-1] != node[target] or
               not all(b in peers[a] for a, b in zip(way, way[1:])) for target, way in ways.items())


def peak_memory(lab, argv):
    """MB, by looking until it ends."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, preexec_fn=lambda: lab.setns(lab.space, 0x40000000))
    peak = 0
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            found = re.search(r"VmHWM:\s+(\d+)", file.read())
        peak = int(found.group(1)) / 1024 if found else peak
        time.sleep(0.002)
    return peak


def bench_many(turns):
    with open(os.path.join(TOP, "tests", "lab", "forty.lab"), encoding="utf-8") as file:
        text = file.read()
    with Lab(text, "h1") as lab:
        found = [r[v].split("/")[0] for r in lab.addresses for v in ("v4", "v6") if r["node"] != "h1"]
        targets = sorted(found)[:200]
        times, wrong, probes = [], 0, 0
        for _ in range(turns):
            took, text = lab.run([SONDE, "trace", "-n", "--json", *targets])
            times.append(took)
            wrong += wrong_paths(lab, targets, text)
            probes = sum(r["sent"] for r in map(json.loads, text.splitlines()) if r["record"] == "hop")
        peak = peak_memory(lab, [SONDE, "trace", "-n", "--json", *targets])
    print(f"{len(targets)} targets at once through forty nodes, some {probes} probes, {turns} turns:")
    print(f"  {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}); under 5"
          f"{hold('many targets, time', statistics.median(times) < 5)}")
    print(f"  {peak:.1f} MB; under 40{hold('many targets, memory', 0 < peak < 40)}")
    print(f"  {wrong} of {turns * len(targets)} paths wrong; none{hold('many targets, right', not wrong)}")


def main():
    words = argparse.ArgumentParser(description="how soon a path is known")
    words.add_argument("--quick", action="store_true", help="few turns, for trying")
    words.add_argument("--only", default="", help="path, slow or many")
    args = words.parse_args()
    if os.geteuid() != 0:
        print("skipped: takes root")
        return 77
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    for name, bench in (("path", bench_quick_path), ("slow", bench_slow_hops), ("many", bench_many)):
        if args.only in name:
            bench(3 if args.quick else 7)
    if missed:
        print(f"missed: {', '.join(dict.fromkeys(missed))}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
