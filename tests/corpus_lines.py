#!/usr/bin/env python3
"""What `sonde read` prints for tcpdump's own test captures against what tcpdump prints.

corpus_lines.py [-v] [CASE...]	$SONDE_CORPUS or ../shared/corpus holds the captures; -v shows both lines

For each packet of each case these facts of the line must agree: who to whom (addresses, ports),
Flags [...], the word for the protocol, the length. With -v or -e tcpdump says more, so ours must be
found there in the same order. Differences stand in tests/golden/corpus-lines: first the reasons, with
tabs between, `= NAME OURS THEIRS WHY`, where OURS and THEIRS are expressions that both lines must
match for the reason to be true; then one line each, `CASE FACT,FACT NAME`, where FACT is pairs, flags,
word, length or count. Exit 1: a difference without a reason that is true of it, or a reason without a
difference; 77: nothing to ask.
"""
import collections
import fnmatch
import os
import pathlib
import re
import shlex
import subprocess
import sys

REASONS = pathlib.Path("tests/golden/corpus-lines")
SECONDS = 20
HEAD = re.compile(r" *(\d+)  (?=\[Invalid header)(.*)|" r" *(\d+)  (?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+|\(invalid\)|\d\d:\d\d:\d\d\.\d+|\d+\.\d+| *\d+ days.*?|\S*\d\.\d+) ?(.*)")
HEXDUMP = re.compile(r"\t0x[0-9a-f]{4}:  ")
V4 = r"\d+\.\d+\.\d+\.\d+"
V6 = r"(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{0,4}|%s)" % V4
ADDRESS = r"(?:%s|%s)(?:\.\d+)?" % (V6, V4)
PAIR = re.compile(r"(?<![0-9a-f:.])(%s) > (%s)(?=[:, ]|$)" % (ADDRESS, ADDRESS))
FLAGS = re.compile(r"(?<!Geneve, )Flags \[([^\]]*)\]")
LENGTH = re.compile(r"\blength:? (\d+)")
WORD = re.compile(r"[A-Za-z][\w/-]*")


def records(text, timed):
    """{number: lines} of tcpdump's or our output."""
    out, last = {}, None
    for line in text.split("\n"):
        m = HEAD.fullmatch(line) if timed else re.fullmatch(r" *(\d+)  (.*)", line)
        if m and not line.startswith("\t"):
            number, text = [x for x in m.groups() if x is not None][:2]
            last = int(number)
            out[last] = [text]
        elif last is not None and line and not HEXDUMP.match(line):
            out[last].append(line)
    return out


def word(line):
    """The word for what is carried, behind the first "who > whom: "."""
    m = PAIR.search(line)
    rest = line[m.end():] if m else line
    m = WORD.search(rest)
    return m[0] if m else ""


def within(ours, theirs):
    """Whether all of ours come in theirs, in this order."""
    rest = iter(theirs)
    return all(x in rest for x in ours)


def differences(ours, theirs, plain):
    """Names of the facts that do not agree."""
    a, b = ours[0], " ".join(theirs)
    first = theirs[0] if plain else b
    odd = set()
    pairs = PAIR.findall(a), PAIR.findall(first)
    if not (pairs[0] == pairs[1] if plain else within(pairs[0], pairs[1])):
        odd.add("pairs")
    flags = FLAGS.findall(a), FLAGS.findall(first)
    if not (flags[0] == flags[1] if plain else within(flags[0], flags[1])):
        odd.add("flags")
    length = LENGTH.findall(a)
    if not within(length[-1:], LENGTH.findall(b)):
        odd.add("length")
    if plain and word(a) != word(first):
        odd.add("word")
    return odd


class Reasons:
    def __init__(self, path):
        self.rows, self.used, self.kinds = [], set(), {}
        for line in path.read_text().split("\n") if path.exists() else []:
            if line.startswith("=\t"):
                _, name, ours, theirs, _ = line.split("\t")
                self.kinds[name] = re.compile(ours), re.compile(theirs)
            elif line and not line.startswith("#"):
                case, fact, name = line.split()
                self.rows.append((case, fact, name))

    def explains(self, case, fact, ours, theirs):
        """Whether a reason is told for this, and true of these lines."""
        for row in self.rows:
            if row[0] == case and fact in row[1].split(","):
                kind = self.kinds[row[2]]
                if kind[0].search(ours) and kind[1].search(theirs):
                    self.used.add(row)
                    return True
        return False

    def unused(self):
        named = {row[2] for row in self.rows}
        return [" ".join(r) for r in self.rows if r not in self.used] + [n for n in self.kinds if n not in named]


