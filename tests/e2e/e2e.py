"""What the end-to-end tests share: facts, runs of sonde, and the records that come out of them.

A fact is a function with @fact. It holds when it returns, does not when it raises, and is left out
when it calls skip(reason). Everything here judges sonde from outside: by its options, its exit codes
and the JSON records of its report, never by its code.
"""

import atexit
import ctypes
import json
import linecache
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SONDE = os.path.abspath(os.environ.get("SONDE", "build/bin/sonde"))
STIM = os.path.abspath(os.environ.get("STIM", "build/cc/stim"))
ROOT = os.geteuid() == 0

_facts = []


class Skip(Exception):
    pass


class Missed(Exception):
    pass


def fact(function):
    _facts.append(function)
    return function


def skip(reason):
    raise Skip(reason)


def need_root():
    if not ROOT:
        skip("takes root")


def need(program):
    if not shutil.which(program):
        skip(f"{program} is not installed")


def same(got, expected, what=""):
    if got != expected:
        raise Missed(f"{what}: {got!r} instead of {expected!r}" if what else f"{got!r} instead of {expected!r}")


def true(condition, what):
    if not condition:
        raise Missed(what)


def one_of(got, allowed, what=""):
    if got not in allowed:
        raise Missed(f"{what}: {got!r} is none of {', '.join(map(repr, allowed))}")


def in_order(got, expected, what=""):
    """expected is a subsequence of got."""
    rest = iter(got or [])
    if not all(any(g == e for g in rest) for e in expected):
        raise Missed(f"{what}: {got!r} does not go through {expected!r}")


_folder = None


def folder():
    """A new one, open to everybody, gone after the tests."""
    global _folder
    if not _folder:
        _folder = tempfile.mkdtemp(prefix="sonde-e2e-")
        os.chmod(_folder, 0o777)
        atexit.register(shutil.rmtree, _folder, True)
    path = tempfile.mkdtemp(dir=_folder)
    os.chmod(path, 0o777)
    return path


def nobody(argv):
    """The same command as nobody, with no capability within reach."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all", "--no-new-privs", "--"] + argv


def nobody_can_run_it():
    need_root()
    need("setpriv")
    if subprocess.run(nobody([SONDE, "--version"]), capture_output=True).returncode == 126:
        skip("nobody may not enter the folder of the build")


def stim(name, *args):
    return [os.path.join(STIM, name), *map(str, args)]


def script(name, *args):
    """A Python program of programs/."""
    return [sys.executable, os.path.join(HERE, "programs", name), *map(str, args)]


def own_netns():
    """In the child, before exec: a network namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Result:
    """A program that has ended."""

    def __init__(self, argv, stdin=None, timeout=60, env=None, cwd=None, preexec=None):
        self.argv = argv
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout, env=env, cwd=cwd,
                              stdin=None if stdin is not None else subprocess.DEVNULL,
                              preexec_fn=preexec)
        self.code = done.returncode
        self.out = done.stdout.decode(errors="backslashreplace")
        self.err = done.stderr.decode(errors="backslashreplace")

    def parts(self):
        """What the stimulus programs told: {name: inode}."""
        return {name: int(number) for name, number in re.findall(r"^(\S+) (\d+)$", self.out, re.M)}


class Report:
    """The records of one run, read from JSON lines."""

    def __init__(self, text):
        self.text = text
        self.records = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self.records.append(json.loads(line))
            except ValueError as why:
                raise Missed(f"line {number} of the report is no JSON object: {line[:200]!r}: {why}")
        self.run = next((r for r in self.records if r.get("record") == "run"), None)
        self.endpoints = self.of("endpoint")
        self.packets = self.of("packet")
        self.events = self.of("event")

    def of(self, kind):
        return [r for r in self.records if r.get("record") == kind]

    def endpoint(self, ino, what="the endpoint"):
        """The one endpoint with this inode."""
        found = [e for e in self.endpoints if e.get("ino") == ino]
        if len(found) != 1:
            raise Missed(f"{what} (inode {ino}) is reported {len(found)} times")
        return found[0]

    def kinds(self):
        count = {}
        for e in self.endpoints:
            count[e["kind"]] = count.get(e["kind"], 0) + 1
        return count


def inferred(record, member):
    """Whether this record says that a member is concluded, not seen."""
    return member in (record.get("inferred") or [])


class Follow(Result):
    """sonde follow --json of a command that ends by itself."""

    def __init__(self, command, *options, as_nobody=False, **how):
        self.file = os.path.join(folder(), "report.json")
        argv = [SONDE, "follow", "--json", "-o", self.file, *options]
        if command:
            argv += ["--", *command]
        super().__init__(nobody(argv) if as_nobody else argv, **how)
        try:
            with open(self.file, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except FileNotFoundError:
            raise Missed(f"no report; exit {self.code}; {self.err.strip()[-500:]!r}")
        self.report = Report(text)
        if not self.report.run:
            raise Missed(f"the report does not end with a run; exit {self.code}; {self.err.strip()[-500:]!r}")


def wait_until(condition, what, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Missed(f"{what} did not come true in {seconds} s")
        time.sleep(0.01)


class Running:
    """A program of ours in the background; ended, and waited for, at the end of the block."""

    def __init__(self, argv, **how):
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("stdout", subprocess.DEVNULL)
        how.setdefault("stderr", subprocess.DEVNULL)
        self.process = subprocess.Popen(argv, **how)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def interrupt(self, seconds=20):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)


def told_by(why):
    """An exception that nobody put into words: where it came up in our own files, the line that
    stands there, and what the names in it stood for."""
    step = why.__traceback__
    while step.tb_next and os.path.dirname(step.tb_next.tb_frame.f_code.co_filename) == HERE:
        step = step.tb_next
    frame, line = step.tb_frame, linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno).strip()
    values = ", ".join(f"{name} = {frame.f_locals[name]!r:.300}" for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", line))
                       if name in frame.f_locals)
    return f"{type(why).__name__}: {why} at {os.path.basename(frame.f_code.co_filename)}:{step.tb_lineno}: {line}" + \
        (f" where {values}" if values else "")


def try_fact(function):
    """A word, and why where it is not "passed"."""
    try:
        function()
        return "passed", ""
    except Skip as reason:
        return "skipped", str(reason)
    except Missed as reason:
        return "failed", str(reason)
    except subprocess.TimeoutExpired as late:
        return "failed", f"no end within {late.timeout} s: {' '.join(map(str, late.cmd))[:300]}"
    except Exception as why:
        return "failed", told_by(why)


def run_facts(pattern=""):
    """Returns whether all facts whose name has the pattern in it hold. Real programs, terminals and
    time limits meet a busy machine here: what fails is tried a second time, and both are told."""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for function in _facts:
        name = f"{function.__module__.removeprefix('test_')}.{function.__name__}"
        if not re.search(pattern, name):
            continue
        began = time.monotonic()
        word, why = try_fact(function)
        if word == "failed":
            print(f"again:  {name}: {why}", flush=True)
            word, why = try_fact(function)
        count[word] += 1
        print(f"{word:8}{name} ({time.monotonic() - began:.1f} s)" + (f": {why}" if why else ""), flush=True)
    print(", ".join(f"{n} {word}" for word, n in count.items()))
    return not count["failed"]
