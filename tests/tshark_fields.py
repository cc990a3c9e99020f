#!/usr/bin/env python3
"""Our field values against tshark's, over captures that nobody here wrote.

tshark_fields.py [-v]	$SONDE_CORPUS or ../shared/corpus holds the captures; -v shows what is explained, with examples.

A field may differ only for a reason that stands in EXPLAINED. At most PACKETS a file, one run of
tshark a link type, so it takes seconds. Exit 1: a difference without a reason; 77: nothing to ask.
"""
import collections
import datetime
import ipaddress
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

PACKETS, LONGEST, SECONDS = 200, 3000, 60
LINKS = {0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 228, 229, 276}
MALFORMED = 3  # enum sonde_stop

# Why a field may differ: "other": another value, "unshown": tshark shows none, "only": we have none.
ACE = "tshark joins these bits as tcp.flags.ace once accurate ECN is agreed on"
HELD = "tshark shows it only for the types and codes that use it"
PARAM = "tshark gives the name to other headers and options too, which are not declared here"
FRAG = "a fragment beyond the datagram: tshark shows nothing of it"
JUMBO = "hop-by-hop options in the wrong place: tshark stops there"
EXPLAINED = {
    ("unshown", "eth.type"): "below 1536 it is a length, and tshark calls it eth.len",
    ("unshown", "vlan.etype"): "below 1536 it is a length, and tshark calls it vlan.len",
    ("unshown", "sll.src.eth"): "tshark shows it only where halen is 6",
    ("unshown", "sll.etype"): "tshark names the field by the kind of interface (sll.ltype, sll.gretype)",
    ("only", "sll.unused"): "in cooked v1 tshark calls the rest of the address so",
    ("other", "icmpv6.opt.reserved"): PARAM, ("other", "icmpv6.opt.prefix"): PARAM,
    ("other", "icmpv6.opt.prefix.length"): PARAM, ("only", "icmpv6.reserved"): PARAM,
    ("unshown", "icmpv6.opt.reserved"): PARAM,
    ("only", "icmp.ident"): "RFC 8335, not declared here",
    ("only", "icmpv6.echo.identifier"): "RFC 8335, not declared here",
    ("only", "ip.opt.ptr"): "the timestamp option, not declared here",
    ("other", "tcp.flags.res"): "tshark tells only whether any of the three is set",
    ("unshown", "tcp.flags.ae"): ACE, ("unshown", "tcp.flags.cwr"): ACE, ("unshown", "tcp.flags.ece"): ACE,
    ("unshown", "ipv6.routing.src.addr"): "tshark calls a hop by the type of the routing header",
    ("unshown", "icmp.length"): HELD, ("unshown", "icmp.mtu"): HELD,
    ("other", "ip.len"): "0 where the device cut the segments: tshark puts the frame's length there",
    ("only", "ip.version"): "tshark's alias for ipv6.version",
}
for _n in ("arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.hw_mac", "arp.dst.proto_ipv4"):
    EXPLAINED["only", _n] = "the other address has another size: both are body here"
    EXPLAINED["unshown", _n] = "6 bytes, but not of Ethernet: tshark has other names for them"
for _n in ("nxt", "reserved_octet", "offset", "reserved_bits", "more", "ident"):
    EXPLAINED["unshown", "ipv6.fraghdr." + _n] = FRAG
for _n in ("ipv6.hopopts.nxt", "ipv6.hopopts.len", "ipv6.opt.jumbo"):
    EXPLAINED["unshown", _n] = JUMBO
# Applications, with what tshark calls them; which bytes are one is for each to decide.
APPS = {"dns": {"dns", "mdns", "llmnr"}, "dhcp": {"dhcp", "bootp"}, "dhcpv6": {"dhcpv6"}, "http": {"http", "ssdp"},
        "ntp": {"ntp"}, "quic": {"quic"}, "ssh": {"ssh"}, "tls": {"tls"}}
for _n in ("authoritative", "recavail", "rcode", "authenticated"):
    EXPLAINED["unshown", "dns.flags." + _n] = "tshark shows it only in answers"
