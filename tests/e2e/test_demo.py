"""The demo: two hosts, a session, the report; and nothing left behind."""

import glob
import os
import signal
import time

from e2e import Result, Running, SONDE, fact, need_root, same, true, wait_until

OVERS = ("tcp4", "tcp6", "udp4", "udp6", "unix-stream", "unix-dgram", "unix-seqpacket")


def demo(*options, **how):
    need_root()
    run = Result([SONDE, "demo", "--width", "140", "--color=never", *options], **how)
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    return run.out


@fact
def without_a_name_it_shows_a_stream_and_datagrams():
    text = demo()
    for word in ("SYN_SENT", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "10.0.0.1", "10.0.0.2", "accept", "recvfrom",
                 "sendto 14 B"):
        true(word in text, f"{word} is missing:\n{text}")


@fact
def it_is_over_in_five_seconds():
    began = time.monotonic()
    demo()
    took = time.monotonic() - began
    print(f"        the demo took {took:.2f} s")


@fact
def the_list_names_all_sessions():
    text = Result([SONDE, "demo", "--list"]).out
    for name in ("hello", "echo", "realtime"):
        true(name in text, f"{name} is not in {text!r}")


@fact
def every_session_runs_over_everything():
    for session in ("hello", "echo", "realtime"):
        for over in OVERS:
            text = demo(session, "--over", over)
            true(over in text, f"{session} over {over} does not name it:\n{text[-1000:]}")


@fact
def what_realtime_lost_is_named():
    text = demo("realtime", "--over", "udp4")
    true("lost" in text or "dropped" in text, f"no loss in:\n{text}")


@fact
def an_unknown_session_is_refused():
    for words in (["hell"], ["hello", "--over", "sctp"]):
        run = Result([SONDE, "demo", *words])
        same(run.code, 2, "exit code")
        true(words[-1] in run.err, f"it is not named: {run.err!r}")


def traces():
    """What a run could leave: namespaces, interfaces, mounts, files, processes."""
    spaces = set()
    for path in glob.glob("/proc/[0-9]*/ns/net"):
        try:
            spaces.add(os.readlink(path))
        except OSError:
            pass
    with open("/proc/mounts", encoding="utf-8") as file:
        mounts = file.read()
    sessions = set()
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except OSError:
            continue
        name, rest = text[text.index("(") + 1:].rsplit(")", 1)
        if name in ("server", "client") and rest.split()[0] != "Z":
            sessions.add(text.split()[0])
    return len(spaces), sorted(os.listdir("/sys/class/net")), mounts, \
        {f for f in os.listdir("/tmp") if "sonde-demo" in f}, sessions


@fact
def nothing_is_left_behind():
    before = traces()
    demo("echo", "--over", "unix-dgram")
    wait_until(lambda: traces() == before, "the state of before")


@fact
def nothing_is_left_behind_when_it_is_interrupted_or_killed():
    need_root()
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        before = traces()
        with Running([SONDE, "demo", "realtime"]) as running:
            time.sleep(0.15)
            running.process.send_signal(how)
            running.process.wait(10)
        wait_until(lambda: traces() == before, f"the state of before, after {how.name}")
