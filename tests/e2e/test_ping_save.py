"""sonde ping --save and --from: what a file keeps of a run, that it is told again as it was, and that
others find in its packets what the report says."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

from e2e import SONDE, Result, fact, folder, need, need_root, nobody_can_run_it, one_of, same, true, \
    wait_until
from test_capture import Capture, Namespace
from test_ping import Ping, both_ends, target

# What is asked of the report again; with the file of a run, each alone and in every form.
FORMS = ([], ["--json"], ["--csv"], ["--csv", "-q"], ["--table"], ["--lines", "-O", "-D"], ["-q", "--histogram"],
         ["--expect", "loss<1% max<10us"], ["-a"])


def again(name, *options):
    return Ping("--from", name, *options)


def kept(*args, form=(), inside=None, **how):
    """A run that is kept: its file, and that the file tells what the run printed."""
    name = os.path.join(folder(), "run.pcapng")
    live = Ping("--save", name, *args, *form, inside=inside, **how)
    replay = again(name, *form)
    same((replay.code, replay.out), (live.code, live.out), f"{args} {form}: {live.err}{replay.err}")
    return name, live


def settled(cable):
    """Its link-local addresses may be sources from now on."""
    wait_until(lambda: "tentative" not in cable.near.run("ip", "-6", "address"), "addresses that are sure", 10)


def packets(name):
    """(time, comment, display) of each packet, by tshark."""
    need("tshark")
    run = Result(["tshark", "-r", name, "-Y", "not systemd_journal", "-T", "fields", "-e", "frame.time_epoch",
                  "-e", "frame.comment", "-e", "frame.protocols", "-e", "ip.checksum.status", "-e", "icmp.checksum.status",
                  "-e", "icmpv6.checksum.status", "-e", "udp.checksum.status", "-e", "tcp.checksum.status",
                  "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"])
    same(run.code, 0, run.err)
    return [line.split("\t") for line in run.out.splitlines()]


@fact
def every_method_and_version_is_told_again_in_every_form():
    with both_ends() as cable:
        for address in ("10.77.0.2", "fd77::2"):
            for method in ([], ["--udp", 9], ["--tcp", 9], ["--arp", "-I", "veth0"], ["-f"], ["-A"], ["--sweep"]):
                for form in FORMS:
                    kept("-c", 3, "-i", "0.01", "-W", "0.3", *method, address, form=form, inside=cable.near)


@fact
def a_run_is_told_in_another_form_than_it_had():
    with both_ends() as cable:
        name, live = kept("-c", 4, "-i", "0.01", "10.77.0.2", inside=cable.near)
        probes = again(name, "--json").records("probe")
        same([f"{p['rtt_ns'] / 1e6:.3f}" for p in probes], re.findall(r"time=([\d.]+) ms", live.out))
        same((again(name, "--expect", "loss<1%").code, again(name, "--expect", "max<1ns").code), (0, 1))
        name, live = kept("-c", 4, "-i", "0.01", "10.77.0.2", form=["-q"], inside=cable.near)
        same(len(again(name, "--json").records("probe")), 4, "of a quiet run")
        junit = os.path.join(folder(), "junit.xml")
        same(again(name, "--junit", junit).code, 0)
        with open(junit) as file:
            true('tests="1" failures="0"' in file.read(), "junit")


def responder(sock, answer):
    """Until it is closed, gives each echo request to answer(request, send)."""
    def run():
        while True:
            try:
                packet, peer = sock.recvfrom(70000)
            except OSError:
                return
            if packet[20] == 8:
                answer(packet[20:], lambda reply: sock.sendto(reply, peer))
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def reply_to(request, damage=0):
    """An echo reply; with damage, other data than was sent, under a right checksum."""
    body = b"\0\0\0\0" + request[4:-1] + bytes([request[-1] ^ damage])
    body += b"\0" * (len(body) % 2)
    total = sum(struct.unpack(f"!{len(body) // 2}H", body))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return body[:2] + struct.pack("!H", ~total & 0xffff) + body[4:]


@fact
def what_is_late_twice_changed_or_missing_is_told_again():
    need_root()
    with both_ends() as cable:
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        seen = []

        def answer(request, send):
            seen.append(request)
            kind = len(seen) % 6
            if kind == 1:
                send(reply_to(request))
                send(reply_to(request))
            elif kind == 2:
                threading.Timer(0.4, send, [reply_to(request)]).start()
            elif kind == 3:
                send(reply_to(request, damage=1))
            elif kind == 4:
                send(reply_to(request[:8] + bytes(8) + request[16:]))
            elif kind == 5:
                send(reply_to(request))

        with cable.far.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as sock:
            responder(sock, answer)
            name, live = kept("-c", 12, "-i", "0.1", "-W", "0.2", "10.77.0.2", form=["--json"], inside=cable.near)
        statuses = {p["status"] for p in live.records("probe")}
        same(statuses, {"reply", "duplicate", "late", "corrupted", "spoofed", "lost"})
        for form in FORMS:
            same(again(name, *form).code, 1 if "--expect" in form else 0)
        comments = [comment for _, comment, *_ in packets(name)]
        for word in ("reply", "duplicate", "late", "corrupted", "spoofed"):
            true(any(re.fullmatch(rf"probe \d+ of 10\.77\.0\.2: {word}\b.*", c) for c in comments), f"{word}: {comments}")
        with open(name, "rb") as file:
            true(b"probe 6 of 10.77.0.2: lost, no answer in time" in file.read(), "the lost one")


@fact
def errors_and_what_never_leaves_are_told_again():
    need("nft")
    with both_ends() as cable:
        cable.far.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                      "add rule inet t c meta l4proto { 1, 58, 6, 17 } ct state new reject with icmpx type admin-prohibited")
        for option in ([], ["--udp", 9], ["--tcp", 9]):
            for form in ([], ["--json"]):
                name, live = kept("-c", 2, "-i", "0.02", "-W", "0.2", *option, "10.77.0.2", form=form, inside=cable.near)
                true("rohibited" in live.out or "filtered" in live.out, live.out)
        for words in (["192.0.2.1"], ["-M", "do", "-s", 2000, "10.77.0.1"], ["10.77.0.9", "-W", "4"]):
            name, live = kept("-c", 2, "-i", "0.02", *words, form=["--json"], inside=cable.near)
            one_of({p["status"] for p in live.records("probe")}, [{"local"}, {"error"}, {"reply"}])


@fact
def what_a_socket_without_privilege_hides_is_written_in_front():
    need("nft")
    nobody_can_run_it()
    with both_ends() as cable:
        cable.near.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 70000")
        for address in ("10.77.0.2", "fd77::2"):
            for option in ([], ["--udp", 9]):
                name, live = kept("-c", 2, "-i", "0.05", "-W", "0.5", *option, address, form=["--json"], inside=cable.near,
                                  as_nobody=True)
                same(target(live)["received"], 2)
                check_packets(name, live)
        cable.far.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                      "add rule inet t c meta l4proto { 1, 58 } reject with icmpx type admin-prohibited")
        name, live = kept("-c", 2, "-i", "0.05", "-W", "0.5", "10.77.0.2", form=["--json"], inside=cable.near, as_nobody=True)
        same([p["status"] for p in live.records("probe")], ["error"] * 2)
        true([p for p in packets(name) if p[2].endswith("icmp:ip:icmp:data")], str(packets(name)))


def check_packets(name, live):
    """Of each reply, the two packets lie as far apart as its round trip, and every checksum is right."""
    sent, came = {}, {}
    for when, comment, protocols, *sums in packets(name):
        # Those of a quote and of TCP that came are as the sender's kernel left them for its device to fill in.
        sums = sums[:3] if ":icmp" in protocols or ": " in comment else sums
        true("0" not in ",".join(sums).split(","), f"{comment}, {protocols}: a wrong checksum, {sums}")
        probe, _, fate = comment.partition(": ")
        (came if fate else sent)[probe] = int(when.replace(".", ""))
    replies = [p for p in live.records("probe") if p["status"] == "reply" and p["clock"] == "kernel"]
    true(replies, "no reply")
    for p in replies:
        probe = f"probe {p['seq']} of {p['target']}"
        same(came[probe] - sent[probe], p["rtt_ns"], probe)


@fact
def the_packets_alone_give_the_round_trips():
    with both_ends() as cable:
        settled(cable)
        for address in ("10.77.0.2", "fd77::2"):
            for option in ([], ["--udp", 9], ["--tcp", 9], ["--arp", "-I", "veth0"]):
                name, live = kept("-c", 3, "-i", "0.05", "-s", 101, *option, address, form=["--json"], inside=cable.near)
                check_packets(name, live)
                read = Result([SONDE, "read", "--count", name])
                same((read.code, read.out.split()[0]), (0, "6"), read.err)


@fact
def the_packets_are_those_on_the_wire():
    """A capture of the same run has the same addresses, data and times."""
    need("tshark")
    with both_ends() as cable:
        settled(cable)
        fields = [f for name in ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "icmp.seq", "icmp.checksum", "icmpv6.checksum",
                                 "icmpv6.nd.ns.target_address", "arp.opcode", "arp.src.hw_mac", "data.data", "tcp.seq_raw",
                                 "udp.srcport") for f in ("-e", name)]

        def read(file):
            run = Result(["tshark", "-r", file, "-Y", "not systemd_journal", "-T", "fields", *fields])
            return sorted(run.out.splitlines())

        for address in ("10.77.0.2", "fd77::2"):
            for option, only in (([], "icmp or (icmp6 and (ip6[40] == 128 or ip6[40] == 129))"),
                                 (["--udp", 9], "udp or icmp[0] == 3 or (icmp6 and ip6[40] == 1)"),
                                 (["--arp", "-I", "veth0"], "arp or (icmp6 and (ip6[40] == 135 or ip6[40] == 136))")):
                Ping("-c", 1, address, inside=cable.near)
                wire = os.path.join(folder(), "wire.pcapng")
                with Capture(cable.near, "-i", "veth0", "-w", wire, only) as capture:
                    name, _ = kept("-c", 2, "-i", "0.05", *option, address, inside=cable.near)
                    capture.end()
                ours, theirs = read(name), read(wire)
                true(len(ours) == 4, f"{address} {option}: {ours}")
                same([line for line in ours if line not in theirs], [], f"{address} {option}, of {theirs}")


@fact
def many_targets_and_a_flood_are_told_again():
    need_root()
    targets = os.path.join(folder(), "targets")
    with open(targets, "w") as file:
        file.write("localhost 127.0.0.4 ::1\n127.0.3.0/28\n")
    with Namespace() as space:
        for form in ([], ["--json"], ["--lines"]):
            kept("-c", 3, "-i", "0.05", "--file", targets, form=form, inside=space)
        name, live = kept("-f", "-c", 20000, "127.0.0.1", inside=space)
        true("20000 packets transmitted, 20000 received" in live.out, live.out[-300:])
        kept("--sweep", "-c", 1, "--rate", 0, "127.0.0.0-127.0.31.255", form=["--json"], inside=space)


@fact
def replaying_takes_no_privilege():
    nobody_can_run_it()
    name, live = kept("-c", 2, "-i", "0.01", "127.0.0.1")
    os.chmod(name, 0o644)
    same(Ping("--from", name, as_nobody=True).out, live.out)
    with open(name, "rb") as file:
        same(Ping("--from", "-", stdin=file.read()).out, live.out)


@fact
def sending_and_reading_back_exclude_each_other():
    name = os.path.join(folder(), "none")
    for words, says in ((["-c", 3], "--from sends nothing: -c is for a live run"),
                        (["--udp", 9], "--from sends nothing: --udp is for a live run"),
                        (["--rate", 5], "--from sends nothing: --rate is for a live run"),
                        (["--sweep"], "--from sends nothing: --sweep is for a live run"),
                        (["127.0.0.1"], "--from sends nothing: a target is for a live run"),
                        (["--save", "x"], "--save keeps a live run, --from reads one back"),
                        ([], f"{name}: No such file or directory")):
        r = again(name, *words)
        same((r.code, r.out, r.err), (2, "", f"sonde ping: {says}\n"))


@fact
def a_file_that_is_no_run_of_ping_is_told():
    need_root()
    where = folder()
    def made(name, content):
        with open(os.path.join(where, name), "wb") as file:
            file.write(content)
        return os.path.join(where, name)
    follow = os.path.join(where, "follow.pcapng")
    Result([SONDE, "follow", "--backend", "ptrace", "--save", follow, "--", "true"])
    for name, says in ((made("text", b"hello, this is text\n"), "this is neither a pcap nor a pcapng file"),
                       (made("capture", bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")), "this capture holds no run of sonde"),
                       (follow, "this is the run of another verb")):
        r = again(name)
        same((r.code, r.out, r.err), (2, "", f"sonde ping: {name}: {says}\n"))
    name, _ = kept("-c", 1, "127.0.0.1")
    r = Result([SONDE, "follow", "--from", name])
    same((r.code, r.err), (2, f"sonde follow: {name}: this is the run of another verb\n"))


def blocks(content):
    """The blocks of a pcapng, little endian."""
    at, all_of = 0, []
    while at < len(content):
        size = struct.unpack_from("<I", content, at + 4)[0]
        all_of.append(content[at:at + size])
        at += size
    return all_of


@fact
def of_a_file_that_is_cut_what_there_is_is_told():
    need_root()
    name, live = kept("-c", 5, "-i", "0.02", "127.0.0.1")
    with open(name, "rb") as file:
        content = file.read()
    short = os.path.join(folder(), "short.pcapng")
    def cut(content):
        with open(short, "wb") as file:
            file.write(content)
        return again(short)
    lines = live.out.splitlines()
    for n in range(len(blocks(content)) - 2):
        r = cut(b"".join(blocks(content)[:n + 1]))
        one_of((r.code, r.err), [(3, f"sonde ping: {short}: the file ends in the middle of a record\n"),
                                 (2, f"sonde ping: {short}: this capture holds no run of sonde\n"),
                                 (3, f"sonde ping: {short}: the run has no end in this file\n")], f"after {n + 1} blocks")
        told = [line for line in r.out.splitlines() if "icmp_seq" in line]
        same(told, [line for line in lines if "icmp_seq" in line][:len(told)])
    same(len(told), 5)
    r = cut(content[:len(content) // 2])
    same(r.code, 3)
    true("icmp_seq=1" in r.out and " packets transmitted" in r.out, r.out)


@fact
def a_file_that_contradicts_itself_is_damaged():
    need_root()
    name, live = kept("-c", 3, "-i", "0.02", "127.0.0.1")
    with open(name, "rb") as file:
        content = file.read()
    other = os.path.join(folder(), "other.pcapng")
    for what, instead in ((b"token=1\n", b"token=7\n"), (b"=look ident", b"=lock ident"), (b"checked=1", b"checked=7"),
                          (b"bytes=84", b"bytes=99"), (b"count=3", b"count=1")):
        true(what in content, f"{what}")
        with open(other, "wb") as file:
            file.write(content.replace(what, instead))
        r = again(other)
        one_of(r.code, [2, 3], f"{instead} {r.err}")
        true(r.err.count("\n") == 1 and r.err.startswith(f"sonde ping: {other}: "), r.err)


@fact
def whenever_it_is_interrupted_the_file_is_whole():
    need_root()
    where = folder()
    with Namespace() as space:
        for n in range(30):
            name, how = os.path.join(where, f"{n}.pcapng"), signal.SIGKILL if n % 3 == 2 else signal.SIGINT
            argv = space.inside([SONDE, "ping", "-i", "0.002", "--save", name, "127.0.0.1", "127.0.0.2", "--lines"])
            with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as running:
                first = running.stdout.readline() if n % 3 else b""
                time.sleep(0.003 * n)
                running.send_signal(how)
                out, err = running.communicate(timeout=20)
            if not os.path.exists(name) or (how == signal.SIGINT and running.returncode == -signal.SIGINT):
                continue
            r = again(name, "--lines")
            if how == signal.SIGINT:
                same((r.code, r.out), (running.returncode, (first + out).decode()), f"round {n}: {r.err}")
            elif os.path.getsize(name):
                one_of(r.code, [2, 3], f"round {n}: {r.err}")
                same(Result([SONDE, "read", "--count", name]).code, 0, f"round {n}: whole blocks")


@fact
def a_full_disk_leaves_a_readable_file():
    need_root()
    where = folder()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", where], check=True)
    try:
        name = os.path.join(where, "run.pcapng")
        r = Ping("-f", "-c", 3000, "--json", "--save", name, "127.0.0.1")
        same((r.code, r.err), (3, f"sonde ping: {name}: No space left on device\n"))
        same(target(r)["received"], 3000)
        read = Result([SONDE, "read", "--count", name])
        same(read.code, 0, read.err)
        true(10 < int(read.out.split()[0]) < 3000, read.out)
        short = again(name, "--json")
        same(short.code, 3, short.err)
        true(10 < target(short)["received"] < 3000, short.out)
    finally:
        subprocess.run(["umount", where], check=True)


@fact
def the_file_goes_to_standard_output_and_the_report_beside_it():
    need_root()
    with subprocess.Popen([SONDE, "ping", "-c", "2", "-i", "0.01", "--save", "-", "127.0.0.1"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as running:
        content, report = running.communicate(timeout=20)
    same(running.returncode, 0)
    true(b"2 packets transmitted, 2 received" in report, report)
    same(Ping("--from", "-", stdin=content).out, report.decode())


@fact
def read_says_whose_events_they_are():
    need_root()
    name, _ = kept("-c", 1, "127.0.0.1")
    r = Result([SONDE, "read", name])
    true(re.search(r"\d+ events of a measurement lie between the packets: -v shows them, sonde ping --from reports it", r.err), r.err)
