"""Answers to sonde ping that no honest host sends: each gets a status, and none moves a number."""

import json
import select
import socket
import struct
import subprocess
import threading

from e2e import SONDE, fact, same, true
from test_ping import both_ends

SIZE, UNREACHABLE = 56, {4: 3, 6: 1}
REQUEST, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


def summed(message):
    """With its checksum, RFC 1071."""
    padded = message + b"\0" * (len(message) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return message[:2] + struct.pack(">H", ~total & 0xffff) + message[4:]


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:]


class Asked:
    """A request as it came, and what can be made of it."""

    def __init__(self, family, packet, ends):
        self.family = family
        self.icmp = packet[20:] if family == 4 else packet
        near, far = (socket.inet_pton(socket.AF_INET6, a) for a in ends) if family == 6 else (b"", b"")
        self.ip = packet[:20] if family == 4 else struct.pack(">IHBB", 6 << 28, len(self.icmp), 58, 64) + near + far

    def reply(self, body=None, kind=None):
        """Over IPv6 the kernel writes the checksum."""
        data = bytes([REPLY[self.family] if kind is None else kind, 0, 0, 0]) + (self.icmp[4:] if body is None else body)
        return summed(data) if self.family == 4 else data

    def error(self, quote, code=1, rest=b"\0\0\0\0"):
        data = bytes([UNREACHABLE[self.family], code, 0, 0]) + rest + quote
        return summed(data) if self.family == 4 else data


def lied(ip, at, value):
    return ip[:at] + bytes([value]) + ip[at + 1:]


# What is sent for a probe, and the statuses that it may get. The kernel drops messages of under 8 bytes or not.
HOSTILE = [
    ("the answer", lambda a: [a.reply()], ["reply"]),
    ("it twice", lambda a: [a.reply()] * 2, ["reply", "duplicate"]),
    ("its header alone", lambda a: [a.reply(a.icmp[4:8])], ["corrupted", "lost"]),
    ("four bytes", lambda a: [a.reply(b"")], ["lost"]),
    ("half of its data", lambda a: [a.reply(a.icmp[4:36])], ["corrupted", "lost"]),
    ("more data", lambda a: [a.reply(a.icmp[4:] + b"x" * 100)], ["corrupted", "lost"]),
    ("other data", lambda a: [a.reply(flip(a.icmp, len(a.icmp) - 1)[4:])], ["corrupted", "lost"]),
    ("another secret", lambda a: [a.reply(flip(a.icmp, 8)[4:])], ["lost", "spoofed"]),
    ("another identifier", lambda a: [a.reply(flip(a.icmp, 4)[4:])], ["lost"]),
    ("the request itself", lambda a: [a.reply(kind=REQUEST[a.family])], ["lost"]),
    ("an unknown type", lambda a: [a.reply(kind=250)], ["lost"]),
    ("an error that quotes nothing", lambda a: [a.error(b"")], ["lost"]),
    ("an error that quotes half a header", lambda a: [a.error(a.ip[:12])], ["lost"]),
    ("an error that quotes a header alone", lambda a: [a.error(a.ip)], ["lost"]),
    ("an error that quotes four bytes behind it", lambda a: [a.error(a.ip + a.icmp[:4])], ["lost"]),
    ("an error that quotes eight", lambda a: [a.error(a.ip + a.icmp[:8])], ["error"]),
    ("an error that quotes another secret", lambda a: [a.error(a.ip + flip(a.icmp, 8))], ["lost", "spoofed"]),
    ("an error about somebody else's probe", lambda a: [a.error(a.ip + flip(a.icmp, 4))], ["lost"]),
    ("a quote of another version", lambda a: [a.error(lied(a.ip, 0, 0xf5) + a.icmp)], ["lost"]),
    ("a quote with too long a header", lambda a: [a.error((lied(a.ip, 0, 0x4f) if a.family == 4 else lied(a.ip, 6, 0)) + a.icmp)], ["lost"]),
    ("a length of the quote that lies", lambda a: [a.error(a.ip + a.icmp, rest=b"\xff\xff\xff\xff")], ["error"]),
    ("a code that nobody knows", lambda a: [a.error(a.ip + a.icmp, code=200)], ["error"]),
    ("an error and then the answer", lambda a: [a.error(a.ip + a.icmp), a.reply()], ["duplicate", "error"]),
    ("the answer and then an error", lambda a: [a.reply(), a.error(a.ip + a.icmp)], ["duplicate", "reply"]),
    ("the answer at the end", lambda a: [a.reply()], ["reply"]),
]
ONLY_4 = [("a wrong checksum", lambda a: [flip(a.reply(), 2)], ["corrupted", "lost"])]


def answer(raw, family, cases, ends):
    """One hostile answer after the other, until nothing more is asked."""
    for _, make, _ in cases:
        packet = b""
        while not packet or asked.icmp[0] != REQUEST[family]:
            if not select.select([raw], [], [], 3)[0]:
                return
            packet, peer = raw.recvfrom(2000)
            asked = Asked(family, packet, ends)
        for message in make(asked):
            raw.sendto(message, peer)


def met(family, near, far):
    cases = HOSTILE + (ONLY_4 if family == 4 else [])
    with both_ends() as cable:
        kind, protocol = (socket.AF_INET, socket.IPPROTO_ICMP) if family == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1")
        with cable.far.call(lambda: socket.socket(kind, socket.SOCK_RAW, protocol)) as raw:
            thread = threading.Thread(target=answer, args=(raw, family, cases, (near, far)))
            thread.start()
            done = subprocess.run(cable.near.inside([SONDE, "ping", "--json", "-c", len(cases), "-i", "0.03", "-W", "0.4", "-s", SIZE, far]),
                                  capture_output=True, text=True, timeout=30, check=False)
            thread.join()
    records = [json.loads(line) for line in done.stdout.splitlines()]
    told = {what: sorted(r["status"] for r in records if r["record"] == "probe" and r["seq"] == seq)
            for seq, (what, _, _) in enumerate(cases, 1)}
    same([(what, told[what]) for what, _, statuses in cases if told[what] != sorted(statuses)], [], f"statuses of IPv{family}")
    t = next(r for r in records if r["record"] == "target")
    fates = [statuses for _, _, statuses in cases]
    same((done.returncode, done.stderr), (0, ""))
    same((t["sent"], t["received"], t["lost"], t["errors"], t["duplicates"]),
         (len(cases), *(sum(w in f for f in fates) for w in ("reply",)), sum("reply" not in f for f in fates),
          *(sum(w in f for f in fates) for w in ("error", "duplicate"))), "counts")
    same((t["corrupted"], t["spoofed"], t["late"]), (*(sum(w in f for f in fates) for w in ("corrupted", "spoofed")), 0))
    true(0 < t["rtt_min_ns"] <= t["rtt_max_ns"] < 400e6, f"round trips from {t['rtt_min_ns']} to {t['rtt_max_ns']}")


@fact
def hostile_answers_get_a_status_each_and_move_no_number():
    met(4, "10.77.0.1", "10.77.0.2")


@fact
def hostile_answers_of_ipv6_get_a_status_each_and_move_no_number():
    met(6, "fd77::1", "fd77::2")