def run(program, corpus, capture, options, more):
    ask = [program, "read", "-#", "-n", "-t", "--utc"] + more + [str(corpus / capture)]
    if "--" in options:
        ask += ["--"] + options[options.index("--") + 1:]
    return subprocess.run(ask, capture_output=True, timeout=SECONDS).stdout.decode("latin1")


def cases(corpus):
    for line in (corpus / "TESTLIST").read_text().split("\n"):
        line = line.split("#")[0] if line.startswith("#") else line
        if line.strip():
            cell = line.split()
            yield cell[0], cell[1], cell[2], [o for o in shlex.split(" ".join(cell[3:])) if o != "SPECIAL_t"]


def options_of(options):
    """(plain, what to pass on) or None where tcpdump chose packets or words we cannot be asked for."""
    plain, more = True, []
    for o in options:
        if o == "--":
            break
        if re.fullmatch(r"-[c]\d+|-S|-c|\d+|--count|-q", o):
            more.append(o)
        elif o.startswith(("-v", "-e", "-b", "-g", "-N", "-H", "-K", "-u", "-E", "-T", "-D")):
            plain = False
        elif not re.fullmatch(r"-t+|-n+|-x+|-X+|-A+|-#|--nano|--micro|-l|-s\d*|pgm|zmtp1|pgm_zmtp1|resp|domain|lmp|cnfp|rtp|vat|wb|rtcp|radius|tftp|vxlan|carp|someip|aodv|snmp|rpc|pt", o):
            return None
    return plain, more


def main():
    verbose = "-v" in sys.argv[1:]
    chosen = [a for a in sys.argv[1:] if a != "-v"]
    corpus = pathlib.Path(os.environ.get("SONDE_CORPUS") or "../shared/corpus") / "tcpdump"
    program = os.environ.get("SONDE", "build/bin/sonde")
    if not (corpus / "TESTLIST").exists():
        print(f"skipped: tcpdump's lines: there are no captures in {corpus}")
        return 77
    reasons = Reasons(REASONS)
    seen, packets, equal, left, bad = 0, 0, 0, 0, collections.defaultdict(list)
    for name, capture, expected, options in cases(corpus):
        if chosen and not any(fnmatch.fnmatchcase(name, c) for c in chosen):
            continue
        how = options_of(options)
        if how is None or not (corpus / expected).exists() or not (corpus / capture).exists():
            left += 1
            continue
        theirs = records((corpus / expected).read_text(encoding="latin1"), True)
        ours = records(run(program, corpus, capture, options, how[1]), False)
        if "--" in options:  # tcpdump numbers what its filter lets through
            ours = dict(enumerate(ours.values(), 1))
        seen += 1
        if not theirs:
            left += 1
            continue
        if set(theirs) - set(ours) or (len(ours) != len(theirs) and "count" not in name):
            if not reasons.explains(name, "count", f"{len(ours)} packets", f"{len(theirs)} packets"):
                bad[name].append(("count", len(ours), f"{len(theirs)} packets", ""))
        for n in sorted(set(ours) & set(theirs)):
            packets += 1
            equal += ours[n] == theirs[n][:1]
            for fact in sorted(differences(ours[n], theirs[n], how[0])):
                lines = ours[n][0], " | ".join(line.strip() for line in theirs[n])
                if not reasons.explains(name, fact, *lines):
                    bad[name].append((fact, n, *lines))
    for name, facts in bad.items():
        kinds = collections.Counter(f[0] for f in facts)
        print(f"not explained: {name}: " + ", ".join(f"{k} {c}" for k, c in kinds.items()))
        for fact, n, a, b in facts if verbose else facts[:1]:
            print(f"    {fact} #{n}\n      ours   {a[:300]}\n      theirs {b[:300]}")
    unused = [] if chosen else reasons.unused()
    for row in unused:
        print("no longer needed:", row)
    print(f"{seen} cases, {packets} packets, {equal} lines equal to the letter, {left} cases left out, "
          f"{len(reasons.used)} reasons")
    print(f"{'not ok' if bad or unused else 'ok'} tcpdump's lines: {len(bad)} cases differ without a reason")
    return 1 if bad or unused else 0


sys.exit(main())
