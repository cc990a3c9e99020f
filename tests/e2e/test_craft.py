"""sonde craft: packets in words that leave, between namespaces that the tests make, what comes back, and
what is written instead."""

import json
import os
import re
import subprocess
import sys

from e2e import SONDE, Result, Running, fact, folder, need, need_root, nobody, nobody_can_run_it, same, skip, true, \
    wait_until
from test_capture import Cable
from test_ping import both_ends

NEAR, FAR = "10.77.0.1", "10.77.0.2"
LISTEN = """if True:
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        s.bind(("", 8080))
        s.listen()
        u.bind(("", 7000))
        print("ready", flush=True)
        while True:
            data, who = u.recvfrom(2000)
            u.sendto(b"echo " + data, who)
    """


TAGGED = """if True:
    import socket
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as s:
        s.bind(("veth0", 3))
        print("ready", flush=True)
        while True:
            got = s.recv(2000)
            at = got.find(bytes.fromhex("0001080006040001"))
            if at > 0 and got[at + 24:at + 28] == bytes([10, 88, 0, 2]):
                me, asker = bytes.fromhex("020000000088"), got[at + 8:at + 18]
                s.send(asker[:6] + me + bytes.fromhex("810000050806" "0001080006040002") + me + bytes([10, 88, 0, 2]) + asker)
    """


class Craft(Result):
    def __init__(self, *args, inside=None, as_nobody=False, **how):
        argv = [SONDE, "craft", *map(str, args)]
        argv = nobody(argv) if as_nobody else argv
        super().__init__(inside.inside(argv) if inside else argv, **how)
        self.lines = self.out.splitlines()

    def records(self, kind):
        return [r for r in map(json.loads, self.lines) if r["record"] == kind]


def written(spec, *options, name="craft.pcapng", code=0):
    """The file that -w makes of it."""
    path = os.path.join(folder(), name)
    r = Craft("-w", path, "--seed", 7, *options, spec)
    same(r.code, code, r.err)
    return path


def read(path, *options):
    return Result([SONDE, "read", *options, path]).out


def wrong(r, code, *words):
    """One sentence that has these words."""
    same(r.code, code, f"exit code ({r.err!r})")
    true(r.err.startswith("sonde craft: "), r.err)
    for word in words:
        true(word in r.err, f"{word!r} is not in {r.err!r}")
    return r


def ready_ends():
    """A cable whose ends have tried their link-local addresses: before that they solicit no neighbour."""
    cable = both_ends()
    for space in (cable.near, cable.far):
        wait_until(lambda space=space: "tentative" not in space.run("ip", "-6", "address"), "addresses were tried", 10)
    return cable


def packets(space, way):
    """How many veth0 has sent (tx) or received (rx)."""
    return json.loads(space.run("ip", "-j", "-s", "link", "show", "veth0"))[0]["stats64"][way]["packets"]


class Serving:
    """A cable with TCP port 8080 and an echo on UDP port 7000 at its far end."""

    def __enter__(self):
        self.cable = ready_ends()
        self.server = Running(self.cable.far.inside([sys.executable, "-c", LISTEN]), stdout=subprocess.PIPE)
        self.server.process.stdout.readline()
        return self.cable.near

    def __exit__(self, *why):
        self.server.__exit__(*why)
        self.cable.__exit__(*why)


def plan_of(r):
    return r.records("craft")[0]


@fact
def what_will_be_done_is_said_first_and_what_came_of_it_last():
    with Serving() as near:
        r = Craft(f"ip(dst={FAR})/tcp(dport=8080, flags=S)", inside=near)
        same(r.code, 0, r.err)
        same(r.lines[0], f"sends 1 packet of 40 bytes by raw socket on veth0 to {FAR}, as {NEAR}")
        true(re.fullmatch(rf"sent   IP {NEAR}\.\d+ > {FAR}\.8080: Flags \[S\], seq \d+, win 65535, length 0", r.lines[1]), r.lines)
        true(re.fullmatch(r"1 packet sent, 1 answered: 1 reply; round trip min/avg/max (\d+\.\d{3}/?){3} ms", r.lines[-1]), r.lines)


