"""sonde ping, on the loopback and over cables between namespaces that the tests make: what answers,
what does not, and why; and what it says of it."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as xml

from e2e import SONDE, Result, Running, fact, folder, need, need_root, nobody, nobody_can_run_it, own_netns, \
    same, stim, true, wait_until
from test_capture import Cable, Namespace

PROBE_KEYS = ["target", "seq", "status", "rtt_ns", "clock", "from", "ttl", "auth_bits"]


class Ping(Result):
    def __init__(self, *args, inside=None, as_nobody=False, **how):
        argv = [SONDE, "ping", *map(str, args)]
        argv = nobody(argv) if as_nobody else argv
        super().__init__(inside.inside(argv) if inside else argv, **how)

    def records(self, kind):
        return [r for r in map(json.loads, self.out.splitlines()) if r["record"] == kind]


def ping(*args, **how):
    need_root()
    return Ping(*args, **how)


def target(result):
    """The statistics of a run with one target."""
    return result.records("target")[0]


def both_ends():
    """A cable whose far end has IPv6 too."""
    cable = Cable()
    for space, address in ((cable.near, "fd77::1/64"), (cable.far, "fd77::2/64")):
        space.run("sysctl", "-qw", "net.ipv6.conf.veth0.disable_ipv6=0", "net.ipv6.conf.veth0.accept_dad=0",
                  "net.ipv6.icmp.ratelimit=0", "net.ipv4.icmp_ratelimit=0")
        space.run("ip", "address", "add", address, "dev", "veth0", "nodad")
    return cable


@fact
def a_reply_is_a_line_as_of_ping():
    r = ping("-c", 2, "-i", "0.1", "127.0.0.1")
    same(r.code, 0)
    lines = r.out.splitlines()
    same(lines[0], "PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.")
    for n in (1, 2):
        true(re.fullmatch(rf"64 bytes from 127\.0\.0\.1: icmp_seq={n} ttl=64 time=\d+\.\d\d\d ms", lines[n]), lines[n])
    same(lines[4], "--- 127.0.0.1 ping statistics ---")
    true(re.fullmatch(r"2 packets transmitted, 2 received, 0% packet loss, time \d+ms", lines[5]), lines[5])
    true(re.fullmatch(r"rtt min/avg/max/mdev = [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms", lines[6]), lines[6])


@fact
def a_record_has_what_is_promised():
    r = ping("-c", 3, "-i", "0.05", "--json", "127.0.0.1")
    probes = r.records("probe")
    same([p["seq"] for p in probes], [1, 2, 3])
    for p in probes:
        true(all(k in p for k in PROBE_KEYS), f"{p} lacks {[k for k in PROBE_KEYS if k not in p]}")
        same((p["status"], p["clock"], p["from"], p["ttl"], p["auth_bits"]), ("reply", "kernel", "127.0.0.1", 64, 96))
        true(0 < p["rtt_ns"] < 1e9, f"rtt of {p['rtt_ns']}")
    same((target(r)["sent"], target(r)["received"], target(r)["lost"]), (3, 3, 0))
    same(r.records("ping")[0]["sockets"], "raw socket")


@fact
def the_manual_names_every_member_of_a_record():
    with open("docs/man/sonde-ping.1") as file:
        named = set(re.findall(r"^\.It Cm (\w+)$", file.read(), re.M))
    with both_ends() as cable:
        told = set()
        for words in (["10.77.0.2", "-R"], ["10.77.0.99"], ["10.77.0.2", "--arp", "-I", "veth0"]):
            r = Ping("-c", 3, "-i", "0.1", "--json", *words, inside=cable.near)
            told |= {member for line in r.out.splitlines() for member in json.loads(line)}
    true(len(told) > 50, f"{len(told)} members")
    same(sorted(told - named - {"record", "v"}), [])


@fact
def every_method_is_answered_over_both_versions():
    with both_ends() as cable:
        for address in ("10.77.0.2", "fd77::2"):
            for option, answer in (([], "echo-reply"), (["--tcp", 9], "rst"), (["--tcp", 9, "--flags", "ack"], "rst"),
                                   (["--udp", 9], None)):
                r = Ping("-c", 3, "-i", "0.02", "--json", *option, address, inside=cable.near)
                same((r.code, target(r)["received"], target(r)["clock"]), (0, 3, "kernel"), f"{option} {address}: {r.err}")
                for p in r.records("probe"):
                    true("ort" in p["answer"] if answer is None else p["answer"] == answer, p["answer"])
                    same(p["from"], address)


@fact
def a_listener_answers_with_syn_ack_and_an_echo_server_with_data():
    import socket
    with both_ends() as cable:
        tcp, udp = cable.far.socket(socket.SOCK_STREAM), cable.far.socket()
        with tcp, udp:
            tcp.bind(("10.77.0.2", 4000))
            tcp.listen()
            udp.bind(("10.77.0.2", 4001))
            r = Ping("-c", 2, "-i", "0.02", "--json", "--tcp", 4000, "10.77.0.2", inside=cable.near)
            same([p["answer"] for p in r.records("probe")], ["syn-ack"] * 2)
            argv = cable.near.inside([SONDE, "ping", "-c", "1", "--json", "--udp", "4001", "10.77.0.2"])
            with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
                udp.settimeout(5)
                data, peer = udp.recvfrom(2000)
                udp.sendto(data, peer)
                probes = [json.loads(line) for line in running.stdout if '"probe"' in line]
            same([(p["status"], p["answer"], p["auth_bits"]) for p in probes], [("reply", "data", 80)])


@fact
def sizes_from_none_to_the_greatest_come_back():
    for size in (0, 1, 7, 8, 15, 16, 17, 1000, 1472, 65507):
        r = ping("-c", 1, "-s", size, "--json", "127.0.0.1")
        same((r.code, r.records("probe")[0]["bytes"]), (0, size + 8), f"size {size}")
    r = ping("-c", 1, "-s", 40, "-p", "c0ffee", "--json", "127.0.0.1")
    same(r.code, 0)


@fact
def loss_is_counted_with_its_pattern():
    """The far end answers, and drops two of every five, one after the other."""
    need("nft")
    with both_ends() as cable:
        cable.far.run("nft", "add table t; add chain t c { type filter hook input priority 0; }; "
                      "add rule t c icmp type echo-request numgen inc mod 5 < 2 drop")
        r = Ping("-c", 50, "-i", "0.01", "-W", "0.3", "--json", "10.77.0.2", inside=cable.near)
        t = target(r)
        same((t["sent"], t["received"], t["lost"]), (50, 30, 20))
        same((t["loss_bursts"], t["loss_single"], t["loss_longest"], t["loss_ppm"]), (10, 0, 2, 400000))
        same(r.code, 0)
        same(Ping("-c", 10, "-i", "0.01", "-W", "0.3", "--expect", "loss<10%", "10.77.0.2", inside=cable.near).code, 1)


@fact
def errors_are_told_by_kind_and_by_whom():
    need("nft")
    with both_ends() as cable:
        cable.far.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }")
        for code, words in (("host-unreachable", "Destination Host Unreachable"),
                            ("net-prohibited", "Destination Net Prohibited"),
                            ("admin-prohibited", "Packet filtered")):
            cable.far.run("nft", f"flush chain inet t c; add rule inet t c icmp type echo-request reject with icmp type {code}")
            r = Ping("-c", 2, "-i", "0.05", "-W", "0.5", "--json", "10.77.0.2", inside=cable.near)
            same([(p["status"], p["answer"], p["from"]) for p in r.records("probe")], [("error", words, "10.77.0.2")] * 2)
            same((r.code, target(r)["errors"], target(r)["lost"]), (1, 2, 2))
        cable.far.run("nft", "flush chain inet t c; add rule inet t c meta l4proto { tcp, udp } reject with icmpx type host-unreachable")
        for option in ("--tcp", "--udp"):
            r = Ping("-c", 1, "-W", "0.5", option, 9, "10.77.0.2", "fd77::2", "--json", inside=cable.near)
            same([(p["status"], p["from"]) for p in r.records("probe")], [("error", "10.77.0.2"), ("error", "fd77::2")], option)
        cable.far.run("nft", "flush chain inet t c; add rule inet t c icmpv6 type echo-request reject with icmpv6 type admin-prohibited")
        r = Ping("-c", 1, "-W", "0.5", "10.77.0.2", "fd77::2", "--json", inside=cable.near)
        same(sorted((p["status"], p["answer"]) for p in r.records("probe")),
             [("error", "Destination unreachable: Administratively prohibited"), ("reply", "echo-reply")])


@fact
def a_neighbour_that_is_not_there_is_an_error_from_ourselves():
    with both_ends() as cable:
        r = Ping("-c", 1, "-W", "5", "10.77.0.9", inside=cable.near)
        same(r.code, 1)
        true("From 10.77.0.1 icmp_seq=1 Destination Host Unreachable" in r.out, r.out)
        true("1 packets transmitted, 0 received, +1 errors, 100% packet loss" in r.out, r.out)


@fact
def what_does_not_leave_is_local_and_no_loss():
    need("nft")
    with both_ends() as cable:
        r = Ping("-c", 2, "-i", "0.05", "192.0.2.1", inside=cable.near)
        same(r.code, 1)
        true("icmp_seq=1 did not leave this machine: Network is unreachable" in r.out, r.out)
        true("0 packets transmitted, 0 received, time" in r.out, r.out)
        r = Ping("-c", 1, "-M", "do", "-s", "2000", "10.77.0.2", inside=cable.near)
        true("did not leave this machine: Message too long" in r.out, r.out)
        cable.near.run("nft", "add table t; add chain t c { type filter hook output priority 0; }; "
                       "add rule t c icmp type echo-request drop")
        r = Ping("-c", 1, "--json", "10.77.0.2", inside=cable.near)
        same((target(r)["sent"], target(r)["local_errors"]), (0, 1))
        same(r.records("probe")[0]["answer"], "Operation not permitted")


@fact
def an_interface_that_goes_is_a_local_error_and_no_endless_loop():
    with both_ends() as cable:
        for option in ([], ["--udp", 9], ["--tcp", 9], ["--arp"]):
            cable.near.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
            cable.near.run("ip", "address", "add", "10.78.0.1/24", "dev", "v0")
            cable.near.run("ip", "link", "set", "v0", "up")
            cable.near.run("ip", "link", "set", "v1", "up")
            argv = cable.near.inside([SONDE, "ping", "-c", "8", "-i", "0.1", "-W", "0.5", "-I", "v0", "--json", *map(str, option), "10.78.0.7"])
            with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
                time.sleep(0.35)
                cable.near.run("ip", "link", "del", "v0")
                text = running.stdout.read()
                _, status, used = os.wait4(running.pid, 0)
                running.returncode = os.waitstatus_to_exitcode(status)
            same(running.returncode, 1, str(option))
            t = [json.loads(line) for line in text.splitlines() if '"target"' in line and '"loss_bursts"' in line][0]
            true(t["local_errors"] and t["sent"] + t["local_errors"] == 8, f"{option}: {t}")
            true(used.ru_utime + used.ru_stime < 0.5, f"{option} took {used.ru_utime + used.ru_stime} s of the processor")


@fact
def a_network_is_asked_only_with_b_and_each_host_answers_for_itself():
    with both_ends() as cable:
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_broadcasts=0")
        r = Ping("-c", 1, "10.77.0.255", inside=cable.near)
        same((r.code, r.out), (2, ""))
        true("10.77.0.255: it is the address of a whole network; -b pings it" in r.err, r.err)
        probe = Ping("-b", "-c", 1, "--json", "10.77.0.255", inside=cable.near).records("probe")[0]
        same((probe["status"], probe["from"], probe["rewritten"], probe["auth_bits"]), ("reply", "10.77.0.2", False, 96))
        cable.near.run("ip", "route", "add", "prohibit", "10.78.0.1")
        r = Ping("-c", 1, "10.78.0.1", inside=cable.near)
        true("did not leave this machine: Permission denied" in r.out, r.out + r.err)


@fact
def the_time_before_and_after_the_wire_is_told_apart():
    """A neighbour that must be found costs time in the kernel, not on the wire."""
    with both_ends() as cable:
        cable.near.run("ip", "neigh", "flush", "dev", "veth0")
        probes = Ping("--split", "-c", 3, "-i", "0.05", "--json", "10.77.0.2", inside=cable.near).records("probe")
        true(all(p["stack_ns"] >= p["queue_ns"] > 0 and p["wake_ns"] > 0 for p in probes), probes)
        r = Ping("--split", "-c", 1, "10.77.0.2", inside=cable.near)
        true(re.search(r"time=[\d.]+ ms \(kernel \d+\.\d{3}, queue \d+\.\d{3}, wake \d+\.\d{3}\)\n", r.out), r.out)
        r = Ping("-c", 1, "--json", "10.77.0.2", inside=cable.near)
        true("queue_ns" not in r.records("probe")[0] and "stack_ns" in r.records("probe")[0], r.out)


@fact
def a_target_asked_by_name_answers_by_name():
    for option, said in (([], "localhost (127.0.0.1): "), (["-n"], "127.0.0.1: ")):
        r = ping("-c", 1, "-4", *option, "localhost")
        true(f"64 bytes from {said}icmp_seq=1" in r.out, r.out)


@fact
def many_targets_are_one_run():
    """Names, prefixes, ranges and files, of both versions."""
    name = os.path.join(folder(), "targets")
    with open(name, "w") as file:
        file.write("# who\n127.0.0.3 127.0.0.4\n\n::1 # me\n")
    r = ping("-c", 2, "-i", "0.05", "--json", "127.0.1.0/29", "127.0.2.1-127.0.2.3", "--file", name)
    same(r.code, 0)
    same(sorted(t["target"] for t in r.records("target")),
         sorted([f"127.0.1.{i}" for i in range(1, 7)] + [f"127.0.2.{i}" for i in (1, 2, 3)] + ["127.0.0.3", "127.0.0.4", "::1"]))
    same({t["received"] for t in r.records("target")}, {2})
    r = ping("-c", 1, "--file", "-", stdin=b"127.0.0.5")
    true("127.0.0.5" in r.out and r.code == 0, r.out)


@fact
def a_sweep_says_who_is_alive():
    with both_ends() as cable:
        r = Ping("--sweep", "-i", "0.1", "-W", "0.3", "10.77.0.2", "10.77.0.8/29", inside=cable.near)
        same(r.code, 1)
        lines = r.out.splitlines()
        true(re.fullmatch(r"10\.77\.0\.2 is alive \(\d+\.\d\d\d ms\)", lines[0]), lines[0])
        same(lines[1:], ["1 of 7 alive"])


@fact
def a_whole_net_is_swept_and_none_missed():
    r = ping("--sweep", "-c", 1, "--rate", 0, "--json", "127.0.0.0-127.0.255.255", preexec=own_netns, timeout=120)
    same(r.code, 0)
    run = r.records("ping")[0]
    same((run["targets"], run["answered"], run["dropped"]), (65536, 65536, 0))


@fact
def a_sweep_on_all_processors_is_one_report():
    """Every target has its line, and once; the silent ones are nobody's, whichever processor asked; it ends when asked to."""
    need("nft")
    with Namespace() as space:
        space.run("nft", "add table ip t; add chain ip t c { type filter hook input priority 0; }; "
                  "add rule ip t c ip daddr { 127.0.3.0/25, 127.0.20.128/25 } drop")
        r = Ping("--sweep", "-c", 1, "-W", "0.5", "--rate", 0, "127.0.0.0-127.0.31.255", inside=space)
        lines = r.out.splitlines()
        same((r.code, lines.pop()), (1, "7936 of 8192 alive"))
        alive = {line.split()[0] for line in lines}
        same((len(lines), len(alive)), (7936, 7936))
        true(all(re.fullmatch(r"127[.\d]+ is alive \(\d+\.\d{3} ms\)", line) for line in lines), lines)
        same(sorted({a.rsplit(".", 1)[0] for a in alive if a.startswith(("127.0.3.", "127.0.20."))}), ["127.0.20", "127.0.3"])
        same([a for a in alive if a.startswith("127.0.3.") and int(a.split(".")[3]) < 128], [])
        path = os.path.join(folder(), "sweep")
        with open(path, "w+") as out:
            with Running(space.inside([SONDE, "ping", "--sweep", "--rate", "0", "-i", "60", "-W", "60", "127.0.0.0-127.0.31.255"]),
                         stdout=out) as running:
                wait_until(lambda: os.path.getsize(path) > 200000, "it has told most")
                same(running.interrupt(), 1)
            out.seek(0)
            same(out.read().splitlines()[-1], "7936 of 8192 alive")