EXPLAINED["unshown", "dns.data"] = "of a type that tshark takes apart further"
for _n in ("reftime", "org", "rec"):
    EXPLAINED["only", "ntp." + _n] = "0 is NULL there and absent here"
for _n in ("flags.li", "ctrl.flags2", "stratum", "ppoll"):
    for _k in ("unshown", "only"):
        EXPLAINED[_k, "ntp." + _n] = "of private messages, which tshark takes apart"
for _n in ("fixed_bit", "long.packet_type"):
    EXPLAINED["unshown", "quic." + _n] = "not shown of a retry or a negotiation of versions"
for _n in ("hw.type", "hw.mac_addr"):
    EXPLAINED["other", "dhcp." + _n] = "once more for the client identifier"
EXPLAINED["other", "dhcpv6.msgtype"] = EXPLAINED["only", "dhcpv6.xid"] = "of the message inside a relay's"
EXPLAINED["only", "dns.opt.data"] = "<MISSING> where there is none"
INNER = "in a header or a tunnel that is named here and no more"
SMALL = "too few bytes, or a version nobody knows: tshark shows what is there"
for _n in ("sctp.chunk_flags", "sctp.chunk_length"):
    EXPLAINED["only", _n] = "of chunks that are named here and no more"
for _n in ("other pim.res_bytes", "unshown pim.res_bytes", "only pim.res_bytes", "only pim.version", "only pim.cksum",
           "only pim.type", "other ospf.reserved", "only ospf.reserved", "other igmp.reserved", "only igmp.reserved",
           "unshown igmp.reserved", "only igmp.maddr", "only esp.spi", "only esp.sequence", "only wlan.fc.version",
           "only wlan.fc.type", "only wlan.fc.subtype", "only wlan.flags", "only cdp.version", "only cdp.ttl",
           "only cdp.checksum", "other icmp.ext.ctype", "only icmp.ext.ctype"):
    EXPLAINED[tuple(_n.split())] = INNER
for _n in ("proto", "hlen", "mhtype", "reserved", "csum"):
    EXPLAINED["only", "mip6." + _n] = SMALL
for _n in ("version", "type", "virt_rtr_id", "prio", "addr_count", "reserved_mbz", "short_adver_int", "auth_type",
           "adver_int", "checksum"):
    EXPLAINED["only", "vrrp." + _n] = SMALL
for _n in ("version", "opcode", "checksum", "flags", "seq", "ack", "vrid", "as"):
    EXPLAINED["unshown", "eigrp." + _n] = JUMBO
for _n in ("protocol", "code", "identifier", "length"):
    EXPLAINED["unshown", "ppp." + _n] = "PPP by its ethertype, 0x880b: tshark takes it only inside GRE"
for _n in ("msg_age", "max_age", "hello", "forward"):
    EXPLAINED["other", "stp." + _n] = "tshark rounds the 1/256 seconds"
EXPLAINED["unshown", "llc.type"] = "tshark names it by who defines it (llc.cisco_pid)"
EXPLAINED["unshown", "igmp.max_resp"] = EXPLAINED["unshown", "igmp.type"] = EXPLAINED["unshown", "igmp.checksum"] = \
    "tshark takes the byte for something else in version 1, and DVMRP, PIM and mtrace for their own protocols"
EXPLAINED["other", "igmp.max_resp"] = "tshark decodes the exponent"
EXPLAINED["only", "llc.control.ftype"] = "of control fields of two bytes"
EXPLAINED["other", "llc.control"] = "tshark reads the two bytes as little-endian"
EXPLAINED["unshown", "icmpv6.mld.maximum_response_delay"] = "tshark has another name in version 2"
for _n in ("icmp.ext.version", "icmp.ext.res", "icmp.ext.checksum", "icmp.ext.ctype", "icmp.int_info.role",
           "icmp.int_info.reserved", "icmp.int_info.ifindex", "icmp.int_info.ipaddr",
           "icmp.int_info.name_present", "icmp.int_info.mtu_present", "icmp.int_info.index", "icmp.int_info.afi",
           "icmp.int_info.ipv4", "icmp.int_info.name"):
    EXPLAINED["only", _n] = "no length told and a wrong sum: RFC 4884 section 5.5 sees no extension there"