@fact
def an_open_port_answers_a_syn_and_a_closed_one_resets_it():
    with Serving() as near:
        for spec, port, flags, kind in ((f"ip(dst={FAR})", 8080, "[S.]", "reply"), (f"ip(dst={FAR})", 81, "[R.]", "reset"),
                                        ("ipv6(dst=fd77::2)", 81, "[R.]", "reset")):
            r = Craft("--json", f"{spec}/tcp(dport={port}, flags=S)", inside=near)
            came = r.records("came")
            same((r.code, len(came), came[0]["kind"], came[0]["number"]), (0, 1, kind, 1), str(came))
            true(f"Flags {flags}" in came[0]["line"], came[0]["line"])
            true(0 < came[0]["rtt_ns"] < 1e9, str(came[0]["rtt_ns"]))


@fact
def a_connection_that_is_crafted_is_not_reset_where_that_is_asked_for():
    """The far end's socket stays in SYN-RECV; without the guard our kernel's reset takes it away."""
    need("nft")
    serving = Serving()
    with serving as near:
        for options, left in ((["--no-rst"], 1), ([], 0)):
            r = Craft(*options, "--json", "--listen", "0.3", f"ip(dst={FAR})/tcp(dport=8080, flags=S)", inside=near)
            same((r.code, r.records("came")[0]["kind"]), (0, "reply"), r.err)
            sport = r.records("sent")[0]["packet"]["layers"][1]["tcp.srcport"]
            same(plan_of(r).get("guarded"), f"{NEAR}:{sport}" if left else None)
            half = serving.cable.far.run("ss", "-Htan", "state", "syn-recv").splitlines()
            same(len([line for line in half if f":{sport} " in line + " "]), left, f"{options}: half-open at the far end")
            same(near.run("nft", "list", "tables").strip(), "", "no table is left")
        wrong(Craft("--no-rst", f"ip(dst={FAR})/udp(dport=9)", inside=near), 2, "resets of TCP")


@fact
def udp_is_answered_by_its_server_or_by_an_error():
    with Serving() as near:
        r = Craft("--json", f'ip(dst={FAR})/udp(dport=7000)/"hello"', inside=near)
        same((r.code, r.records("came")[0]["kind"]), (0, "reply"))
        true(r.records("came")[0]["hex"].endswith(b"echo hello".hex()), r.out)
        for spec in (f"ip(dst={FAR})", "ipv6(dst=fd77::2)"):
            r = Craft("--json", f"{spec}/udp(dport=9)", inside=near)
            same((r.code, r.records("came")[0]["kind"]), (0, "error"), spec)
            true("unreachable" in r.records("came")[0]["line"], r.out)


@fact
def echoes_of_both_versions_are_answered_and_numbered():
    with Serving() as near:
        for spec in (f"ip(dst={FAR})/icmp/icmp_echo", "ipv6(dst=fd77::2)/icmpv6/icmpv6_echo"):
            r = Craft("--json", "-c", 3, "-i", "20ms", f'{spec}/"hi"', inside=near)
            same([c["number"] for c in r.records("came")], [1, 2, 3], spec)
            end = r.records("crafted")[0]
            same((end["sent"], end["answered"], end["replies"], end["lost"], end["refused"]), (3, 3, 3, 0, 0), spec)
            true(end["rtt_min_ns"] <= end["rtt_mean_ns"] <= end["rtt_max_ns"], str(end))


