"""The followed command keeps its terminal, signals, environment and exit code."""

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import time

from e2e import Follow, Missed, ROOT, Report, Result, Running, SONDE, fact, folder, nobody_can_run_it, same, \
    script, true


def backends():
    return ["auto", "ptrace"] if ROOT else ["ptrace"]


def with_backend(name):
    return [] if name == "auto" else ["--backend", name]


@fact
def the_exit_code_is_the_commands():
    for backend in backends():
        for code in (0, 1, 2, 5, 77, 125, 126, 127, 255):
            run = Result([SONDE, "follow", *with_backend(backend), "-o", "/dev/null", "--", "sh", "-c", f"exit {code}"])
            same(run.code, code, f"exit code with {backend}")


@fact
def a_signal_that_ends_it_is_told_as_a_shell_does():
    for backend in backends():
        for name in ("TERM", "KILL", "SEGV", "INT"):
            follow = shlex.join([SONDE, "follow", *with_backend(backend), "-o", "/dev/null", "--", "sh", "-c",
                                 f"ulimit -c 0; kill -{name} $$"])
            run = Result(["sh", "-c", f"ulimit -c 0; {follow}; exit $?"])
            same(run.code % 256 if run.code >= 0 else 128 - run.code,
                 128 + getattr(signal, "SIG" + name), f"{name} with {backend}")


@fact
def environment_signals_and_descriptors_are_untouched():
    look = ["sh", "-c", "env | sort; grep '^Sig[BIC]' /proc/self/status; ls /proc/self/fd; ulimit -a; umask"]
    env = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": "/nowhere", "TMPDIR": "/tmp", "LANG": "C", "X": "\xe9\n="}

    def ignore_some():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])

    bare = Result(look, env=env, preexec=ignore_some)
    for backend in backends():
        run = Result([SONDE, "follow", *with_backend(backend), "-o", "/dev/null", "--", *look], env=env,
                     preexec=ignore_some)
        same(run.out, bare.out, f"with {backend}")


@fact
def a_time_limit_ends_it_and_the_report_is_complete():
    for backend in backends():
        file = os.path.join(folder(), "report.json")
        began = time.monotonic()
        run = Result(["timeout", "1", SONDE, "follow", *with_backend(backend), "--json", "-o", file, "--",
                      *script("count_int.py")])
        same(run.code, 124, f"exit code with {backend}")
        true(time.monotonic() - began < 5, "it took long")
        with open(file, encoding="utf-8") as lines:
            true(Report(lines.read()).run, f"the report is cut, with {backend}")


class Terminal:
    """A shell with job control on a terminal of its own."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(PS1="$ ", HISTFILE="/dev/null", TERM="dumb")
            os.execlp("bash", "bash", "--norc", "--noprofile", "-i")
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, seconds=10):
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise Missed(f"{pattern!r} did not come: {self.text[-500:]!r}")
            self.text += os.read(self.fd, 4096).decode(errors="backslashreplace")
        self.text = self.text[found.end():]
        return found

    def insist(self, text, pattern, turns=20):
        """Types it until the answer comes: a terminal that changes hands drops what was typed."""
        for turn in range(turns):
            self.type(text)
            try:
                return self.expect(pattern, 0.5)
            except Missed:
                if turn == turns - 1:
                    raise


def follow_line(backend, command, file="/dev/null"):
    return shlex.join([SONDE, "follow", *with_backend(backend), "-o", file, "--", *command])


@fact
def ctrl_c_reaches_the_command_once():
    for backend in backends():
        with Terminal() as t:
            t.type(follow_line(backend, script("count_int.py")) + "; echo code=$?\n")
            t.expect("waiting\r\n")
            t.type("\x03")
            same(t.expect(r"code=(\d+)\r").group(1), "1", f"interrupts with {backend}")


@fact
def ctrl_c_ends_the_command_and_the_report_comes():
    for backend in backends():
        file = os.path.join(folder(), "report")
        with Terminal() as t:
            t.type(follow_line(backend, ["sh", "-c", "echo up; exec sleep 30"], file) + "\n")
            t.expect("up\r\n")
            t.type("\x03")
            t.type("echo code=$?\n")
            same(t.expect(r"code=(\d+)\r").group(1), "130", f"exit code with {backend}")
        true(os.path.getsize(file) > 0, f"no report with {backend}")


@fact
def ctrl_z_stops_it_and_fg_goes_on():
    for backend in backends():
        with Terminal() as t:
            t.type(follow_line(backend, ["sh", "-c", "echo up; exec cat"]) + "\n")
            t.expect("up\r\n")
            t.type("before\n")
            t.expect("before\r\nbefore\r\n")
            t.type("\x1a")
            t.expect(r"Stopped[^$]*\$ ")  # what is typed before the prompt may be lost
            t.insist("fg\n", "follow.*\r\n")
            t.insist("after\n", "after\r\nafter\r\n")
            t.type("\x04")
            same(t.insist("echo code=$?\n", r"code=(\d+)\r").group(1), "0", f"exit code with {backend}")


@fact
def bg_lets_it_end_in_the_background():
    for backend in backends():
        with Terminal() as t:
            t.type(follow_line(backend, ["sh", "-c", "echo up; sleep 1; echo over"]) + "\n")
            t.expect("up\r\n")
            t.type("\x1a")
            t.expect(r"Stopped[^$]*\$ ")  # what is typed before the prompt may be lost
            t.type("bg\n")
            t.expect("over\r\n")
            t.type("wait; echo code=$?\n")
            same(t.expect(r"code=(\d+)\r").group(1), "0", f"exit code with {backend}")


@fact
def a_reader_in_the_background_is_stopped_by_the_terminal():
    for backend in backends():
        with Terminal() as t:
            t.type(follow_line(backend, ["cat"]) + " &\n")
            t.insist("jobs\n", "Stopped")
            t.type("kill %1; fg; echo code=$?\n")
            same(t.expect(r"code=(\d+)\r").group(1), "143", f"exit code with {backend}")


@fact
def a_signal_to_sonde_is_passed_on():
    for backend in backends():
        with Running([SONDE, "follow", *with_backend(backend), "-o", "/dev/null", "--", "sh", "-c",
                      "trap 'exit 9' HUP; echo up; while :; do sleep 0.05; done"], stdout=subprocess.PIPE) as sonde:
            same(sonde.process.stdout.readline(), b"up\n", "the command's line")
            sonde.process.send_signal(signal.SIGHUP)
            same(sonde.process.wait(10), 9, f"exit code with {backend}")


@fact
def descendants_that_outlive_the_command_are_named_and_left_alone():
    sleeper = os.path.join(folder(), "pid")
    run = Follow(["sh", "-c", f"sleep 3 & echo $! >{sleeper}"])
    with open(sleeper, encoding="ascii") as file:
        pid = int(file.read())
    true(os.path.exists(f"/proc/{pid}"), "it was ended")
    same(run.code, 0, "exit code")
    text = Result([SONDE, "follow", "--", "sh", "-c", "sleep 1 & echo pid $!"])
    true(text.out.split()[1] in text.err, f"it is not named: {text.err}")


@fact
def wait_all_waits_for_the_last_descendant():
    began = time.monotonic()
    Follow(["sh", "-c", "sleep 1 &"], "--wait-all")
    true(time.monotonic() - began > 0.9, "it did not wait")


@fact
def nobody_keeps_job_control_too():
    nobody_can_run_it()
    run = Follow(["sh", "-c", "echo in; read line; exit 7"], as_nobody=True, stdin=b"line\n")
    same((run.code, run.out), (7, "in\n"), "code and output")