EXPLAINED["unshown", "icmp.int_info.name"] = "tshark leaves out a name that fills its object to the end"
EXPLAINED["other", "pppoed.tags.max_payload"] = "tshark shows bytes"
# And in packets that tests/e2e/test_craft_agree.py crafts, which says so by --crafted.
CRAFTED = {
    ("only", "udp.length"): "tshark works out the length of UDP-Lite, which has none",
    ("other", "ip.dst"): "of a source route tshark shows the last hop",
    ("unshown", "ip.rec_rt"): "tshark has another name for the hops of a source route",
    ("other", "ip.rec_rt"): "tshark does not show slots that are free",
    ("other", "ip.version"): "tshark's alias for ipv6.version",
    ("unshown", "icmpv6.length"): HELD,
    ("unshown", "icmpv6.mld.source_address"): "tshark has another name in reports",
    ("only", "ntp.xmt"): "0 is NULL there and absent here",
}
for _k in ("only", "other"):
    CRAFTED[_k, "icmp.unused"] = "tshark calls bytes so that have names of their own here"
OPTIONS = ["ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE",
           "tcp.analyze_sequence_numbers:FALSE"]


def records(path):
    """(link type, wire length, bytes) of a classic pcap; what is cut or is no pcap ends it."""
    data = path.read_bytes()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<",
             b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}.get(data[:4])
    if not order or len(data) < 24:
        return
    link = struct.unpack(order + "I", data[20:24])[0]
    if link >> 16:  # with a frame check sequence, which is not ours to strip
        return
    at = 24
    for _ in range(PACKETS):
        if at + 16 > len(data):
            return
        have, wire = struct.unpack(order + "II", data[at + 8:at + 16])
        if at + 16 + have > len(data):
            return
        if have <= LONGEST:
            yield link, max(have, wire), data[at + 16:at + 16 + have]
        at += 16 + have


def collect(corpus, top):
    """One pcap a link type; returns {link: (path, [where each packet came from])}."""
    files, origin = {}, collections.defaultdict(list)
    for path in sorted(corpus.rglob("*.pcap")):
        for n, (link, wire, data) in enumerate(records(path), 1):
            if link not in LINKS:
                continue
            if link not in files:
                files[link] = open(top / f"{link}.pcap", "wb")
                files[link].write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link))
            files[link].write(struct.pack("=IIII", 0, 0, len(data), wire) + data)
            origin[link].append(f"{path.name}:{n}")
    for f in files.values():
        f.close()
    return {link: (top / f"{link}.pcap", origin[link]) for link in files}


def value(text):
    """One spelling for a value, whoever printed it."""
    text = text.strip()
    if text in ("True", "False"):
        return int(text == "True")
    if re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", text):
        return text.replace(":", "")
    if ":" in text:
        try:
            return ipaddress.IPv6Address(text).packed.hex()
        except ValueError:
            return text
    if text.count(".") == 3:
        return int.from_bytes(bytes(int(x) for x in text.split(".")), "big")
    try:
        return int(text, 0)
    except ValueError:
        return text


def theirs(path, names):
    ask = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=/t", "-E", "aggregator=;",
           "-E", "occurrence=a"]
    for o in OPTIONS:
        ask += ["-o", o]
    for n in names + ["frame.protocols"]:
        ask += ["-e", n]
    out = subprocess.run(ask, capture_output=True, timeout=SECONDS).stdout.decode("latin1")
    for line in out.split("\n")[:-1]:
        cells = line.split("\t")
        yield {n: c.split(";") for n, c in zip(names, cells) if c}, cells[-1].split(":")


def ours(path, program):
    out = subprocess.run([program, str(path)], capture_output=True, check=True).stdout.decode()
    for line in out.split("\n")[:-1]:
        fields = collections.defaultdict(list)
        for pair in line.split("\t")[:-1]:
            name, _, v = pair.partition("=")
            if name != "is":
                v = v[1:] if v[:1] == "x" else Text(bytes.fromhex(v[1:])) if v[:1] == "t" else \
                    When(v[1:]) if v[:1] == "n" else int(v)
            fields[name].append(v)
        yield fields