@fact
def neighbours_are_asked_for_by_packets_of_the_link():
    with Serving() as near:
        r = Craft("--json", f"arp/arp_ip(tpa={FAR})", inside=near)
        same((r.code, plan_of(r)["by"], plan_of(r)["source"]), (0, "packet socket", NEAR), r.err)
        true(f"Reply {FAR} is-at" in r.records("came")[0]["line"], r.out)
        r = Craft("--json", "-I", "veth0", "ipv6/icmpv6/nd_ns(target=fd77::2)", inside=near)
        same((r.code, plan_of(r)["destination"]), (0, "ff02::1:ff00:2"), r.err)
        true("neighbor advertisement" in r.records("came")[0]["line"], r.out)


@fact
def an_answer_comes_through_the_same_vlan():
    """The far end answers for 10.88.0.2 in VLAN 5, whoever asks."""
    with ready_ends() as cable, Running(cable.far.inside([sys.executable, "-c", TAGGED]), stdout=subprocess.PIPE) as run:
        run.process.stdout.readline()
        spec = "vlan(id={})/arp/arp_ip(tpa=10.88.0.2, spa=10.88.0.1)"
        r = Craft("--json", "-I", "veth0", spec.format(5), inside=cable.near)
        same((r.code, [c["kind"] for c in r.records("came")]), (0, ["reply"]), r.err)
        same(Craft("--timeout", "0.2", "-I", "veth0", spec.format(6), inside=cable.near).code, 1)


@fact
def what_nobody_answers_is_said():
    with Serving() as near:
        near.run("ip", "neighbour", "add", "10.77.0.9", "lladdr", "02:00:00:00:00:09", "dev", "veth0")
        r = Craft("--timeout", "0.2", "ip(dst=10.77.0.9)/icmp/icmp_echo", inside=near)
        same((r.code, r.lines[-2:]), (1, ["lost   no answer within 0.2 s", "1 packet sent, 0 answered"]), r.err)


@fact
def values_that_vary_are_each_sent_once():
    with Serving() as near:
        r = Craft("--json", f"ip(dst={FAR})/tcp(dport={{80, 8080-8082}}, flags=S)", inside=near)
        same([(c["number"], c["kind"]) for c in sorted(r.records("came"), key=lambda c: c["number"])],
             [(1, "reset"), (2, "reply"), (3, "reset"), (4, "reset")])
        same(plan_of(r)["gap_ns"], 10_000_000, "without being asked, no more than 100 a second")


@fact
def a_wrong_checksum_arrives_wrong_and_is_said_to_need_the_link():
    with ready_ends() as cable:
        cable.far.run("ip", "link", "set", "veth0", "promisc", "on")
        for spec, why, wrong_field in ((f"ip(dst={FAR}, checksum=0xdead)/icmp/icmp_echo", "the IPv4 checksum is pinned", "ip.checksum"),
                                       (f"ip(dst={FAR}, len=999)/icmp/icmp_echo", "the IPv4 total length is pinned", "ip.len"),
                                       (f"ip(dst={FAR})/udp(dport=9, checksum=0xbeef)", None, "udp.checksum"),
                                       ("ipv6(dst=fd77::2)/icmpv6(checksum=1)/icmpv6_echo", "the ICMPv6 checksum is pinned",
                                        "icmpv6.checksum")):
            path = os.path.join(folder(), "far.pcap")
            with Running(cable.far.inside(["tcpdump", "-i", "veth0", "-U", "-w", path, "-Q", "in", "-c", "1",
                                           "ip proto 1 or ip proto 17 or (icmp6 and ip6[40] = 128)"]),
                         stderr=subprocess.PIPE) as dump:
                dump.process.stderr.readline()
                r = Craft("--json", "--timeout", "0.1", spec, inside=cable.near)
                dump.process.wait(10)
            same((plan_of(r)["by"], plan_of(r).get("why")), ("packet socket" if why else "raw socket", why), spec)
            seen = json.loads(read(path, "--json").splitlines()[0])
            same([f for layer in seen["layers"] for f in layer.get("wrong", [])], [wrong_field], spec)
            same(seen["layers"][0]["eth.dst"], json.loads(cable.far.run("ip", "-j", "link", "show", "veth0"))[0]["address"], "the neighbour")


