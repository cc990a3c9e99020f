#!/usr/bin/env python3
"""sonde trace, traceroute and mtr on the ready labs, and who was right: tests/bench/trace_beside.py [LAB]

Every question is asked of all three in the same lab, each with the options that its manual has for
it; what they print is read by this program and held against `sonde lab check`, or against what the
lab's own text says of a link. Prints a table of Markdown: what is wrong is marked so, and "-" is a
tool that does not tell. Ends with 1 where sonde is not right.
"""

import json
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True

from trace import SONDE, TOP, Lab, distances, hops_of, is_right  # noqa: E402

NOTHING = "-"


class Question:
    def __init__(self, lab, a, b, asks, truth, *ways):
        """truth: a text. ways: words and a reader of what is printed,
        of sonde, traceroute and mtr in turn; a reader returns a text that is right where it is the
        truth's, or a text and whether it is right; (NOTHING,) stands for a tool that cannot be asked."""
        self.lab, self.a, self.b, self.asks, self.truth, self.ways = lab, a, b, asks, truth, ways


def node_of(lab, address):
    return next((r["node"] for r in lab.addresses if address in (r["v4"].split("/")[0], r["v6"].split("/")[0])), None)


def all_hops(tool):
    """Whether every hop is the oracle's, and how many are."""
    def read(lab, path, text):
        hops = hops_of(tool, text)
        good = sum(bool(hops.get(h["ttl"])) and set(hops[h["ttl"]]) <= set(h["v4"]) or
                   bool(h.get("silent")) and not hops.get(h["ttl"]) for h in path["hops"])
        return f"{good} of {len(path['hops'])}", is_right(hops, path)
    return read


def line(tool, ttl):
    """What the tool prints of a hop, as its line."""
    sign = r"\.\|--" if tool == "mtr" else " "
    return lambda text: (re.search(rf"^ *{ttl}{sign}.*", text, re.M) or [""])[0]


def found(pattern, form="{}", none=NOTHING):
    """The groups of the first match, in this form."""
    def read(_lab, _path, text):
        match = re.search(pattern, text, re.M)
        return form.format(*match.groups()) if match else none
    return read


def ways_at(tool, ttl):
    def read(_lab, _path, text):
        n = len(set(hops_of(tool, text).get(ttl, [])))
        return f"{n}"
    return read


def mark_at(tool, ttl):
    """The mark there, such as "!X", which mtr has none of; silence; or an answer without any."""
    def read(_lab, _path, text):
        at = line(tool, ttl)(text)
        mark = re.search(r"!\w(?:-\d+)?", at)
        return mark[0] if mark else "silence" if not hops_of(tool, at).get(ttl) else "an answer"
    return read


def lost_at(ttl, truth, slack, tool):
    """Per cent of a hop, right within slack."""
    def read(_lab, _path, text):
        at = line(tool, ttl)(text)
        if tool == "traceroute":
            stars = at.count("*")
            return f"{stars} of 10 missing", False
        match = re.search(r"([\d.]+)%", at)
        share = float(match[1]) if match else -1
        return f"{share:.0f} % loss", abs(share - truth) <= slack
    return read


def a_way(tool):
    """Whether there is one node at each place, each the neighbour of the one before."""
    def read(lab, path, text):
        hops = hops_of(tool, text)
        nodes = [{node_of(lab, a) for a in hops.get(ttl, [])} for ttl in range(1, len(path["hops"]) + 1)]
        if any(len(n) != 1 for n in nodes):
            return f"up to {max(map(len, nodes))} nodes at a place", False
        way = [path["from"], *[next(iter(n)) for n in nodes]]
        _, peers = distances(lab.addresses, path["from"])
        good = all(b in peers[a] for a, b in zip(way, way[1:]))
        return "a way" if good else "no way", good
    return read


def record(ttl, member):
    """What sonde's JSON has of a hop."""
    def read(_lab, _path, text):
        hop = next((r for r in map(json.loads, text.splitlines()) if r["record"] == "hop" and r["ttl"] == ttl), {})
        return str(hop.get(member, NOTHING))
    return read


def limited(_lab, _path, text):
    match = re.search(r"hop 2: answers ([\d.]+) times a second at most.*no loss", text)
    return (f"no loss: limited to {float(match[1]):.1f} a second", abs(float(match[1]) - 1) < 0.15) if match else NOTHING


def begins(_lab, _path, text):
    at, share = re.search(r"hop (\d+): loss begins before it, .*", text), lost_at(2, 14.5, 14, "sonde")(None, None, text)
    return f"{share[0]}, begins before hop {at[1] if at else '?'}", share[1] and at and at[1] == "2"


def delay(tool):
    """Of the last hop, ms."""
    def read(_lab, path, text):
        at = line(tool, len(path["hops"]))(text)
        ms = [float(v) for v in re.findall(r"([\d.]+) ms", at)] if tool != "mtr" else [float(at.split()[4])]
        return f"{statistics.median(ms):.1f} ms", 10 <= statistics.median(ms) < 12
    return read


def each(reader):
    return [reader(tool) for tool in ("sonde", "traceroute", "mtr")]


def plain(lab, a, b):
    return Question(lab, a, b, "whose hops are right", "all", *zip(((), (), ()), each(all_hops)))


def tcp(to, truth):
    return Question("firewall", "src", to, f"what says {to} to TCP port 81", truth,
                    (["-T", "-p", 81, "-w", "0.5"], mark_at("sonde", 3)), (["-T", "-p", 81, "-w", "0.5"], mark_at("traceroute", 3)),
                    (["-T", "-P", 81], mark_at("mtr", 3)))