@fact
def bad_names_and_words_are_one_sentence():
    for words, says in ((["no.such.host.invalid"], "sonde ping: no.such.host.invalid: "),
                        (["10.0.0.0/40"], "sonde ping: 10.0.0.0/40: neither a prefix"),
                        (["10.0.0.0/8"], "sonde ping: 10.0.0.0/8: that is more than 1048576 addresses"),
                        (["-6", "127.0.0.1"], "sonde ping: 127.0.0.1: "),
                        (["-I", "nosuch0", "127.0.0.1"], "sonde ping: -I nosuch0: there is no such interface here"),
                        (["-I", "192.0.2.7", "127.0.0.1"], "sonde ping: -I 192.0.2.7: there is no such address here"),
                        ([], "sonde ping: whom?"),
                        (["-s", "70000", "127.0.0.1"], "sonde ping: -s takes up to 65507 bytes"),
                        (["--expect", "loss<1", "127.0.0.1"], "sonde ping: --expect 'loss<1': at byte 1, expected a share"),
                        (["--tcp", "0", "127.0.0.1"], "sonde ping: a port is a number"),
                        (["--file", "/no/such/file"], "sonde ping: /no/such/file: No such file"),
                        (["bad\x1b[31mname"], "sonde ping: bad\\x1b[31mname: ")):
        r = ping("-c", 1, *words)
        same(r.code, 2, " ".join(words))
        true(r.err.startswith(says) and r.err.count("\n") == 1, f"{words}: {r.err!r}")


