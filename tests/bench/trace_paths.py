#!/usr/bin/env python3
"""What finding all paths costs: SONDE=build/bin/sonde SONDE_BUILD=build/cc tests/bench/trace_paths.py [--quick]

A thousand runs of `sonde trace --paths` at 95 % through the four ways of tests/lab/diamond.lab, UDP
over IPv4: how many find them all, and how many probes they send. That 99 of 100 do is missed where
the share is below by more than two standard errors of such a share. The rule's own number is that of
tests/multipath_made.h, the published stopping points applied one probe at a time, hop by hop, with
no probe repeated or sent ahead: its mean over many seeded hashes, as probes of different runs are
hashed differently, too. What is compared is the mean of the runs with that mean: their ratio may be
1.10. Ends with 1 when a target is missed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
RULE = os.path.join(os.environ.get("SONDE_BUILD", "build/cc"), "rule")
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LAB = os.path.join(TOP, "tests", "lab", "diamond.lab")
MORE, FOUND = 1.10, 0.99


def runs(n):
    """The last record of each target of n runs in one lab."""
    loop = 'for i in $(seq "$1"); do "$2" trace -n -4 --paths --json dst; done'
    out = subprocess.check_output([SONDE, "lab", "run", LAB, "--", "sh", "-c", loop, "sh", str(n), SONDE], text=True)
    return [r for r in map(json.loads, out.splitlines()) if r["record"] == "paths"]


def main():
    words = argparse.ArgumentParser(description="what finding all paths costs")
    words.add_argument("--quick", action="store_true", help="few runs, for trying")
    n = 10 if words.parse_args().quick else 1000
    told = runs(n)
    if len(told) != n:
        sys.exit(f"{len(told)} of {n} runs told of paths")
    found = sum(r["paths"] == 4 and r["complete"] and not r["per_packet"] for r in told)
    probes = [r["probes"] for r in told]
    rule, error = map(float, subprocess.check_output([RULE, "20000"], text=True).split())
    ratio = statistics.mean(probes) / rule
    own = statistics.stdev(probes) / n ** 0.5
    doubt = 2 * (FOUND * (1 - FOUND) / n) ** 0.5
    print(f"four ways at 95 %: {found} of {n} runs found them all, {found / n:.1%} (at least {FOUND:.0%}, of so many +- "
          f"{doubt:.1%}){'' if found / n >= FOUND - doubt else '  MISSED'}")
    print(f"probes: {statistics.mean(probes):.1f} +- {own:.1f} ({min(probes)} to {max(probes)}), "
          f"the rule's {rule:.1f} +- {error:.1f}: ratio {ratio:.3f} (at most {MORE})"
          f"{'' if ratio <= MORE else '  MISSED'}")
    return 0 if found / n >= FOUND - doubt and ratio <= MORE else 1


if __name__ == "__main__":
    sys.exit(main())
