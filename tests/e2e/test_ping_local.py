"""What this machine itself refuses, drops or reads late, and that sonde ping does not call it loss."""

import json

from e2e import SONDE, Report, fact, need, need_root, nobody, nobody_can_run_it, same, true
from test_lab import ROOT
from test_ping import Ping, both_ends, target

FAR = ("10.77.0.2", "fd77::2")
SLOW = "host src dst\nlink src dst delay={}ms\n"
# argv: seconds, packets, command. Runs it in a network of its own, stops it for so long once so many have left.
STOPPED = """if True:
    import signal, subprocess, sys, time
    def left():
        with open("/proc/net/dev") as file:
            return next(int(line.split()[10]) for line in file if "eth0:" in line)
    before, end = left(), time.monotonic() + 10
    with subprocess.Popen(sys.argv[3:]) as running:
        while left() < before + int(sys.argv[2]) and time.monotonic() < end:
            time.sleep(0.01)
        running.send_signal(signal.SIGSTOP)
        time.sleep(float(sys.argv[1]))
        running.send_signal(signal.SIGCONT)
    """


class Stopped(Report):
    """A ping of `count` at once, to where an answer takes twice the delay, that is stopped when all are out."""

    def __init__(self, delay, seconds, count, *words, wrap=lambda argv: argv):
        need_root()
        with ROOT.up(SLOW.format(delay)) as lab:
            lab.exec("src", "sysctl", "-qw", "net.ipv4.ping_group_range=0 70000")
            argv = wrap([SONDE, "ping", "--json", "-4", "-c", count, "-l", count, "--rate", 0, *words, "dst"])
            super().__init__(lab.exec("src", "python3", "-c", STOPPED, *map(str, [seconds, count, *argv]), code=None).out)
            truth = [json.loads(line) for line in ROOT.lab("truth", lab.name).out.splitlines()][1:]
        same({r["verdict"] for r in truth}, {"pass"}, "what the network did")
        self.t = self.of("target")[0]
        same((self.t["sent"], self.t["local_errors"]), (count, 0), "probes that left")


@fact
def answers_that_came_in_time_count_although_they_are_read_after_it():
    nobody_can_run_it()
    for wrap in (lambda argv: argv, nobody):
        r = Stopped(100, 1.2, 300, "-W", "0.7", wrap=wrap)
        same((r.t["received"], r.t["lost"], r.t["late"]), (300, 0, 0))
        same((r.t["clock"], r.t["rtt_min_ns"] >= 200e6, r.t["rtt_max_ns"] < 700e6), ("kernel", True, True), "round trips")


@fact
def answers_that_came_late_are_late_although_they_are_read_with_the_others():
    r = Stopped(300, 1.2, 300, "-W", "0.4")
    same((r.t["received"], r.t["lost"], r.t["late"]), (0, 300, 300))
    same([p["status"] for p in r.of("probe")].count("lost"), 300, "lost probes that are told of")


@fact
def answers_for_which_a_socket_had_no_room_are_told_as_dropped_here():
    """The network lost none; as many as are lost were dropped here, also behind the last that was taken."""
    nobody_can_run_it()
    r = Stopped(500, 1.6, 6000, "-W", "1.5", "-s", 1400, wrap=nobody)
    dropped = r.of("ping")[0]["dropped"]
    true(dropped > 100, f"only {dropped} were dropped: the socket is larger than this test")
    same((r.t["received"] + dropped, r.t["lost"], r.t["late"]), (6000, dropped, 0))


@fact
def a_full_queue_is_local_and_no_loss():
    """A queue of five packets in front of 1 Mbit/s: what it refuses is what it says that it dropped."""
    need("tc")
    nobody_can_run_it()
    with both_ends() as cable:
        cable.near.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 70000")
        cable.near.run("tc", "qdisc", "replace", "dev", "veth0", "root", "tbf", "rate", "1mbit", "burst", "2000", "limit", "5000")

        def drops():
            return json.loads(cable.near.run("tc", "-j", "-s", "qdisc", "show", "dev", "veth0"))[0]["drops"]
        for as_nobody, address, method in ((False, FAR[0], []), (False, FAR[1], []), (True, FAR[0], []),
                                           *((who, a, ["--udp", 9]) for who in (False, True) for a in FAR)):
            before, what = drops(), f"{'nobody' if as_nobody else 'root'} {address} {method}"
            r = Ping("-c", 30, "-l", 30, "-s", 1000, "-W", 1, "--json", *method, address, inside=cable.near, as_nobody=as_nobody)
            t, refused = target(r), drops() - before
            true(refused > 10, f"{what}: only {refused} were refused")
            local = t["local_errors"]  # of what was refused; besides that, what the machine itself sends
            true(local <= refused <= local + 3, f"{what}: {local} of {refused} that were refused")
            same((t["sent"], t["received"], t["lost"]), (30 - local, 30 - local, 0), what)
            same((t["last_error"], t["clock"]), ("No buffer space available", "kernel"), what)
        r = Ping("-c", 30, "-l", 30, "-s", 1000, FAR[0], inside=cable.near)
        true("did not leave this machine: No buffer space available" in r.out and " 0% packet loss" in r.out, r.out)


@fact
def what_a_filter_forbids_to_leave_is_local_by_every_method():
    need("nft")
    with both_ends() as cable:
        cable.near.run("nft", "add table inet t; add chain inet t c { type filter hook output priority 0; }; "
                       "add rule inet t c icmp type echo-request drop; add rule inet t c icmpv6 type echo-request drop; "
                       "add rule inet t c meta l4proto { tcp, udp } drop")
        for method in ([], ["--tcp", 9], ["--udp", 9]):
            r = Ping("-c", 3, "-i", "0.01", "-W", "0.3", "--json", *method, *FAR, inside=cable.near)
            same([(t["sent"], t["local_errors"], t["lost"], t["last_error"]) for t in r.records("target")],
                 [(0, 3, 0, "Operation not permitted")] * 2, str(method))
            same((r.code, {p["status"] for p in r.records("probe")}), (1, {"local"}), str(method))


@fact
def errors_from_outside_are_not_taken_for_refusals_of_this_machine():
    """The kernel gives an error that came as that of the next packet; at 100000 a second many come between two."""
    need_root()
    with ROOT.up("host src dst\nrouter r\nlink src r\nlink r dst\nroute * auto\n") as lab:
        for family in ("-4", "-6"):
            for method in ([], ["--tcp", "9"], ["--udp", "9"]):
                out = lab.exec("src", SONDE, "ping", family, "-t", "1", "-c", "5000", "-i", "0.00001", "--rate", "0", "-W", "1", "-q",
                               "--json", *method, "dst", code=1).out
                t = Report(out).of("target")[0]
                same((t["sent"], t["errors"], t["duplicates"], t["local_errors"]), (5000, 5000, 0, 0), f"{family} {method}")


@fact
def a_quiet_run_ends_with_its_last_answer():
    r = Ping("-q", "-c", 500, "-i", "0.0001", "-W", 20, "--json", "127.0.0.1")
    same((r.code, target(r)["received"]), (0, 500))
    true(r.records("ping")[0]["duration_ns"] < 10e9, "it waits for answers that it has")