@fact
def without_privilege_a_ping_socket_does():
    nobody_can_run_it()
    with Namespace() as space:
        space.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 70000")
        for address in ("127.0.0.1", "::1"):
            for option in ([], ["--udp", "9"]):
                r = Ping("-c", 2, "-i", "0.05", "--json", *option, address, inside=space, as_nobody=True)
                same((r.code, target(r)["received"], target(r)["clock"]), (0, 2, "kernel"), f"{option} {address} {r.err}")
                same(r.records("ping")[0]["sockets"], "udp socket" if option else "ping socket")
        r = Ping("-c", 1, "127.0.0.1", inside=space, as_nobody=True)
        true(r.out.endswith("clock: kernel\nsent by a ping socket, without privilege\n"), r.out)


@fact
def an_error_reaches_a_ping_socket():
    need("nft")
    nobody_can_run_it()
    with both_ends() as cable:
        cable.near.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 70000")
        cable.far.run("nft", "add table t; add chain t c { type filter hook input priority 0; }; "
                      "add rule t c icmp type echo-request reject with icmp type host-prohibited")
        r = Ping("-c", 3, "-i", "0.05", "-W", "0.5", "--json", "10.77.0.2", inside=cable.near, as_nobody=True)
        same([(p["status"], p["answer"], p["from"]) for p in r.records("probe")],
             [("error", "Destination Host Prohibited", "10.77.0.2")] * 3)
        same(target(r)["local_errors"], 0)


