"""Every TCP and UDP packet of the followed sockets carries its socket; none carries a wrong one."""

import os
import re
import shlex
import subprocess
import time

from e2e import Follow, Report, Result, Running, SONDE, fact, folder, need, need_root, own_netns, same, \
    script, skip, stim, true, wait_until
from sessions import hello


def belongs(endpoint, packet):
    """Whether the socket can have sent or got this packet, by its addresses."""
    pairs = ((packet["src"], packet["dst"]), (packet["dst"], packet["src"]))
    for local, remote in pairs:
        if match(endpoint.get("local"), local) and match(endpoint.get("remote"), remote):
            return True
    return False


def match(mine, seen):
    if not mine:
        return True
    if mine == seen:
        return True
    # Bound to any address, a group or a broadcast address: the port decides.
    return mine.rpartition(":")[2] == seen.rpartition(":")[2] and mine.rpartition(":")[0] in ("*", "[::]")


def judge(report):
    transport = [p for p in report.packets if p.get("protocol") in (6, 17)]
    true(transport, "no packets")
    sids = {e["sid"]: e for e in report.endpoints}
    for p in transport:
        true(p.get("sid") or p.get("sid2"), f"a packet without its socket: {p}")
        for member in ("sid", "sid2"):
            if p.get(member):
                true(p[member] in sids, f"a packet of a socket that is not reported: {p}")
                true(belongs(sids[p[member]], p), f"a packet of another socket: {p}: {sids[p[member]]}")
    return transport


@fact
def packets_on_loopback_carry_their_sockets():
    for over in ("tcp", "udp"):
        judge(Follow(hello(over)).report)


@fact
def no_packet_is_missing_and_none_is_there_twice():
    """Against tcpdump, in a namespace where nobody else talks."""
    need_root()
    need("tcpdump")
    pcap = os.path.join(folder(), "truth.pcap")
    command = shlex.join(stim("churn", "sockets"))
    # In one namespace: tcpdump first, then what is followed.
    with Running(["tcpdump", "-i", "lo", "-n", "-U", "-B", "16384", "-s", "96", "-w", pcap],
                 preexec_fn=own_netns, stderr=subprocess.PIPE) as tcpdump:
        tcpdump.process.stderr.readline()
        run = Follow(["nsenter", f"--net=/proc/{tcpdump.pid}/ns/net", "sh", "-c", command])
        same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
        time.sleep(1)
        tcpdump.interrupt()
        told = tcpdump.process.stderr.read().decode()
    if not re.search(r"^0 packets dropped by kernel", told, re.M):
        skip(f"tcpdump itself lost packets: {told.strip()}")
    truth = subprocess.run(["tcpdump", "-n", "-r", pcap, "tcp or udp"], capture_output=True, text=True, check=True)
    same(len(judge(run.report)), len(truth.stdout.splitlines()), "packets")


@fact
def packets_in_a_childs_own_namespace_carry_their_sockets():
    need_root()
    run = Follow(stim("newns"))
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    parts = run.parts()
    packets = judge(run.report)
    before = run.report.endpoint(parts["before"])
    inside = run.report.endpoint(parts["client"])
    true(before["netns"] != inside["netns"], "both sockets are in one namespace")
    for name in ("client", "server", "sender", "receiver"):
        sid = run.report.endpoint(parts[name])["sid"]
        true(any(sid in (p.get("sid"), p.get("sid2")) for p in packets), f"no packet of the {name}")


@fact
def handshake_packets_belong_to_the_accepted_socket():
    report = Follow(hello("tcp")).report
    ends = {e["role"]: e for e in report.endpoints if e["kind"] == "tcp4"}
    first = judge(report)[0]
    same((first.get("sid"), first.get("sid2")), (ends["client"]["sid"], ends["server"]["sid"]), "the SYN's sockets")
    same(first.get("listener"), ends["listener"]["sid"], "the listener beside")


