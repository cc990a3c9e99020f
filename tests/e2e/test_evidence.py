"""What --save keeps: the same report again, and a file that the field's own tools read."""

import os
import shlex
import subprocess

from e2e import Follow, Report, Result, SONDE, fact, folder, need, need_root, same, stim, true
from sessions import hello


def saved(command, *options):
    """(text report, evidence) of one run."""
    here = folder()
    text, evidence = os.path.join(here, "live.txt"), os.path.join(here, "run.pcapng")
    run = Result([SONDE, "follow", "--save", evidence, "-o", text, *options, "--", *command])
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    with open(text, "rb") as file:
        return file.read(), evidence


def again(evidence, *options):
    out = os.path.join(folder(), "again")
    run = Result([SONDE, "follow", "--from", evidence, "-o", out, *options])
    same(run.code, 0, f"exit code of the replay ({run.err.strip()[-300:]})")
    with open(out, "rb") as file:
        return file.read()


def differ(a, b):
    """The first line that is not the same in both."""
    for number, (x, y) in enumerate(zip(a.splitlines(), b.splitlines()), 1):
        if x != y:
            return f"line {number}: {x[:160]!r} live, {y[:160]!r} again"
    return f"{len(a)} bytes live, {len(b)} again"


def equal_twice(command, *options):
    live, evidence = saved(command, *options)
    true(live, "the live report is empty")
    replay = again(evidence, *options)
    true(live == replay, differ(live, replay))


SESSIONS = ["sh", "-c", f"{shlex.join(hello('tcp'))}; {shlex.join(hello('udp'))}; "
            f"{shlex.join(stim('causes', 'unread'))}; {shlex.join(stim('datagrams', 'overflow4'))}"]


@fact
def a_replay_is_the_same_report_byte_for_byte():
    equal_twice(SESSIONS)


@fact
def a_replay_is_the_same_in_json():
    equal_twice(SESSIONS, "--json")


@fact
def a_replay_is_the_same_as_a_ladder():
    equal_twice(SESSIONS, "--ladder", "--width", "120")


@fact
def a_replay_is_the_same_with_every_call():
    equal_twice(SESSIONS, "--calls", "-s", "32")


@fact
def a_replay_is_the_same_under_load():
    equal_twice(stim("churn", "-n", "sockets"), "--calls")


@fact
def a_replay_of_evidence_that_ptrace_left_is_the_same():
    equal_twice(SESSIONS, "--backend", "ptrace")


@fact
def a_replay_needs_no_privilege():
    from e2e import nobody, nobody_can_run_it
    nobody_can_run_it()
    live, evidence = saved(hello("tcp"), "--json")
    os.chmod(evidence, 0o644)
    run = Result(nobody([SONDE, "follow", "--from", evidence, "--json", "-o", "-"]))
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    true(run.out.encode() == live, differ(live, run.out.encode()))


def lines(argv):
    run = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    same(run.returncode, 0, f"{argv[0]} ({run.stderr.strip()[-300:]})")
    return [line for line in run.stdout.splitlines() if line]


def tshark(evidence, show, *fields):
    options = [o for f in fields for o in ("-e", f)]
    return lines(["tshark", "-n", "-r", evidence, "-Y", show, "-T", "fields", *options])


@fact
def tcpdump_reads_the_packets():
    need("tcpdump")
    live, evidence = saved(hello("tcp"), "--json")
    packets = Report(live.decode()).packets
    got = lines(["tcpdump", "-n", "-r", evidence, "tcp"])
    same(len(got), len(packets), "packets")
    true(any("Flags [S]" in line for line in got), "tcpdump shows no SYN")


@fact
def tshark_shows_packets_and_socket_events_in_order():
    need("tshark")
    _, evidence = saved(hello("tcp"))
    rows = tshark(evidence, "frame", "frame.time_epoch", "frame.protocols")
    # The blocks that describe processes have no time; this Wireshark gives them a row all the same.
    times = [float(row.split("\t")[0]) for row in rows if not row.startswith("\t")]
    # A journal entry's time is in microseconds, cut.
    true(all(b - a > -1.1e-6 for a, b in zip(times, times[1:])), "times go backwards")
    true(any("tcp" in row for row in rows), "no packets")
    true(any("journal" in row for row in rows), "no socket events")


@fact
def tshark_sees_each_small_packet_whole():
    need_root()
    need("tshark")
    evidence = os.path.join(folder(), "demo.pcapng")
    same(Result([SONDE, "demo", "--save", evidence]).code, 0, "exit code of the demo")
    rows = [row.split("\t") for row in tshark(evidence, "tcp || udp", "frame.len", "frame.cap_len", "data.data")]
    true(len(rows) > 8, f"packets: {rows}")
    for length, captured, _ in rows:
        same(captured, length, "bytes captured")
    same([body for _, _, body in rows].count(b"Hello, client!".hex()), 2, "greetings by stream and by datagram")
    text = "\n".join(lines(["tshark", "-n", "-r", evidence, "-V", "-Y", "tcp || udp"]))
    true("Packet size limited" not in text, "tshark says that the packet size was limited")


@fact
def tshark_filters_events_by_process_and_by_socket():
    need("tshark")
    live, evidence = saved(hello("tcp"), "--json")
    for e in Report(live.decode()).endpoints:
        true(tshark(evidence, f"systemd_journal.pid=={e['pid']}", "frame.number"), f"no event of pid {e['pid']}")
        if e["kind"] == "tcp4":
            true(tshark(evidence, f"systemd_journal.session_id=={e['sid']}", "frame.number"),
                 f"no event of sid {e['sid']}")
    same(tshark(evidence, "systemd_journal.pid==0", "frame.number"), [], "events of pid 0")


@fact
def tshark_sees_no_retransmission_where_there_was_none():
    need("tshark")
    for command in (hello("tcp"), stim("churn", "-n", "sockets"), stim("causes", "-n", "half-close")):
        _, evidence = saved(command)
        same(tshark(evidence, "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || "
                    "tcp.analysis.duplicate_ack || tcp.analysis.lost_segment", "frame.number"), [],
             f"retransmissions in {command[0]}")


@fact
def tshark_sees_the_retransmission_that_there_was():
    need("tshark")
    _, evidence = saved(stim("causes", "-n", "timeout-data"))
    true(tshark(evidence, "tcp.analysis.retransmission", "frame.number"), "none")


@fact
def the_report_of_a_saved_run_is_that_of_one_not_saved():
    def shape(report):
        return sorted((e["kind"], e["role"], e["close_cause"], e["bytes_sent"]) for e in report.endpoints)

    live, _ = saved(hello("tcp"), "--json")
    same(shape(Report(live.decode())), shape(Follow(hello("tcp")).report), "endpoints")