@fact
def fragments_are_put_together_by_the_far_end():
    with Serving() as near:
        r = Craft("--json", f'ip(dst={FAR})/frag(mtu=576)/udp(dport=7000)/"begin"/zero(1200)', inside=near)
        same((r.code, len(r.records("sent")), r.records("crafted")[0]["sent"]), (0, 3, 1), r.err)
        true("length 1210" in r.records("came")[0]["line"], r.out)


@fact
def what_is_written_needs_no_privilege_and_no_route():
    nobody_can_run_it()
    path = os.path.join(folder(), "none.pcapng")
    r = Craft("-w", path, 'ip(dst=10.0.0.2, ttl=3)/tcp(dport=80, flags=S, mss=1460)/"hello"', as_nobody=True)
    same((r.code, r.lines[0]), (0, f"writes 1 packet of 49 bytes to {path}"), r.err)
    line = read(path, "-t").strip()
    true(re.fullmatch(r"IP 0\.0\.0\.0\.\d+ > 10\.0\.0\.2\.80: Flags \[S\], seq \d+:\d+, win 65535, options \[mss 1460\], length 5.*", line), line)


@fact
def what_is_written_is_what_tshark_reads():
    need("tshark")
    path = written("eth(dst=02:00:00:00:00:02)/vlan(id=5)/ip(dst=10.0.0.2, src=10.0.0.1)/udp(sport=1-3, dport=9)/\"abc\"")
    ran = Result(["tshark", "-r", path, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields",
                  "-e", "vlan.id", "-e", "udp.srcport", "-e", "udp.checksum.status", "-e", "ip.checksum.status", "-e", "_ws.malformed"])
    same([line.split("\t") for line in ran.out.splitlines()], [["5", str(n), "1", "1", ""] for n in (1, 2, 3)], ran.err)


@fact
def packets_in_a_file_are_as_far_apart_as_they_would_be_sent():
    for options, gap in (([], 1), (["-i", "20ms"], 0.02), (["--rate", 1000], 0.001)):
        path = written("ip(dst=10.0.0.2)/udp(dport=9)", "-c", 3, *options)
        times = [json.loads(line)["frame.time"] for line in read(path, "--json").splitlines()]
        seconds = [float(t[17:-1]) for t in times]
        same([round((b - a) % 60, 6) for a, b in zip(seconds, seconds[1:])], [gap, gap], str(options))


@fact
def the_same_seed_writes_the_same_packets_and_another_one_others():
    spec = "ip(dst=10.0.0.2)/udp(sport=random, dport=9)/random(20)"
    same(read(written(spec, "-c", 5), "--craft"), read(written(spec, "-c", 5), "--craft"))
    true(read(written(spec, "-c", 5), "--craft") != read(written(spec, "-c", 5, "--seed", 8), "--craft"), "two seeds are alike")


@fact
def what_a_capture_says_as_words_is_made_again_from_them():
    path = written("ip(dst=10.0.0.2, src=10.0.0.1, df)/tcp(dport=80, flags=S, mss=1460, sackok, nop, wscale=7)/\"hi\"")
    words = read(path, "--craft").strip()
    true(words.startswith("ip(") and "mss" in words and 'src=10.0.0.1' in words, words)
    again = written(words, name="again.pcapng")
    same(read(again, "-x", "-t"), read(path, "-x", "-t"), words)
    sentence = Result([SONDE, "read", "--craft", "--json", path])
    same(sentence.code, 2)