@fact
def without_any_privilege_the_remedy_is_named():
    nobody_can_run_it()
    with Namespace() as space:
        space.run("sysctl", "-qw", "net.ipv4.ping_group_range=1 0")
        r = Ping("-c", 1, "127.0.0.1", inside=space, as_nobody=True)
        same(r.code, 77)
        true("cap_net_raw" in r.err and "ping_group_range='65534 65534'" in r.err, r.err)
        r = Ping("-c", 1, "--tcp", 9, "127.0.0.1", inside=space, as_nobody=True)
        same(r.code, 77)
        true("cap_net_raw" in r.err and "ping_group" not in r.err, r.err)


@fact
def privileges_are_gone_while_it_runs():
    need_root()
    with Running([SONDE, "ping", "127.0.0.1"]) as running:
        def caps():
            with open(f"/proc/{running.pid}/status") as file:
                return re.findall(r"Cap(?:Eff|Prm|Bnd):\s*(\w+)", file.read())
        wait_until(lambda: set(caps()) == {"0" * 16}, "that no capability is left")


@fact
def interrupting_prints_the_statistics():
    need_root()
    with Running([SONDE, "ping", "-i", "0.1", "127.0.0.1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        time.sleep(0.5)
        running.process.send_signal(signal.SIGQUIT)
        time.sleep(0.2)
        same(running.interrupt(), 0)
        out, err = running.process.stdout.read().decode(), running.process.stderr.read().decode()
        true(re.fullmatch(r"127\.0\.0\.1: \d+/\d+ packets, 0% loss, min/avg/max = [\d./]+ ms\n", err), err)
        true(" packets transmitted, " in out and "100%" not in out, out)


@fact
def a_deadline_is_kept():
    with both_ends() as cable:
        began = time.monotonic()
        r = Ping("-w", "1", "-i", "0.2", "--json", "10.77.0.77", inside=cable.near)
        same(r.code, 1)
        true(0.9 < time.monotonic() - began < 5, "it ends after its deadline")
        same(target(r)["received"], 0)


@fact
def a_quiet_flood_goes_on_with_each_answer():
    r = ping("-q", "-f", "-c", 5000, "-W", 20, "--json", "127.0.0.1")
    # Each would take 10 ms without one.
    true(r.records("ping")[0]["duration_ns"] < 25e9, "each waited for an answer that was there")


@fact
def demands_decide_the_code_and_are_written_for_ci():
    name = os.path.join(folder(), "junit.xml")
    r = ping("-c", 3, "-i", "0.02", "--expect", "loss<1% p99<10s", "--junit", name, "127.0.0.1")
    same(r.code, 0)
    suite = xml.parse(name).getroot()
    same((suite.get("tests"), suite.get("failures")), ("2", "0"))
    r = ping("-c", 3, "-i", "0.02", "--expect", "loss<1% max<1ns", "--junit", name, "127.0.0.1")
    same(r.code, 1)
    true("expected of 127.0.0.1: max<1ns; it is 0." in r.out, r.out)
    suite = xml.parse(name).getroot()
    same((suite.get("tests"), suite.get("failures")), ("2", "1"))
    same([c.get("name") for c in suite.iter("testcase") if c.find("failure") is not None], ["max<1ns"])


@fact
def csv_has_a_row_for_each_probe_or_target():
    r = ping("-c", 3, "-i", "0.02", "--csv", "127.0.0.1")
    rows = list(csv.DictReader(io.StringIO(r.out, newline="")))
    same([(row["seq"], row["status"]) for row in rows], [("1", "reply"), ("2", "reply"), ("3", "reply")])
    r = ping("-c", 3, "-i", "0.02", "--csv", "-q", "127.0.0.1", "127.0.0.2")
    rows = list(csv.DictReader(io.StringIO(r.out, newline="")))
    same([(row["target"], row["received"]) for row in rows], [("127.0.0.1", "3"), ("127.0.0.2", "3")])


@fact
def routers_are_asked_to_record_the_route():
    with both_ends() as cable:
        r = Ping("-c", 1, "-R", "10.77.0.2", inside=cable.near)
        same((r.code, r.out.splitlines()[2:6]), (0, ["RR: \t10.77.0.1", "\t10.77.0.2", "\t10.77.0.2", "\t10.77.0.1"]))
        r = Ping("-c", 1, "-R", "--json", "10.77.0.2", inside=cable.near)
        same(r.records("probe")[0]["route"], ["10.77.0.1", "10.77.0.2", "10.77.0.2", "10.77.0.1"])


@fact
def neighbours_answer_on_the_link_itself():
    with both_ends() as cable:
        mac = json.loads(cable.far.run("ip", "-j", "link", "show", "veth0"))[0]["address"]
        for address in ("10.77.0.2", "fd77::2"):
            r = Ping("-c", 3, "-i", "0.05", "--arp", "-I", "veth0", "--json", address, inside=cable.near)
            same((r.code, target(r)["received"], target(r)["clock"], r.records("ping")[0]["method"]),
                 (0, 3, "kernel", "neighbour"), f"{address}: {r.err}{r.out}")
            same([(p["answer"], p["mac"], p["from"], p["auth_bits"]) for p in r.records("probe")],
                 [("neighbour", mac, address, 0)] * 3)
        r = Ping("-c", 2, "-i", "0.05", "--arp", "-I", "veth0", "10.77.0.2", inside=cable.near)
        true(f"reply from 10.77.0.2 [{mac}]: seq=1 time=0." in r.out, r.out)
        r = Ping("--arp", "-I", "veth0", "--sweep", "-i", "0.1", "10.77.0.0/29", inside=cable.near)
        same((r.code, r.out.splitlines()[-1]), (1, "1 of 6 alive"))
        r = Ping("-c", 1, "--arp", "10.77.0.2", inside=cable.near)
        same((r.code, r.err), (2, "sonde ping: --arp needs an interface: -I NAME\n"))


@fact
def two_hosts_with_one_address_are_a_duplicate():
    """A bridge with two ports behind it, each with a host that has the address."""
    with Namespace() as near, Namespace() as one, Namespace() as other:
        near.run("ip", "link", "add", "br0", "type", "bridge")
        for n, space in enumerate((one, other)):
            near.run("ip", "link", "add", f"p{n}", "type", "veth", "peer", "name", "veth0", "netns", space.sleeper.pid)
            near.run("ip", "link", "set", f"p{n}", "master", "br0", "up")
            space.run("ip", "address", "add", "10.77.0.2/24", "dev", "veth0")
            space.run("ip", "link", "set", "veth0", "up")
        near.run("ip", "address", "add", "10.77.0.1/24", "dev", "br0")
        near.run("ip", "link", "set", "br0", "up")
        time.sleep(0.5)
        r = Ping("-c", 2, "-i", "0.2", "--arp", "-I", "br0", "--json", "10.77.0.2", inside=near)
        same((target(r)["received"], target(r)["duplicates"]), (2, 2), r.out)
        same(len({p["mac"] for p in r.records("probe")}), 2)


@fact
def a_table_has_a_row_for_each_target():
    r = ping("-c", 2, "-i", "0.02", "127.0.0.1", "127.0.0.2")
    lines = r.out.splitlines()
    same(lines[0].split()[:4], ["TARGET", "SENT", "RCVD", "LOSS"])
    same([line.split()[:4] for line in lines[1:]], [["127.0.0.1", "2", "2", "0%"], ["127.0.0.2", "2", "2", "0%"]])


@fact
def a_table_is_drawn_in_place_and_ends_as_it_is_printed_elsewhere():
    """On a terminal of 100 columns; what stands on it in the end is what a pipe would get."""
    import pty
    need_root()
    import fcntl
    import struct
    import termios
    head, tail = pty.openpty()
    fcntl.ioctl(tail, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    argv = [SONDE, "ping", "-c", "12", "-i", "0.1", "--color=never", "127.0.0.1", "127.0.0.2", "127.0.0.3"]
    with subprocess.Popen(argv, stdout=tail, stderr=tail, stdin=subprocess.DEVNULL) as p:
        os.close(tail)
        text = b""
        while True:
            try:
                got = os.read(head, 65536)
            except OSError:
                break
            if not got:
                break
            text += got
        same(p.wait(), 0)
    os.close(head)
    frames = re.split(r"\x1b\[(\d+)A\x1b\[J", text.decode().replace("\r\n", "\n"))
    true(len(frames) >= 7, f"it was drawn {len(frames) // 2} times only")
    same({frames[n].count("\n") for n in range(0, len(frames), 2)}, {4}, "lines of each drawing")
    same(set(frames[1::2]), {"4"}, "lines that are taken back")
    rows = frames[-1].splitlines()
    same([row.split()[:4] for row in rows[1:]], [[f"127.0.0.{i}", "12", "12", "0%"] for i in (1, 2, 3)])
    true(all(len(row) <= 100 for row in rows), "wider than the terminal")


@fact
def a_blind_spoofer_moves_nothing():
    """Replies of a host that does not reply, with every identifier in turn, as fast as they can be sent."""
    with both_ends() as cable:
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        with subprocess.Popen(cable.far.inside(stim("hail", 4, 1000000, "10.77.0.1")), stdout=subprocess.PIPE, text=True) as hail:
            r = Ping("-c", 20, "-i", "0.1", "-W", "1", "--json", "10.77.0.2", inside=cable.near)
            sent = int(hail.communicate()[0])
        t = target(r)
        true(sent >= 65536, f"only {sent} were forged")
        same((r.code, t["sent"], t["lost"], t["received"], t["late"], t["duplicates"]), (1, 20, 20, 0, 0, 0))


@fact
def a_storm_of_forged_answers_is_counted_and_not_all_told():
    """Answers with our identifier and sequence, which a spoofer on the path could see, and no secret."""
    import socket
    with both_ends() as cable:
        argv = cable.near.inside([SONDE, "ping", "-c", "1", "-W", "3", "--json", "10.77.0.2"])
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        raw = cable.far.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        raw.settimeout(5)
        with raw, subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
            request = raw.recv(2000)[20:]
            forged = bytearray(b"\0\0\0\0" + request[4:8] + b"x" * 56)
            total = sum(int.from_bytes(forged[i:i + 2], "big") for i in range(0, len(forged), 2))
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            forged[2:4] = (~total & 0xffff).to_bytes(2, "big")
            for _ in range(500):
                raw.sendto(forged, ("10.77.0.1", 0))
            records = [json.loads(line) for line in running.stdout]
    told = [r for r in records if r["record"] == "probe" and r["status"] == "spoofed"]
    t = [r for r in records if r["record"] == "target"][0]
    same((t["received"], t["lost"], t["spoofed"]), (0, 1, 500))
    true(20 <= len(told) < 100, f"{len(told)} were told")


@fact
def what_is_set_is_what_leaves():
    """ttl, type of service, size, mark and pattern, as tcpdump sees them."""
    need("tcpdump")
    with both_ends() as cable:
        file = os.path.join(folder(), "ping.pcap")
        with Running(cable.far.inside(["tcpdump", "-i", "veth0", "--immediate-mode", "-Z", "root", "-w", file, "-U", "icmp"]), stderr=subprocess.PIPE) as dump:
            dump.process.stderr.readline()
            Ping("-c", 3, "-i", "0.05", "-t", 7, "-Q", "0x28", "-s", 100, "-p", "abcd", "10.77.0.2", inside=cable.near)
            time.sleep(0.5)
        text = subprocess.run(["tcpdump", "-nvxr", file, "icmp[0] == 8"], capture_output=True, text=True).stdout
        same(text.count("tos 0x28, ttl 7,"), 3)
        same(text.count("length 108"), 3)
        true("abcd abcd abcd" in text, text)
        same(text.count("bad cksum") + text.count("wrong icmp cksum"), 0)


@fact
def a_mark_is_on_what_leaves_by_every_method():
    """Routes may depend on it, and so the source that checksums cover: it is asked for with the mark."""
    need("nft")
    with both_ends() as cable:
        cable.near.run("nft", "add table inet t; add chain inet t c { type filter hook output priority 0; }; "
                       "add rule inet t c ip daddr 10.77.0.2 meta mark != 7 drop; "
                       "add rule inet t c icmpv6 type echo-request meta mark != 7 drop; "
                       "add rule inet t c meta l4proto { tcp, udp } meta mark != 7 drop")
        for option in ([], ["--tcp", 9], ["--tcp", 9, "--flags", "ack"], ["--udp", 9]):
            for address in ("10.77.0.2", "fd77::2"):
                r = Ping("-c", 1, "-m", 7, "--json", *option, address, inside=cable.near)
                same((r.code, target(r)["received"]), (0, 1), f"{option} {address} {r.out}{r.err}")
        same(target(Ping("-c", 1, "--json", "10.77.0.2", inside=cable.near))["local_errors"], 1)


@fact
def a_thousand_pings_never_take_each_others_answers():
    """As many as fit the machine at a time; identifiers are 16 bits, so some of a thousand are alike."""
    need_root()

    def run():
        argv = ["sh", "-c", "for i in $(seq 250); do for j in 1 2 3 4; do "
                f"{SONDE} ping -c 3 -i 0.1 --json 127.$i.0.$j >out.$i.$j & done; sleep 0.02; done; wait"]
        where = folder()
        subprocess.run(argv, cwd=where, preexec_fn=own_netns, timeout=200)
        return where
    where, answers, foreign = run(), 0, 0
    for name in os.listdir(where):
        _, i, j = name.split(".")
        with open(os.path.join(where, name)) as file:
            records = [json.loads(line) for line in file]
        for r in records:
            if r["record"] == "target":
                same((r["received"], r["duplicates"], r["corrupted"], r["rewritten"]), (3, 0, 0, 0), name)
                same(r["target"], f"127.{i}.0.{j}")
                answers += r["received"]
            if r["record"] == "probe" and r["status"] == "reply":
                same(r["from"], f"127.{i}.0.{j}")
    same(answers, 3000)