def packets_of_a_stranger(*options):
    """A server is followed that waits in accept already; its client is not."""
    need_root()
    file = os.path.join(folder(), "report.json")
    with Running(script("tcp_server.py"), stdout=subprocess.PIPE) as server:
        port = server.process.stdout.readline().decode().strip()
        with Running([SONDE, "follow", "--json", "-o", file, *options, "-p", str(server.pid)],
                     stderr=subprocess.PIPE) as sonde:
            wait_until(lambda: os.path.exists(file) and b'"seed"' in open(file, "rb").read(), "the listener is seeded")
            same(Result(script("tcp_client.py", port)).code, 0, "exit code of the client")
            same(sonde.process.wait(20), 0, "exit code")
    with open(file, encoding="utf-8") as lines:
        report = Report(lines.read())
    accepted = [e for e in report.endpoints if e["role"] == "server"]
    same(len(accepted), 1, "sockets that were accepted")
    packets = [p for p in report.packets if accepted[0]["remote"] in (p.get("src"), p.get("dst"))]
    same([p["tcp_flags"] for p in packets[:3]], ["SYN", "SYN ACK", "ACK"], "the first packets")
    for p in packets:
        way = "sid" if p["src"] == accepted[0]["local"] else "sid2"
        same(p.get(way), accepted[0]["sid"], f"socket of the packet {p}")
    return accepted[0]


@fact
def packets_of_a_stranger_are_those_of_the_socket_that_was_accepted():
    states = packets_of_a_stranger("--backend", "bpf")["states"]
    same(states[:3], ["NEW_SYN_RECV", "SYN_RECV", "ESTABLISHED"], "the first states")


@fact
def packets_of_a_stranger_are_joined_under_ptrace_too():
    packets_of_a_stranger("--backend", "ptrace")


@fact
def the_kernels_own_resets_are_tied_by_their_addresses():
    need_root()
    run = Follow(stim("causes", "-n", "refused"))
    client = run.report.endpoint(run.parts()["client"])
    reset = [p for p in judge(run.report) if p.get("dst") == client["local"]]
    same([(p.get("sid2"), p.get("sid")) for p in reset], [(client["sid"], None)], "whom the reset is for")


@fact
def libpcap_gives_ptrace_packets_that_carry_both_their_sockets():
    need_root()
    for cause in ("linger", "local-first"):
        run = Follow(stim("causes", cause), "--backend", "ptrace", preexec=own_netns)
        same(run.code, 0, f"exit code of {cause} ({run.err.strip()[-300:]})")
        for p in judge(run.report):
            true(p.get("sid") and p.get("sid2"), f"{cause}: a packet that lacks one of its sockets: {p}")


@fact
def packets_of_a_connect_that_takes_its_time_carry_its_socket_under_ptrace():
    """A black hole: the call returns long after its packets."""
    need_root()
    run = Follow(stim("causes", "timeout"), "--backend", "ptrace", preexec=own_netns)
    sid = run.report.endpoint(run.parts()["client"])["sid"]
    asked = [p for p in run.report.packets if p.get("tcp_flags") == "SYN"]
    same([p.get("sid") for p in asked[1:]], [sid] * len(asked[1:]), "who sent the later SYNs")
    true(len(asked) >= 3, f"only {len(asked)} SYNs: the filler's, and at least two of the client")


@fact
def a_datagram_under_ptrace_carries_the_socket_that_was_bound():
    need_root()
    judge(Follow(hello("udp"), "--backend", "ptrace", preexec=own_netns).report)


@fact
def what_io_uring_does_is_seen():
    run = Follow(stim("uring"))
    if run.code == 77:
        skip(run.out.strip())
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    if run.report.run["backend"] != "bpf":
        skip("ptrace cannot")
    client = run.report.endpoint(run.parts()["client"])
    server = run.report.endpoint(run.parts()["server"])
    same((client["close_cause"], server["close_cause"]), ("fin-local", "fin-remote"), "how it ended")
    same((client["bytes_sent"], server["bytes_received"]), (5, 5), "bytes")
    same((client.get("comm"), server.get("comm")), ("uring", "uring"), "who moved them")
    same([e["accepted"] for e in run.report.endpoints if e.get("role") == "listener"], [1], "connections accepted")
    judge(run.report)
