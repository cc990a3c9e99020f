#!/usr/bin/env python3
"""What a lab costs: SONDE=build/bin/sonde tests/bench/lab.py [--quick]

A chain of routers between two hosts is built, a command that does nothing is run in it, and it is
taken away; the time is that of the whole, from outside: the program's start, the namespaces, links,
addresses and routes of both families, the command with its own view of /proc, /sys and /etc/hosts,
and the end. Then a lab with a name: until it is up, and from its end until the kernel has taken the
last of its namespaces down. Between two turns the kernel is given time to finish the one before.
Prints the table of docs/PERFORMANCE.md. Ends with 1 when a target is missed.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.dont_write_bytecode = True

from nsid import Watch  # noqa: E402

SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
TARGETS = {8: 20, 40: 150}  # nodes: ms until a lab is up
PAUSE = 0.3


def chain(nodes):
    names = ["src"] + [f"r{i}" for i in range(1, nodes - 1)] + ["dst"]
    lines = [f"host {names[0]} {names[-1]}", "router " + " ".join(names[1:-1])]
    lines += [f"link {a} {b}" for a, b in zip(names, names[1:])] + ["route * auto"]
    return "\n".join(lines) + "\n"


def took(argv):
    """ms on the clock, and of processor time."""
    began = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{argv} ended with {process.returncode}")
    return (time.monotonic() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000


def turn(path, name, times):
    lab = [SONDE, "lab"]
    ran, used = took(lab + ["run", path, "--", "true"])
    times["run"].append(ran)
    times["used"].append(used)
    time.sleep(PAUSE)
    times["up"].append(took(lab + ["up", path, "--name", name])[0])
    line = next(l for l in subprocess.check_output(lab + ["list"], text=True).splitlines() if l.split()[0] == name)
    watch = Watch(int(line.split()[5]))
    began = time.monotonic()
    times["down"].append(took(lab + ["down", name])[0])
    if watch.gone():
        raise RuntimeError("namespaces are left")
    times["gone"].append((time.monotonic() - began) * 1000)
    time.sleep(PAUSE)


def main():
    words = argparse.ArgumentParser(description="what a lab costs")
    words.add_argument("--quick", action="store_true", help="few turns, for trying")
    repetitions = 3 if words.parse_args().quick else 20
    missed = []
    if os.geteuid() != 0:
        print("skipped: takes root")
        return 77
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs; {repetitions} turns, ms: median (least to most).\n")
    print("| nodes | up | run -- true | its processor time | down | until the kernel is done |\n|---|---|---|---|---|---|")
    for nodes, target in TARGETS.items():
        times = {"up": [], "run": [], "used": [], "down": [], "gone": []}
        with tempfile.NamedTemporaryFile("w", suffix=".lab") as file:
            file.write(chain(nodes))
            file.flush()
            for _ in range(repetitions):
                turn(file.name, f"bench-{os.getpid()}", times)
        cells = [f"{statistics.median(t):.1f} ({min(t):.1f} to {max(t):.1f})" for t in times.values()]
        print(f"| {nodes} | {' | '.join(cells)} |")
        if statistics.median(times["up"]) > target:
            missed.append(f"{nodes} nodes are up after {statistics.median(times['up']):.1f} ms, not {target}")
    for what in missed:
        print(f"Missed: {what}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
