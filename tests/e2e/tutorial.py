"""Tutorials are run: what they show is what is printed."""
import os
import re
import subprocess

from e2e import HERE, SONDE, folder, true

TOP = os.path.dirname(os.path.dirname(HERE))

# What is another one each time: times, ports that are chosen, sequence numbers of others.
NUMBERS = re.compile(r"[\d./]+ ?ms|time=\S+|port \d+|, pipe \d+|in [\d.]+ s(: \d+ a second)?|seq \d+")


def examples(name):
    """The commands of a tutorial with what they print: [(command, lines)]. A command goes on to the END that it names."""
    found, inside, ends = [], False, True
    with open(os.path.join(TOP, "docs", name), encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("```"):
                inside = line == "```sh"
            elif inside and not ends:
                found[-1][0] += "\n" + line
                ends = line == "END"
            elif inside and line.startswith("$ "):
                found.append([line[2:], []])
                ends = "<<'END'" not in line
            elif inside:
                found[-1][1].append(line)
    return found


def shows(name):
    """Every line that it shows is printed, in that order; its files are in a folder of their own. Returns how many
    commands there are."""
    path = os.path.dirname(SONDE) + os.pathsep + os.environ["PATH"]
    there = folder()
    for command, lines in examples(name):
        command = command.replace("/tmp/", there + "/")
        done = subprocess.run(["sh", "-c", command], cwd=TOP, env=dict(os.environ, PATH=path), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
        got = iter([NUMBERS.sub("N", l).split() for l in done.stdout.splitlines()])
        for line in lines:
            if line not in ("", "..."):
                wanted = NUMBERS.sub("N", line.replace("/tmp/", there + "/")).split()
                true(any(wanted == g for g in got), f"{command} does not print {line!r} but {done.stdout!r}")
    return len(examples(name))
