"""The hello server and client, written in Python as two scripts, under one follow."""

import time

from e2e import Follow, Result, SONDE, fact, in_order, same, true
from sessions import hello


def by_role(report, kind):
    roles = {}
    for e in report.endpoints:
        if e["kind"] == kind:
            true(e["role"] not in roles, f"two endpoints of {kind} are {e['role']}")
            roles[e["role"]] = e
    return roles


@fact
def a_stream_session_is_told_from_both_ends():
    run = Follow(hello("tcp"))
    same(run.code, 0, "exit code")
    ends = by_role(run.report, "tcp4")
    same(sorted(ends), ["client", "listener", "server"], "roles")
    client, server, listener = ends["client"], ends["server"], ends["listener"]
    same(client["comm"], "python3", "comm")
    true(client["pid"] != server["pid"], "client and server are one process")
    same(client["remote"], server["local"], "whom the client met")
    same(client["local"], server["remote"], "whom the server met")
    same(client["peer"], server["sid"], "peer of the client")
    same(server["peer"], client["sid"], "peer of the server")
    same(listener["local"], client["remote"], "where the listener listens")
    same(listener["bytes_sent"] or 0, 0, "bytes of the listener")
    same((server["bytes_sent"], client["bytes_received"]), (14, 14), "bytes of the greeting")
    same((client["bytes_sent"], server["bytes_received"]), (0, 0), "bytes the other way")


@fact
def a_stream_goes_through_the_states_of_rfc_9293():
    ends = by_role(Follow(hello("tcp")).report, "tcp4")
    in_order(ends["client"]["states"], ["SYN_SENT", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK"], "client")
    in_order(ends["server"]["states"], ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2"], "server")
    in_order(ends["listener"]["states"], ["LISTEN"], "listener")
    same(ends["server"]["close_cause"], "fin-local", "server")
    same(ends["client"]["close_cause"], "fin-remote", "client")
    same(ends["listener"]["close_cause"], "closed", "listener")
    for role, e in ends.items():
        same(e["released_by"], "close", role)
        true(e["opened_ns"] < e["closed_ns"], f"{role} was closed before it was opened")


@fact
def a_datagram_session_is_told_from_both_ends():
    run = Follow(hello("udp"))
    same(run.code, 0, "exit code")
    ends = [e for e in run.report.endpoints if e["kind"] == "udp4"]
    same(len(ends), 2, "endpoints")
    for e in ends:
        same((e["bytes_sent"], e["bytes_received"]), (14, 14), f"bytes of sid {e['sid']}")
        same(e["close_cause"], "closed", "close_cause")
        same(e["released_by"], "close", "released_by")
    server = next(e for e in ends if e["role"] == "receiver")
    true(server["local"].startswith("127.0.0.1:"), f"the server's address is {server['local']}")


@fact
def nothing_is_lost_and_the_run_says_how_it_saw():
    run = Follow(hello("tcp")).report.run
    for member in ("v", "backend", "blind", "lost", "packets", "joined", "started"):
        true(member in run, f"the run has no {member}")
    same(run["lost"], 0, "lost")
    true(run["started"][:2] == "20" and "T" in run["started"], f"started is {run['started']!r}")


@fact
def the_ladder_shows_both_ends_and_the_wire():
    text = Result([SONDE, "follow", "--ladder", "--width", "160", "--color=never", "--"] + hello("tcp")).err
    for word in ("socket", "bind", "listen", "connect", "accept", "SYN_SENT", "ESTABLISHED", "CLOSE_WAIT",
                 "LAST_ACK", "FIN_WAIT1", "FIN_WAIT2", "close"):
        true(word in text, f"{word} is not on the ladder:\n{text}")


@fact
def the_program_under_follow_works_as_without():
    run = Result([SONDE, "follow", "-o", "/dev/null", "--", "sh", "-c", "echo out; echo err >&2; cat"], stdin=b"in\n")
    same((run.code, run.out, run.err), (0, "out\nin\n", "err\n"), "code, output, errors")


@fact
def under_ptrace_the_same_session_goes_well_again_and_again():
    """A stop that is not served leaves the server standing, and the client without its port."""
    command, until = hello("tcp"), time.monotonic() + 6
    for turn in range(20):
        run = Follow(command, "--backend", "ptrace", timeout=10)
        same(run.code, 0, f"exit code of turn {turn}")
        same(sorted(by_role(run.report, "tcp4")), ["client", "listener", "server"], f"roles of turn {turn}")
        if time.monotonic() > until:
            break