class Text(str):
    """Text from the wire, as tshark spells it."""
    def __new__(cls, octets):
        return str.__new__(cls, octets.decode("latin1").replace("\\.", ".").replace("\\\\", "\\"))


class When(int):
    """Nanoseconds since 1970."""
    def equals(self, text):
        if text == "NULL":
            return False
        day, _, rest = text.removesuffix(" UTC").partition(".")
        at = datetime.datetime.strptime(day + " +0000", "%b %d, %Y %H:%M:%S %z")
        return self == int(at.timestamp()) * 10**9 + int(rest)


def same(mine, their):
    """Whether what tshark printed are these values."""
    return len(mine) == len(their) and all(
        a == ("." if b == "<Root>" else b) if isinstance(a, Text) else
        a.equals(b) if isinstance(a, When) else a in (b, b.replace(":", ""), value(b))
        for a, b in zip(mine, their))


def same_layers(mine, protocols):
    """Tunnels and the like that are not declared here would only compare apples with pears."""
    return all(mine["is"].count(n) == protocols.count(n) for n in ("eth", "ip", "ipv6"))


def of_another(name, mine, protocols):
    """Whether only one of both takes the packet for the application whose field this is."""
    app = name.split(".")[0]
    return app in APPS and any(i.split("_")[0] == app for i in mine["is"]) != any(p in APPS[app] for p in protocols)


def main():
    verbose = "-v" in sys.argv[1:]
    if "--crafted" in sys.argv[1:]:
        EXPLAINED.update(CRAFTED)
    corpus = pathlib.Path(os.environ.get("SONDE_CORPUS") or "../shared/corpus")
    program = os.environ.get("SHOW_FIELDS") or os.environ.get("SONDE_BUILD", "build/cc") + "/show_fields"
    for missing in ([] if corpus.is_dir() else [f"there are no captures in {corpus}"]) + \
            ([] if shutil.which("tshark") else ["there is no tshark"]):
        print(f"skipped: tshark's fields: {missing}")
        return 77
    top = pathlib.Path("build/tshark")
    top.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    known = {line.split("\t")[2] for line in subprocess.run(
        ["tshark", "-G", "fields"], capture_output=True).stdout.decode("latin1").split("\n")
        if line.startswith("F\t")}
    names = [n for n in dict.fromkeys(subprocess.run(
        [program, "--names"], capture_output=True, check=True).stdout.decode().split()) if n in known]
    equal, odd = collections.Counter(), collections.Counter()
    example, packets, left, broken, apps = collections.defaultdict(list), 0, 0, 0, 0
    for link, (path, origin) in sorted(collect(corpus, top).items()):
        for where, m, (t, protocols) in zip(origin, ours(path, program), theirs(path, names)):
            if not same_layers(m, protocols):
                left += 1
                continue
            packets += 1
            for n in names:
                a, b = m.get(n, []), t.get(n, [])
                if same(a, b):
                    equal[n] += len(a)
                elif of_another(n, m, protocols):
                    apps += 1
                elif not b and m["stop"] == [MALFORMED]:
                    broken += 1  # tshark shows nothing of a header that it calls bogus
                else:
                    kind = "only" if not a else "unshown" if not b else "other"
                    odd[kind, n] += 1
                    example[kind, n].append((where, a[:4], b[:4], m["is"]))
    print(f"{packets} packets compared, {left} of other layers left out, {sum(equal.values())} values equal, "
          f"{sum(odd.values())} not, {broken} of malformed headers, {apps} of other applications; {time.monotonic() - began:.0f} s")
    print(f"{len([n for n in equal if equal[n]])} of {len(names)} fields were seen equal")
    bad = 0
    for (kind, n), c in odd.most_common():
        why = EXPLAINED.get((kind, n))
        bad += not why
        if verbose or not why:
            print(f"{'' if why else 'not explained: '}{kind} {n}: {c} ({equal[n]} equal){': ' + why if why else ''}")
        for e in example[kind, n][:3] if verbose or not why else []:
            print("    ", *e)
    print(f"{'not ok' if bad or not packets else 'ok'} tshark's fields: {bad} differ without a reason")
    return 1 if bad or not packets else 0


sys.exit(main())
