"""The causes again, from recorded runs: without privilege, without a kernel, always the same."""

import glob
import os

from e2e import HERE, Report, Result, SONDE, fact, nobody, nobody_can_run_it, same, true
from test_causes import CAUSES, judge

GOLDEN = os.path.join(HERE, "..", "golden", "causes")


def replay(name, wrap=list):
    with open(os.path.join(GOLDEN, name + ".parts"), encoding="ascii") as file:
        parts = {word: int(ino) for word, ino in (line.split() for line in file)}
    run = Result(wrap([SONDE, "follow", "--json", "-o", "-", "--from", os.path.join(GOLDEN, name + ".pcapng")]))
    same(run.code, 0, f"exit code of {name} ({run.err.strip()[-300:]})")
    return parts, Report(run.out)


@fact
def every_cause_has_a_recorded_run():
    same(sorted(os.path.basename(f)[:-7] for f in glob.glob(os.path.join(GOLDEN, "*.pcapng"))), sorted(CAUSES))


@fact
def each_recorded_cause_is_named_right():
    for name in CAUSES:
        parts, report = replay(name)
        judge([name], {name: parts}, report)


@fact
def nobody_may_replay_them():
    nobody_can_run_it()
    parts, report = replay("linger", nobody)
    judge(["linger"], {"linger": parts}, report)
    true(report.run["ended_ns"], "no end")
