#!/usr/bin/env python3
"""What the links of a lab do: SONDE_BUILD=build/cc tests/bench/relay.py [--quick]

Two hosts and one link between them, in network namespaces (tests/bench/wire.c). Round trips are
between the kernel's stamps at one host's interface; how late a packet leaves, and what was lost
unasked, tells the link's own ground truth, and what arrived the other host's kernel. Prints the
table of docs/PERFORMANCE.md. Ends with 1 when a target was missed.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

WIRE = os.path.join(os.environ.get("SONDE_BUILD", "build/cc"), "wire")
ASKED = 10_000_000  # ns, both ways together


def measure(*words):
    out = subprocess.run([WIRE, *map(str, words)], stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def share(values, part):
    values = sorted(values)
    return values[min(int(len(values) * part), len(values) - 1)]


class Table:
    def __init__(self):
        self.missed = []
        print("| | target | measured | |\n|---|---|---|---|")

    def row(self, what, target, measured, met):
        print(f"| {what} | {target} | {measured} | {'' if met else 'missed'} |")
        if not met:
            self.missed.append(what)


def delay(table, turns, probes):
    rows = [measure("delay", probes) for _ in range(turns)]
    error = [[row["rtt_ns"] - ASKED for row in one if "rtt_ns" in row] for one in rows]
    late = [[row["late_ns"] for row in one if "late_ns" in row] for one in rows]
    for what, part, target in (("median", 0.5, 100), ("95th percentile", 0.95, 200)):
        got = statistics.median(share(one, part) for one in error) / 1000
        table.row(f"5+5 ms, precise: round trip over 10 ms, {what}", f"within {target} µs", f"{got:+.1f} µs",
                  abs(got) <= target)
    answered = min(len(one) for one in error)
    table.row("of these, probes answered", probes, answered, answered == probes)
    for what, part in (("median", 0.5), ("95th percentile", 0.95)):
        got = statistics.median(share(one, part) for one in late) / 1000
        table.row(f"packets leave later than due, {what}", "", f"{got:.1f} µs", True)


def rate(table, turns, seconds, pps):
    rows = [measure("rate", seconds, pps)[0] for _ in range(turns)]
    got = statistics.median(row["pps"] for row in rows)
    sent = sum(row["sent"] for row in rows)
    gone = sum(row["sent"] - row["received"] for row in rows)
    told = sum(row["unasked"] for row in rows)
    table.row("packets a second through 5 ms", f"{pps:,}", f"{got:,.0f}", got >= pps * 0.99)
    table.row(f"lost unasked, of {sent:,}", 0, f"{gone} ({told} told)", gone == 0 and told == 0)
    table.row("processor time a packet", "", f"{statistics.median(row['cpu_ns'] for row in rows):,.0f} ns", True)
    return rows[0]["realtime"]


def loss(table, packets):
    mean, four = packets / 10, 4 * (packets * 0.1 * 0.9) ** 0.5
    for way, row in zip(("a to b", "b to a"), measure("loss", packets)):
        table.row(f"10 % of {packets:,} lost, {way}", f"{mean:,.0f} ± {four:.0f}", row["lost"],
                  abs(row["lost"] - mean) <= four)
        table.row("all others arrived", row["passed"], row["arrived"], row["passed"] == row["arrived"])


def main():
    words = argparse.ArgumentParser(description="what the links of a lab do")
    words.add_argument("--quick", action="store_true", help="short turns, for trying")
    quick = words.parse_args().quick
    if os.geteuid() != 0 or len(os.sched_getaffinity(0)) < 2:
        print("skipped: takes root and two CPUs")
        return 77
    turns = 3 if quick else 7
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs; medians of {turns} turns.\n")
    table = Table()
    delay(table, turns, 200 if quick else 500)
    realtime = rate(table, turns, 1 if quick else 5, 100_000)
    loss(table, 10_000)
    print(f"\nThe relay {'has' if realtime else 'was refused'} real-time priority.")
    for what in table.missed:
        print(f"Missed: {what}")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