@fact
def a_dry_run_shows_all_and_sends_nothing():
    with ready_ends() as cable:
        for options in ([], ["-I", "veth0"]):
            r = Craft("--dry-run", *options, f"eth/ip(dst={FAR}, ttl=9)/udp(dport=9)", inside=cable.near)
            same((r.code, cable.near.run("ip", "neighbour", "show", FAR)), (0, ""), "nobody is asked")
        cable.near.run("ping", "-c1", "-W2", FAR)
        before = packets(cable.near, "tx")
        r = Craft("--dry-run", f"ip(dst={FAR}, ttl=9)/udp(dport=9)/\"hey\"", inside=cable.near)
        same((r.code, packets(cable.near, "tx")), (0, before), r.err)
        same(r.lines[0], f"would send 1 packet of 31 bytes by raw socket on veth0 to {FAR}, as {NEAR}")
        true(re.search(r"ip\.ttl +9\n", r.out) and re.search(r"\t0x0000:  4500 001f", r.out), r.out)


@fact
def hex_is_as_sonde_read_has_it():
    path = written("ip(dst=10.0.0.2)/udp(dport=9)/\"hey\"")
    r = Craft("--dry-run", "--seed", 7, "-I", "lo", "--hex", "ip(dst=127.0.0.1, src=127.0.0.1, id=1)/udp(sport=5, dport=9, checksum=7)/\"hey\"")
    same([line for line in r.lines if line.startswith("\t")],
         ["\t0x0000:  4500 001f 0001 0000 4011 7ccb 7f00 0001", "\t0x0010:  7f00 0001 0005 0009 000b 0007 6865 79"], r.err)
    true(read(path, "-x").count("\t0x00") == 2, "sonde read -x")


@fact
def a_rate_is_kept_and_answers_are_matched_at_it():
    with ready_ends() as cable:
        r = Craft("--json", "-q", "--rate", 500, "-c", 250, f"ip(dst={FAR})/icmp/icmp_echo", inside=cable.near)
        end = r.records("crafted")[0]
        same((r.code, end["sent"], end["answered"]), (0, 250, 250), r.err)
        true(0.45e9 < end["duration_ns"], f"249 gaps of 2 ms took {end['duration_ns']} ns")