QUESTIONS = [
    plain("chain", "src", "dst"),
    plain("silent", "src", "dst"),
    plain("nat", "pc", "www"),
    Question("diamond", "src", "dst", "nodes at hop 2 of one flow, ten probes by UDP", "1",
             *zip((["-q", 10], ["-q", 10], ["-u", "-c", 10]), each(lambda tool: ways_at(tool, 2)))),
    Question("diamond", "src", "dst", "the same by ICMP", "1",
             *zip((["-I", "-q", 10], ["-I", "-q", 10], ["-c", 10]), each(lambda tool: ways_at(tool, 2)))),
    Question("forty", "h1", "h10", "one way, neighbour by neighbour, by UDP", "a way", *zip(((), (), ("-u", "-c", 3)), each(a_way))),
    Question("rate-limit", "src", "dst", "20 rounds in 4 s: loss at r2, which answers once a second", "no loss",
             (["-r", "-c", 20, "--interval", "0.2"], limited), (["-q", 10], lost_at(2, 0, 0, "traceroute")),
             (["-c", 20, "-i", "0.2"], lost_at(2, 0, 0, "mtr"))),
    Question("lossy", "src", "dst", "100 rounds: loss at hop 2 and where it begins", "14.5 %, before hop 2",
             (["-r", "-c", 100, "--interval", "0.1"], begins), (NOTHING,),
             (["-c", 100, "-i", "0.1"], lost_at(2, 14.5, 14, "mtr"))),
    Question("asymmetric", "src", "dst", "hops of the way back from dst", "5", (["--json"], record(4, "back_hops")),
             (["--back"], found(r"^ *4  .*'-(\d+)'")), (NOTHING,)),
    Question("blackhole", "near", "src", "1,400 bytes that no router may cut: who minds", "!F-1300",
             (["-F", "--size", 1372], mark_at("sonde", 2)), (["-F", "--packet-len", 1400], mark_at("traceroute", 2)), (NOTHING,)),
    Question("blackhole", "src", "dst", "and where nobody says so: hop 3", "silence",
             (["-F", "--size", 1372, "-w", "0.5"], mark_at("sonde", 3)),
             (["-F", "-w", "0.5", "--packet-len", 1400], mark_at("traceroute", 3)), (NOTHING,)),
    tcp("quiet", "silence"),
    tcp("polite", "!X"),
    tcp("rude", "an answer"),
    Question("bufferbloat", "pc", "www", "round trip when idle", "10 ms", *zip(((), (), ()), each(delay))),
    Question("odd", "src", "far", "MPLS labels of hop 3", "24001, 16004",
             ([], found(r"hop 3: <MPLS:L=(\d+).*/L=(\d+)", "{}, {}")), (["-e", "-w", "0.5"], found(r"^ *3 .*L=(\d+).*/L=(\d+)", "{}, {}")),
             (["-e"], found(r"Lbl (\d+).*\n.*Lbl (\d+)", "{}, {}"))),
    Question("odd", "src", "far", "interface and MTU that hop 4 came in by", "xe-0/0/1, 9000",
             ([], found(r'hop 4: <INC:.*"(.*)",mtu=(\d+)', "{}, {}")), (["-e", "-w", "0.5"], lambda lab, path, text: ("in hexadecimal", "<2/15:" in text)),
             (NOTHING,)),
    Question("odd", "src", "far", "hop 7, whose checksum is wrong", "silence",
             *zip((["-w", "0.5"], ["-w", "0.5"], []), each(lambda tool: mark_at(tool, 7)))),
    Question("odd", "src", "far", "hops that hop 8 says were left", "9", (["--json"], record(8, "quoted_ttl")),
             (NOTHING,), (NOTHING,)),
    Question("odd", "src", "wall", "hop 4, which lets nothing through", "!X",
             *zip(((), (), ()), each(lambda tool: mark_at(tool, 4)))),
]


BASE = {"sonde": [SONDE, "trace", "-n", "-4"], "traceroute": ["traceroute", "-n", "-4"], "mtr": ["mtr", "-n", "-4", "-r"]}


def argv(tool, words, to):
    """Of traceroute the length stands behind the target."""
    words = [*words, *(["-c", 1] if tool == "mtr" and "-c" not in words else [])]
    length = words.index("--packet-len") if "--packet-len" in words else len(words)
    return [*BASE[tool], *words[:length], to, *words[length + 1:]]


def ask(question, truth, tool, words, read):
    """In a new lab, as routers remember who asked: what it says, and whether that is right."""
    with open(os.path.join(TOP, "tests", "lab", f"{question.lab}.lab"), encoding="utf-8") as file, \
         Lab(file.read(), question.a) as lab:
        path = lab.path(question.a, question.b)
        answer = read(lab, path, lab.run(argv(tool, words, path["to_v4"]))[1])
    answer, right = answer if isinstance(answer, tuple) else (answer, answer == truth)
    unmarked = tool == "mtr" and truth.startswith("!") and answer == "an answer"
    return (NOTHING, False) if unmarked else (answer, right)


def judge(question):
    """Prints the row of one question; whether sonde is right."""
    cells, good = [], False
    for tool, way in zip(BASE, question.ways):
        answer, right = (NOTHING, False) if way == (NOTHING,) else ask(question, question.truth, tool, *way)
        cells.append(answer if right or answer == NOTHING else f"wrong: {answer}")
        good |= right and tool == "sonde"
    print(f"| {question.lab} | {question.asks} | {question.truth} | {' | '.join(cells)} |", flush=True)
    return good


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    if os.geteuid() != 0:
        print("skipped: takes root")
        return 77
    print("| lab | what is asked | truth | sonde trace | traceroute | mtr |\n|---|---|---|---|---|---|")
    return 0 if all([judge(question) for question in QUESTIONS if only in question.lab]) else 1


if __name__ == "__main__":
    sys.exit(main())
