"""sonde ping against peers that lie, repeat themselves and never stop. A peer at the far end of a
cable sees each probe and answers as a fact says, down to the bytes. SONDE_SOAK=1 (make soak): at
full length."""

import heapq
import itertools
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

from e2e import SONDE, fact, folder, need, need_root, own_netns, same, stim, true
from test_ping import Ping, both_ends, target

SOAK = bool(os.environ.get("SONDE_SOAK"))
SECONDS = 60 if SOAK else 3
NEAR, FAR, OTHER = (socket.inet_aton(a) for a in ("10.77.0.1", "10.77.0.2", "10.77.0.3"))


def sum16(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def put(data, at, new):
    return data[:at] + new + data[at + len(new):]


def summed(data, at=2, pseudo=b""):
    """With its checksum, which stands there."""
    data = put(data, at, b"\0\0")
    return put(data, at, struct.pack("!H", sum16(pseudo + data)))


def ip(body, protocol=socket.IPPROTO_ICMP, source=FAR, total=None, fragment=0):
    """total: the length it claims; fragment: the 16 bits of flags and offset."""
    total = 20 + len(body) if total is None else total
    return summed(struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, 77, fragment, 64, protocol, 0, source, NEAR), 10) + body


class Peer:
    """At the far end: answer(n, probe) gives the IP packets that probe n, from 0, gets back, each
    with the seconds until then."""

    def __init__(self, cable, protocol, answer):
        self.protocol, self.answer, self.ended, self.why = protocol, answer, False, None
        self.socket = cable.far.call(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)))
        self.socket.bind(("veth0", 0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *why):
        self.ended = True
        self.thread.join()
        self.socket.close()
        if self.why and not why[0]:
            raise self.why

    def is_probe(self, frame):
        """Not what the near kernel answers itself."""
        mark = {socket.IPPROTO_ICMP: frame[34:35] == b"\x08", socket.IPPROTO_TCP: frame[47:48] == b"\x02",
                socket.IPPROTO_UDP: True}
        return frame[23:24] == bytes([self.protocol]) and frame[26:30] == NEAR and mark[self.protocol]

    def run(self):
        due, seen, order = [], 0, itertools.count()
        try:
            while not self.ended:
                wait = due[0][0] - time.monotonic() if due else 0.05
                self.socket.settimeout(min(max(wait, 0), 0.05))
                try:
                    frame = self.socket.recv(70000)
                except (TimeoutError, BlockingIOError):
                    frame = b""
                now = time.monotonic()
                if self.is_probe(frame):
                    head = frame[6:12] + frame[:6] + frame[12:14]
                    for packet, after in self.answer(seen, frame[14:]):
                        heapq.heappush(due, (now + after, next(order), head + packet))
                    seen += 1
                while due and due[0][0] <= now:
                    self.socket.send(heapq.heappop(due)[2])
        except Exception as why:  # to be raised where somebody looks
            self.why = why


def lie(cable, protocol, cases, *options):
    """A probe for each case: (words, function of a probe to the packets it gets, the statuses it
    has then). Packets may be (packet, seconds)."""
    def answer(n, probe):
        packets = cases[n][1](probe) if n < len(cases) else []
        return [p if isinstance(p, tuple) else (p, 0) for p in packets]
    cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
    with Peer(cable, protocol, answer):
        # Slowly, since no more than 20 a second are told of those that are no answers.
        r = Ping("-c", len(cases), "-i", "0.12", "-W", "0.6", "--json", *options, "10.77.0.2", inside=cable.near)
    got = {n: [] for n in range(1, len(cases) + 1)}
    for p in r.records("probe"):
        got[p["seq"]].append(p["status"])
    wrong = [f"{words}: {' '.join(got[n])} instead of {' '.join(statuses)}"
             for n, (words, _, statuses) in enumerate(cases, 1) if sorted(got[n]) != sorted(statuses)]
    true(not wrong, "; ".join(wrong))
    t = target(r)
    same(t["sent"], len(cases))
    same(t["received"] + t["lost"], len(cases))
    for counter, status in (("received", "reply"), ("lost", "lost"), ("late", "late"), ("duplicates", "duplicate"),
                            ("corrupted", "corrupted"), ("spoofed", "spoofed"), ("errors", "error")):
        told = sum(statuses.count(status) for _, _, statuses in cases)
        same(t[counter], told + (t["errors"] if counter == "lost" else 0), counter)
    return r


def echo(probe, payload=None, at=None, new=None):
    """The right answer; with another payload; or with other bytes there, and the sum to fit."""
    icmp = b"\0" + probe[21:28] + (probe[28:] if payload is None else payload)
    return summed(icmp if at is None else put(icmp, at, new))


def flip(data, at):
    return put(data, at, bytes([data[at] ^ 0x55]))


@fact
def no_lie_of_an_echo_reply_is_a_reply():
    def halves(p, second):
        """The first 40 bytes of the answer, and from there or sooner on the rest."""
        whole = echo(p)
        return [ip(whole[:40], fragment=0x2000), ip(whole[second:], fragment=second // 8)]
    with both_ends() as cable:
        r = lie(cable, socket.IPPROTO_ICMP, [
            ("as it should be", lambda p: [ip(echo(p))], ["reply"]),
            ("too late", lambda p: [(ip(echo(p)), 0.9)], ["lost", "late"]),
            ("too late, and twice", lambda p: [(ip(echo(p)), 0.9)] * 2, ["lost", "late", "duplicate"]),
            ("a wrong checksum", lambda p: [ip(flip(echo(p), 2))], ["corrupted", "lost"]),
            ("no checksum", lambda p: [ip(put(echo(p), 2, b"\0\0"))], ["corrupted", "lost"]),
            ("a wrong checksum of IP", lambda p: [flip(ip(echo(p)), 10)], ["lost"]),
            ("a byte of the filling", lambda p: [ip(summed(flip(echo(p), 60)))], ["corrupted", "lost"]),
            ("a byte more", lambda p: [ip(echo(p, p[28:] + b"x"))], ["corrupted", "lost"]),
            ("a byte less", lambda p: [ip(echo(p, p[28:-1]))], ["corrupted", "lost"]),
            ("the secret alone", lambda p: [ip(echo(p, p[28:36]))], ["corrupted", "lost"]),
            ("half of it", lambda p: [ip(echo(p, p[28:32]))], ["corrupted", "lost"]),
            ("nothing behind the header", lambda p: [ip(echo(p, b""))], ["corrupted", "lost"]),
            ("half a header", lambda p: [ip(summed(echo(p)[:6]))], ["lost"]),
            ("no header", lambda p: [ip(b"")], ["lost"]),
            ("another secret", lambda p: [ip(summed(flip(echo(p), 8)))], ["spoofed", "lost"]),
            ("another secret, then the right one", lambda p: [ip(summed(flip(echo(p), 15))), ip(echo(p))], ["spoofed", "reply"]),
            ("a wrong checksum, then a right one", lambda p: [ip(flip(echo(p), 3)), ip(echo(p))], ["corrupted", "reply"]),
            ("the probe itself", lambda p: [ip(p[20:])], ["lost"]),
            ("a length of IP that is too small", lambda p: [ip(echo(p), total=60)], ["corrupted", "lost"]),
            ("one that is too great", lambda p: [ip(echo(p), total=2000)], ["lost"]),
            ("one that ends in the header", lambda p: [ip(echo(p), total=19)], ["lost"]),
            ("twice", lambda p: [ip(echo(p))] * 2, ["reply", "duplicate"]),
            ("in two fragments", lambda p: halves(p, 40), ["reply"]),
            ("in fragments that overlap", lambda p: halves(p, 32), ["lost"]),
            ("from another address", lambda p: [ip(echo(p), source=OTHER)], ["reply"]),
            ("after all that, as it should be", lambda p: [ip(echo(p))], ["reply"])])
        same(target(r)["rewritten"], 1)
        same([p["seq"] for p in r.records("probe") if p.get("rewritten")], [25])


def error(quote, kind=3, code=1, words=b"\0\0\0\0"):
    return summed(bytes([kind, code, 0, 0]) + words + quote)


@fact
def an_error_counts_by_what_it_quotes():
    def extended(body, length=32):
        """RFC 4884: a quote of 128 bytes, and what claims to be objects behind it."""
        return lambda p: [ip(error((p + b"\0" * 128)[:128] + body, 11, 0, bytes([0, length, 0, 0])))]
    head = summed(b"\x20\0\0\0")
    with both_ends() as cable:
        r = lie(cable, socket.IPPROTO_ICMP, [
            ("all of it", lambda p: [ip(error(p))], ["error"]),
            ("8 bytes behind the IP header", lambda p: [ip(error(p[:28]))], ["error"]),
            ("7 bytes", lambda p: [ip(error(p[:27]))], ["lost"]),
            ("none", lambda p: [ip(error(p[:20]))], ["lost"]),
            ("half an IP header", lambda p: [ip(error(p[:10]))], ["lost"]),
            ("nothing", lambda p: [ip(error(b""))], ["lost"]),
            ("a wrong checksum", lambda p: [ip(flip(error(p), 2))], ["corrupted", "lost"]),
            ("another checksum than the probe had", lambda p: [ip(error(flip(p[:28], 22)))], ["spoofed", "lost"]),
            ("another secret", lambda p: [ip(error(flip(p, 28)))], ["spoofed", "lost"]),
            ("another identifier", lambda p: [ip(error(flip(p[:28], 24)))], ["lost"]),
            ("a probe to somebody else", lambda p: [ip(error(put(p[:28], 16, OTHER)))], ["lost"]),
            ("a source that was translated", lambda p: [ip(error(put(p, 12, OTHER)))], ["error"]),
            ("another protocol", lambda p: [ip(error(put(p, 9, b"\x11")))], ["lost"]),
            ("an answer instead of a probe", lambda p: [ip(error(put(p, 20, b"\0")))], ["lost"]),
            ("a header length that reaches past the end", lambda p: [ip(error(put(p[:28], 0, b"\x4f")))], ["lost"]),
            ("a header length that is none", lambda p: [ip(error(put(p, 0, b"\x41")))], ["lost"]),
            ("a length of IP that lies", lambda p: [ip(error(put(p, 2, b"\xff\xff")))], ["error"]),
            ("a code that nobody knows", lambda p: [ip(error(p, 3, 255))], ["error"]),
            ("a next hop of no bytes", lambda p: [ip(error(p, 3, 4))], ["error"]),
            ("from a router", lambda p: [ip(error(p, 11, 0), source=OTHER)], ["error"]),
            ("objects of length 0", extended(head + b"\0\0\1\1"), ["error"]),
            ("of length 3", extended(head + b"\0\3\1\1"), ["error"]),
            ("of length 65535", extended(head + b"\xff\xff\1\1"), ["error"]),
            ("of another version", extended(b"\x90\0\0\0" + b"\0\4\1\1"), ["error"]),
            ("a quote that claims 1020 bytes", extended(b"", 255), ["error"]),
            ("twice", lambda p: [ip(error(p))] * 2, ["error", "duplicate"]),
            ("after all that, an answer", lambda p: [ip(echo(p))], ["reply"])])
        same({p["from"] for p in r.records("probe") if p["status"] == "error"}, {"10.77.0.2", "10.77.0.3"})


def deaf(cable):
    """The far kernel answers neither TCP nor UDP; a peer does."""
    need("nft")
    cable.far.run("nft", "add table t; add chain t c { type filter hook input priority 0; }; "
                  "add rule t c meta l4proto { tcp, udp } drop")


def segment(probe, flags=0x14, ack=1, offset=5, options=b""):
    """The answer to a SYN: a RST with ACK, or what flags say."""
    near, far, seq = struct.unpack("!HHI", probe[20:28])
    made = struct.pack("!HHIIBBHHH", far, near, 0, (seq + ack) & 0xffffffff, offset << 4, flags, 0, 0, 0) + options
    return summed(made, 16, FAR + NEAR + struct.pack("!HH", socket.IPPROTO_TCP, len(made)))


@fact
def a_segment_answers_a_syn_only_if_it_acknowledges_it():
    def tcp(*made, **how):
        return lambda p: [ip(segment(p, *made, **how), socket.IPPROTO_TCP)]
    with both_ends() as cable:
        deaf(cable)
        lie(cable, socket.IPPROTO_TCP, [
            ("RST", tcp(), ["reply"]),
            ("SYN-ACK", tcp(0x12), ["reply"]),
            ("RST without ACK", tcp(0x04), ["lost"]),
            ("an acknowledgment of one byte more", tcp(ack=2), ["spoofed", "lost"]),
            ("of none", tcp(ack=0), ["spoofed", "lost"]),
            ("of another sequence number", tcp(ack=1 + (77 << 16)), ["lost"]),
            ("a wrong checksum", lambda p: [ip(flip(segment(p), 16), socket.IPPROTO_TCP)], ["corrupted", "lost"]),
            ("a header of 16 bytes", tcp(offset=4), ["lost"]),
            ("one that reaches past the end", tcp(offset=15), ["lost"]),
            ("an option without length", tcp(0x12, offset=6, options=b"\2\0\5\xb4"), ["reply"]),
            ("an option that reaches past the end", tcp(0x12, offset=6, options=b"\2\xff\5\xb4"), ["reply"]),
            ("neither SYN nor RST", tcp(0x10), ["lost"]),
            ("twice", lambda p: tcp()(p) * 2, ["reply", "duplicate"]),
            ("after all that, RST", tcp(), ["reply"])], "--tcp", 9)


def datagram(probe, payload=None, length=None):
    near, far = struct.unpack("!HH", probe[20:24])
    payload = probe[28:] if payload is None else payload
    made = struct.pack("!HHHH", far, near, 8 + len(payload) if length is None else length, 0) + payload
    return summed(made, 6, FAR + NEAR + struct.pack("!HH", socket.IPPROTO_UDP, 8 + len(payload)))


@fact
def a_datagram_without_the_secret_answers_nothing():
    def udp(*made, **how):
        return lambda p: [ip(datagram(p, *made, **how), socket.IPPROTO_UDP)]
    with both_ends() as cable:
        deaf(cable)
        lie(cable, socket.IPPROTO_UDP, [
            ("what was sent", udp(), ["reply"]),
            ("without a checksum", lambda p: [ip(put(datagram(p), 6, b"\0\0"), socket.IPPROTO_UDP)], ["reply"]),
            ("a wrong checksum", lambda p: [ip(flip(datagram(p), 6), socket.IPPROTO_UDP)], ["corrupted", "lost"]),
            ("a length that is too great", udp(length=2000), ["lost"]),
            ("one that ends in the header", udp(length=7), ["lost"]),
            ("nothing", udp(b""), ["lost"]),
            ("four bytes", udp(b"four"), ["lost"]),
            ("a greeting", udp(b"220 hello, who are you?\r\n"), ["lost"]),
            ("another secret", lambda p: [ip(datagram(p, flip(p[28:], 0)), socket.IPPROTO_UDP)], ["spoofed", "lost"]),
            ("twice", lambda p: udp()(p) * 2, ["reply", "duplicate"]),
            ("after all that, what was sent", udp(), ["reply"])], "--udp", 9)


class Watched:
    """A ping that is looked at while it runs: its records, and the most memory it had, in kB."""

    def __init__(self, space, *options):
        self.peak = 0
        argv = space.inside([SONDE, "ping", "--json", *map(str, options)])
        with tempfile.TemporaryFile("w+") as out, subprocess.Popen(argv, stdout=out) as running:
            while running.poll() is None:
                with open(f"/proc/{running.pid}/status") as status:
                    found = re.search(r"^Name:\s+sonde-ping$.*^VmHWM:\s+(\d+)", status.read(), re.M | re.S)
                self.peak = int(found.group(1)) if found else self.peak
                time.sleep(0.02)
            out.seek(0)
            self.records = [json.loads(line) for line in out]
        self.target = next(r for r in self.records if r["record"] == "target")
        self.run = self.records[-1]

    def replied(self):
        """The numbers of the probes that have a reply, in order, each as often as it has."""
        return sorted(r["seq"] for r in self.records if r["record"] == "probe" and r["status"] == "reply")


@fact
def seventy_thousand_duplicates_are_counted_and_kept_nowhere():
    """Ten probes with 7,000 answers too many for each, and two more, during which the last of these
    come; the memory of a run without them is the measure."""
    peak = []
    for more in (0, 7000):
        def answers(n, probe, more=more):
            return [(ip(echo(probe)), i // 50 * 0.002) for i in range(1 + more * (n < 10))]
        with both_ends() as cable:
            cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
            with Peer(cable, socket.IPPROTO_ICMP, answers):
                w = Watched(cable.near, "-c", 12, "-i", 0.5, "-W", 2, "10.77.0.2")
        same((w.target["received"], w.target["lost"], w.target["duplicates"], w.run["dropped"]), (12, 0, 10 * more, 0))
        peak.append(w.peak)
    true(peak[0] and peak[1] < peak[0] + 2048, f"{peak[0]} kB of memory without, {peak[1]} kB with duplicates")


@fact
def an_answer_finds_its_probe_when_its_sequence_has_come_round():
    """Of 70,000 probes the first thousand are answered when 66,600 have left, so that their sequences
    are out twice."""
    first, held = 1000, []

    def answers(n, probe):
        if n < first:
            held.append(ip(echo(probe)))
        return [(packet, i * 0.0001) for i, packet in enumerate(held)] if n == 66600 else []
    with both_ends() as cable:
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        with Peer(cable, socket.IPPROTO_ICMP, answers):
            w = Watched(cable.near, "-c", 70000, "-i", "0.00005", "--rate", 0, "-W", "8", "10.77.0.2")
    true(w.replied() == list(range(1, first + 1)), "other probes are answered than the first thousand")
    same({c: w.target[c] for c in ("sent", "received", "lost", "late", "duplicates", "corrupted", "spoofed")},
         {"sent": 70000, "received": first, "lost": 70000 - first, "late": 0, "duplicates": 0, "corrupted": 0, "spoofed": 0})


@fact
def seventy_thousand_probes_are_answered_each_once():
    with both_ends() as cable:
        w = Watched(cable.near, "-c", 70000, "-i", "0.00005", "--rate", 0, "-W", "5", "10.77.0.2")
    true(w.replied() == list(range(1, 70001)), "not each is answered once")
    same({c: w.target[c] for c in ("sent", "received", "lost", "late", "duplicates", "corrupted", "spoofed")},
         {"sent": 70000, "received": 70000, "lost": 0, "late": 0, "duplicates": 0, "corrupted": 0, "spoofed": 0})


def forging(cable, seconds, rate, *identifier):
    """Replies that the far end forges meanwhile; it prints how many."""
    argv = cable.far.inside(stim("hail", seconds, rate, "10.77.0.1", *identifier))
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


@fact
def a_blind_spoofer_moves_nothing_of_a_live_host_and_none_of_a_dead_one():
    """Replies with every identifier in turn, from the host's own address, again and again."""
    n = 10 * SECONDS
    with both_ends() as cable:
        for dead in (0, 1):
            cable.far.run("sysctl", "-qw", f"net.ipv4.icmp_echo_ignore_all={dead}")
            with forging(cable, SECONDS + 2, 2000000) as hail:
                time.sleep(0.5)
                r = Ping("-c", n, "-i", "0.1", "-W", "1", "--json", "10.77.0.2", inside=cable.near, timeout=200)
                sent = int(hail.communicate()[0])
            true(sent >= SECONDS * 65536, f"only {sent} were forged")
            t = target(r)
            same((r.code, t["sent"], t["received"], t["lost"]), (1, n, 0, n) if dead else (0, n, n, 0), f"{sent} forged")
            same([t[c] for c in ("late", "duplicates", "errors", "corrupted", "rewritten")], [0] * 5)
            same(r.records("ping")[0]["dropped"], 0)
            true(r.records("ping")[0]["foreign"] + t["spoofed"], "none of them came as far as the matcher")


@fact
def a_spoofer_who_knows_the_identifier_moves_nothing():
    """Replies with every sequence in turn, so that each names a probe that is out, again and again."""
    with both_ends() as cable:
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        raw = cable.far.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        raw.settimeout(5)
        argv = cable.near.inside([SONDE, "ping", "-c", str(10 * SECONDS), "-i", "0.1", "-W", "1", "--json", "10.77.0.2"])
        with raw, subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
            identifier = int.from_bytes(raw.recv(2000)[24:26], "big")
            with forging(cable, SECONDS, 100000, identifier) as hail:
                records = [json.loads(line) for line in running.stdout]
                true(int(hail.communicate()[0]) > SECONDS * 20000, "too few were forged")
        t = next(r for r in records if r["record"] == "target")
        same((t["sent"], t["received"], t["lost"]), (10 * SECONDS, 0, 10 * SECONDS))
        same([t[c] for c in ("late", "duplicates", "errors", "corrupted", "rewritten")], [0] * 5)
        true(t["spoofed"] > SECONDS, f"{t['spoofed']} named a probe")


def at_once(address):
    """As many pings at a time, each of an address that address(i) gives; their targets' records."""
    where, pings, count, interval = folder(), *((1000, 20, 1) if SOAK else (60, 5, 0.1))
    lines = [f"{SONDE} ping -c {count} -i {interval} -W 5 --json {address(i)} >{i} &" for i in range(pings)]
    subprocess.run(["sh", "-c", " ".join(lines) + " wait"], cwd=where, preexec_fn=own_netns, check=True, timeout=300)
    for i in range(pings):
        with open(os.path.join(where, str(i))) as file:
            records = [json.loads(line) for line in file]
        t = next(r for r in records if r["record"] == "target")
        same((t["target"], t["sent"], t["received"]), (address(i), count, count), f"ping {i}")
        same([t[c] for c in ("late", "duplicates", "errors", "corrupted", "rewritten")], [0] * 5, f"ping {i}")
        same({r["auth_bits"] for r in records if r["record"] == "probe"}, {96})
        same({r["from"] for r in records if r["record"] == "probe"}, {address(i)})


@fact
def pings_of_one_host_at_once_have_each_their_own_answers():
    need_root()
    at_once(lambda i: "127.0.0.1")


@fact
def pings_of_many_hosts_at_once_have_each_their_own_answers():
    need_root()
    at_once(lambda i: f"127.{1 + i // 250}.0.{1 + i % 250}")