@fact
def a_flood_is_counted_by_the_far_end():
    with ready_ends() as cable:
        server = [sys.executable, "-c", "import socket,time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                  "s.setsockopt(1, 33, 64 << 20); s.bind(('', 9)); print('ready', flush=True); time.sleep(60)"]
        with Running(cable.far.inside(server), stdout=subprocess.PIPE) as run:
            run.process.stdout.readline()
            before = packets(cable.far, "rx")
            r = Craft("--json", "--flood", "-c", 5000, f"ip(dst={FAR})/udp(sport=random(1024-65535), dport=9)", inside=cable.near)
            after = packets(cable.far, "rx")
        end = r.records("crafted")[0]
        same((r.code, end["sent"], end["refused"], "answered" in end), (0, 5000, 0, False), r.err)
        true(5000 <= after - before < 5050, f"{after - before} came")


@fact
def af_xdp_sends_each_packet_once():
    with ready_ends() as cable:
        before = packets(cable.far, "rx")
        r = Craft("--xdp", "--rate", 20000, "-c", 3000, f"ip(dst={FAR})/udp(sport=step(1, 1024), dport=9)", inside=cable.near)
        if "built without" in r.err:
            skip(r.err)
        same((r.code, r.lines[0].split(" by ")[1].split(" on ")[0]), (0, "AF_XDP"), r.err)
        true(3000 <= packets(cable.far, "rx") - before < 3050, f"{packets(cable.far, 'rx') - before} came")
        wrong(Craft("--xdp", "ip(dst=127.0.0.1)/udp"), 2, "frames of Ethernet, which lo has not")


@fact
def what_was_sent_and_came_is_kept():
    with ready_ends() as cable:
        path = os.path.join(folder(), "kept.pcapng")
        r = Craft("--save", path, "-c", 2, "-i", "10ms", f"ip(dst={FAR})/icmp/icmp_echo", inside=cable.near)
        same(r.code, 0, r.err)
        kept = [(p["frame.direction"], p["layers"][2]["icmp.type"]) for p in map(json.loads, read(path, "--json").splitlines())]
        same(kept, [("out", 8), ("in", 0)] * 2)


@fact
def a_source_port_is_this_machines_and_nobody_elses():
    with Serving() as near:
        ports = [Craft("--json", "--seed", 5, f"ip(dst={FAR})/udp(dport=7000)", inside=near).records("sent")[0]
                 ["packet"]["layers"][1]["udp.srcport"] for _ in range(2)]
        same(ports[0], ports[1], "the same seed")
        held = [sys.executable, "-c", f"import socket,time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', {ports[0]}));"
                "print('ready', flush=True); time.sleep(60)"]
        with Running(near.inside(held), stdout=subprocess.PIPE) as run:
            run.process.stdout.readline()
            r = Craft("--json", "--seed", 5, f"ip(dst={FAR})/udp(dport=7000)", inside=near)
        same((r.code, r.records("sent")[0]["packet"]["layers"][1]["udp.srcport"] != ports[0]), (0, True))


@fact
def mistakes_in_the_words_are_pointed_at():
    for spec, place, expected in (("ip(dst=10.0.0.2, ttl=300)", "300", "8 bits"), ("ip(tll=3)", "tll", "the nearest name is ttl"),
                                  ("ip/upd(dport=9)", "upd", "the nearest name is udp"), ("ip(dst=10.0.0.2", None, "expected"),
                                  ("ip(dst=10.0.0.1)/arp", "arp", "does not follow ip")):
        r = wrong(Craft("-w", "/dev/null", spec), 2, expected)
        sentence, text, sign = r.err.splitlines()
        same(text, f"  {spec}")
        same(sign.index("^") - 2, spec.index(place) if place else len(spec), spec)
        true(f"at byte {sign.index('^') - 1}" in sentence, r.err)


@fact
def a_packet_must_say_what_it_is_and_where_to():
    for spec, words in (("udp(dport=9)", "udp cannot be the first header"), ('"x"', "begins with a header"),
                        ("eth/\"x\"", "-I INTERFACE"), ("ip/udp", "no destination address")):
        wrong(Craft(spec), 2, words)
    wrong(Craft(), 2, "which packet?")
    wrong(Craft("ip", "udp"), 2, "quote it")


@fact
def a_way_that_is_none_is_said():
    with ready_ends() as cable:
        wrong(Craft("ip(dst=198.51.100.1)/udp", inside=cable.near), 2, "there is no route to 198.51.100.1")
        wrong(Craft("ip(dst=10.77.0.3)/udp", inside=cable.near), 2, "nobody answers for 10.77.0.3 on veth0")
        wrong(Craft("-I", "nope0", f"ip(dst={FAR})/udp", inside=cable.near), 2, "there is no interface nope0")
        wrong(Craft(f"ip(dst={FAR})/udp/zero(1473)", inside=cable.near), 2, "1501 bytes", "1500", "frag(mtu=1500)")
        same(Craft("--listen", 0, f"ip(dst={FAR})/udp/zero(1472)", inside=cable.near).code, 0, "the longest that fits")
        cable.near.run("ip", "link", "set", "veth0", "down")
        wrong(Craft("-I", "veth0", f"ip(dst={FAR})/udp", inside=cable.near), 2, "interface veth0 is down")
    wrong(Craft("ip(dst=127.0.0.1)/udp/zero(66000)"), 2, "65535")


@fact
def a_privilege_that_is_lacking_is_named():
    nobody_can_run_it()
    wrong(Craft("ip(dst=127.0.0.1)/udp", as_nobody=True), 77, "cap_net_raw")


@fact
def what_this_machine_refuses_to_send_is_counted():
    need("nft")
    with ready_ends() as cable:
        cable.near.run("nft", "add table inet t; add chain inet t c { type filter hook output priority 0; }; "
                       "add rule inet t c icmp type echo-request drop")
        r = Craft("--json", "-c", 3, "-i", "1ms", f"ip(dst={FAR})/icmp/icmp_echo", inside=cable.near)
        end = r.records("crafted")[0]
        same((r.code, end["sent"], end["refused"], end["refusal"], end["lost"]), (3, 0, 3, "Operation not permitted", 0), r.err)


@fact
def what_was_written_is_sent_again_with_fields_set_anew():
    with Serving() as near:
        path = os.path.join(folder(), "again.pcapng")
        same(Craft("-w", path, "-i", "10ms", f'ip(dst=192.0.2.9, src={NEAR})/udp(sport={{4000, 4001, 4002}}, dport=7000)/"x"').code, 0)
        with Running(near.inside(["tcpdump", "-i", "veth0", "-U", "-w", path + ".pcap", "-c", "4", "udp"]), stderr=subprocess.PIPE) as dump:
            dump.process.stderr.readline()
            r = Craft("--replay", path, "--set", f"ip.dst={FAR}", "--match", "udp.srcport >= 4001", inside=near)
            dump.process.wait(10)
        same((r.code, r.lines[-1].split(",")[0]), (0, "2 packets sent"), r.err)
        seen = [json.loads(line) for line in read(path + ".pcap", "--json").splitlines()]
        same(sorted(p["layers"][2]["udp.srcport"] for p in seen), [4001, 4002, 7000, 7000], "sent, and echoed")
        same([f for p in seen for layer in p["layers"] for f in layer.get("wrong", []) if p["layers"][2]["udp.srcport"] != 7000], [])
        wrong(Craft("--replay", path, "x"), 2, "one word too many")
        wrong(Craft("--set", "ip.ttl=3", "ip/udp"), 2, "--replay")


@fact
def harm_to_others_takes_a_word_more():
    with ready_ends() as cable:
        cable.near.run("ip", "route", "add", "default", "via", FAR)
        away = "ip(dst=203.0.114.7{})/udp(dport=9)"
        wrong(Craft("--dry-run", away.format(", src=198.51.100.9"), inside=cable.near), 2, "--i-mean-it")
        wrong(Craft("--dry-run", "--rate", 2000, "-c", 5000, away.format(""), inside=cable.near), 2, "--i-mean-it")
        wrong(Craft("--dry-run", "--flood", away.format(""), inside=cable.near), 2, "--i-mean-it")
        wrong(Craft("--dry-run", "--flood", "-c", 2000, "ip(dst={10.77.0.2, 203.0.114.7})/udp", inside=cable.near), 2, "--i-mean-it")
        for options, spec in ((["--i-mean-it"], away.format(", src=198.51.100.9")), ([], away.format("")),
                              ([], f"ip(dst={FAR}, src=10.77.0.99)/udp")):
            r = Craft("--dry-run", *options, spec, inside=cable.near)
            same(r.code, 0, f"{spec}: {r.err}")


@fact
def an_interrupted_run_tells_what_there_was():
    with ready_ends() as cable:
        with Running(cable.near.inside([SONDE, "craft", "-i", "50ms", f"ip(dst={FAR})/icmp/icmp_echo"]), stdout=subprocess.PIPE) as run:
            for _ in range(4):
                run.process.stdout.readline()
            same(run.interrupt(), 0)
            last = run.process.stdout.read().decode().splitlines()[-1]
        true(re.match(r"(\d+) packets sent, \d+ answered", last), last)


@fact
def options_that_contradict_are_refused():
    for words in (["--rate", 5, "--flood"], ["-c", 0], ["--rate", 0], ["-w", "x", "--dry-run"], ["-w", "x", "--flood"],
                  ["--flood", "--save", "x"], ["--seed", "x"]):
        wrong(Craft(*words, "ip(dst=127.0.0.1)/udp"), 2)
