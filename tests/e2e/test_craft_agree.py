"""What sonde craft writes, as tshark and scapy read it: the same fields, no wrong length, no wrong sum."""

import collections
import os
import re
import struct
import subprocess

from e2e import HERE, SONDE, fact, folder, need, same, skip, true

TOP = os.path.dirname(HERE)
EACH = 4  # packets of each, by chance
IP = "ip(id=random, src=10.1.0.0-10.1.255.255/77, dst=10.2.0.0-10.2.255.255/99, ttl=random(1-255), dscp=random)/"
IP6 = "ipv6(src=2001:db8::1, dst=2001:db8::2, hlim=random, flow=random, dscp=random)/"
UDP = "udp(sport=random(20000-20099), dport=random(20100-20199))/"
ICMP6 = "ipv6(src=fe80::1, dst=fe80::2, hlim=255)/icmpv6/"
QUOTE = "ip(src=10.3.0.1, dst=10.3.0.2, id=random)/udp(sport=random(20000-20099), dport=random(20100-20199))/zero(100)"
QUOTE6 = "ipv6(src=2001:db8::5, dst=2001:db8::6)/udp(sport=random(20000-20099), dport=random(20100-20199))/zero(80)"

# Every protocol that both know, as it is met.
SPECS = [
    "eth(dst=random, src=random, type=0x9000)/zero(46)",
    "eth(src=random)/vlan(prio=random, dei=random, id=random)/" + IP + UDP + "random(20)",
    "eth(src=random)/ieee8021ad(prio=random, id=random)/vlan(id=random)/" + IP + UDP + "random(20)",
    "eth/arp(op=random(1-2))/arp_ip(sha=random, spa=random, tha=random, tpa=random)/pad(18)",
    "eth/llc(dsap=0x42, ssap=0x42)/stp/stp_config(root_ext=0)/pad(7)",
    "eth/pppoed(code=9, session=0)",
    "eth/pppoe(session=random)/ppp/" + IP + UDP + "random(9)",
    "eth/mpls(label=random(16-1000), tc=random, ttl=random)/mpls(label=random(16-1000))/" + IP + UDP + "random(9)",
    IP + "hex(00)",
    IP + UDP + "random(33)",
    IP + "udplite(sport=random(20000-20099), dport=random(20100-20199))/random(20)",
    IP + "udplite(sport=random(20000-20099), dport=random(20100-20199), coverage=8)/random(20)",
    IP + "tcp(sport=random(20000-20099), dport=random(20100-20199), seq=random, ackseq=random, flags=PA, win=random)/random(30)",
    IP + "tcp(sport=20000, dport=20100, seq=random, flags=S, mss=random(500-1500), sackok, ts(val=random, ecr=random), nop, wscale=random(0-14))",
    IP + "tcp(sport=20000, dport=20100, flags=A, ackseq=random, nop, nop, sack(block(left=1000, right=2000), block(left=3000, right=4000)))",
    IP + "tcp(sport=20000, dport=20100, flags=FPU, urp=random)/random(8)",
    "ip(src=10.0.0.1, dst=10.0.0.2, ra, rr(ptr=8, hop=random, hop=0.0.0.0))/icmp/icmp_echo(id=random, seq=random)",
    "ip(src=10.0.0.1, dst=10.0.0.2, lsrr(hop=random, hop=random), nop)/" + UDP + "random(5)",
    "ip(src=10.0.0.1, dst=10.0.0.2, ssrr(hop=random), nop)/" + UDP + "random(5)",
    IP + "icmp/icmp_echo(id=random, seq=random)/random(56)",
    IP + "icmp(type=0)/icmp_echo(id=random, seq=random)/random(56)",
    IP + "icmp(code=random(0-3))/icmp_unreach/" + QUOTE,
    IP + "icmp(code=4)/icmp_unreach(mtu=random)/" + QUOTE,
    IP + "icmp/icmp_error/" + QUOTE,
    IP + "icmp/icmp_param(pointer=random)/" + QUOTE,
    IP + "icmp(code=1)/icmp_redirect(gw=random)/" + QUOTE,
    IP + "icmp/icmp_time(id=random, seq=random, originate=1000, receive=2000, transmit=3000)",
    IP + "icmp/icmp_unreach/" + QUOTE + "/icmp_ext(mpls(label(label=random, tc=random, s, ttl=random)))",
    IP + "igmp(maxresp=100)/igmp_query(group=224.1.2.3)",
    IP + "igmp(maxresp=100)/igmp_query(group=224.1.2.3)/igmp_query3(s, qrv=2, qqic=125, source=random, source=random)",
    IP + "igmp/igmp_member(group=224.1.2.3)",
    IP + "igmp/igmp_report3(record(type=4, group=224.1.2.3, source=random, source=random), record(type=3, group=224.4.5.6))",
    IP + "gre/" + IP + UDP + "random(9)",
    IP + "gre(sum, key=random, seq=random)/" + IP + UDP + "random(9)",
    IP + IP + UDP + "random(9)",
    IP + IP6 + UDP + "random(9)",
    IP + "udp(sport=20000)/vxlan(vni=random)/eth(src=random)/" + IP + UDP + "random(9)",
    IP + "udp(sport=20000)/geneve(vni=random)/eth/" + IP + UDP + "random(9)",
    IP + "esp(spi=random, seq=random)/random(40)",
    IP + "ah(spi=random, seq=random)/" + UDP + "random(9)",
    IP + "sctp(sport=20000, dport=20100, tag=random, init(tag=random, rwnd=random, out=random, in=random, tsn=random))",
    IP + "sctp(sport=20000, dport=20100, tag=random, data(flags=3, tsn=random, stream=random, ssn=random, raw(\"abcde\")))",
    IP + "sctp(sport=20000, dport=20100, tag=random, sctp_sack(tsn=random, rwnd=random))",
    IP + "ospf(type=1, router=random, area=random)/zero(20)",
    IP + "vrrp(vrid=random, prio=random)/zero(8)",
    IP + "pim/hex(0001000200690014000400000001)",
    IP6 + "hex(00)",
    IP6 + UDP + "random(33)",
    IP6 + "tcp(sport=20000, dport=20100, seq=random, flags=S, mss=1440)",
    IP6 + "ipv6_hopopts(ra=random(0-2))/" + UDP + "random(9)",
    IP6 + "ipv6_dstopts(raw(010400000000))/" + UDP + "random(9)",
    IP6 + "ipv6_routing(type=4, segleft=0, data=0x00000000, segment=2001:db8::2)/" + UDP + "random(9)",
    IP6 + "ipv6_frag(id=random)/" + UDP + "random(9)",
    ICMP6 + "icmpv6_echo(id=random, seq=random)/random(56)",
    IP6 + "icmpv6(code=4)/icmpv6_error/" + QUOTE6,
    IP6 + "icmpv6/icmpv6_toobig(mtu=random)/" + QUOTE6,
    IP6 + "icmpv6/icmpv6_param(pointer=random)/" + QUOTE6,
    ICMP6 + "nd_rs(source=random)",
    ICMP6 + "nd_ra(hlim=64, m, o, lifetime=random, reachable=random, retrans=random, mtu=random, source=random)",
    ICMP6 + "nd_ra(prefix(length=64, l, a, valid=random, preferred=random, prefix=2001:db8:1::))",
    ICMP6 + "nd_ra(rdnss(lifetime=random, server=2001:db8::53, server=2001:db8::54))",
    ICMP6 + "nd_ns(target=fe80::2, source=random)",
    ICMP6 + "nd_na(r, s, o, target=fe80::2, nd_target=random)",
    ICMP6 + "nd_redirect(target=fe80::3, dst=2001:db8::9)",
    ICMP6 + "mld_query(maxresp=1000, group=ff02::5)",
    ICMP6 + "mld_member(group=ff02::5)",
    ICMP6 + "mld_report2(record(type=4, group=ff02::5, source=2001:db8::1), record(type=3, group=ff02::6))",
    IP + "udp(sport=68, dport=67)/dhcp(xid=random, secs=random, bc, chaddr=02:00:00:00:00:01, type=1, hostname=\"sonde\", "
    "mtu=random, mask=255.255.255.0, router(addr=10.0.0.1), eol)",
    IP + "udp(sport=20000, dport=53)/dns(id=random, rd, name(\"www.example.com\"), raw(00010001))",
    IP + "tcp(sport=20000, dport=53, flags=PA)/dns_tcp/dns(id=random, rd, name(\"www.example.com\"), raw(00010001))",
    IP + "udp(sport=20000, dport=123)/ntp(stratum=random(1-15))",
    IP + "tcp(sport=20000, dport=80, flags=PA)/\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"",
]
# Names of tshark's for what is wrong, and what they must not be.
STATUS = ["ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status",
          "icmpv6.checksum.status", "igmp.checksum.status", "sctp.checksum.status", "gre.checksum.status",
          "ospf.checksum.status", "vrrp.checksum.status", "pim.cksum.status"]
WRONG = ["_ws.malformed", "ip.bogus_ip_length", "udp.length.bad", "_ws.expert.message"]
CHECK = ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum", "sctp.checksum:TRUE"]


def written(specs, count):
    """Records of a classic pcap by link type, with the spec that each was made by."""
    path = os.path.join(folder(), "one.pcap")
    made = collections.defaultdict(list)
    for spec in specs:
        r = subprocess.run([SONDE, "craft", "-q", "-w", path, "-c", str(count), "--seed", "7", spec],
                           capture_output=True, text=True)
        same(r.returncode, 0, f"{spec}: {r.stderr}")
        with open(path, "rb") as f:
            data = f.read()
        link, at = struct.unpack("=I", data[20:24])[0], 24
        while at < len(data):
            n = 16 + struct.unpack("=I", data[at + 8:at + 12])[0]
            made[link].append((spec, data[at:at + n]))
            at += n
    return made


def pcaps(made, name):
    """A folder of them; {path: specs}."""
    top = os.path.join(folder(), name)
    os.makedirs(top, exist_ok=True)
    paths = {}
    for link, records in made.items():
        for i in range(0, len(records), 200):
            path = os.path.join(top, f"{link}.{i}.pcap")
            with open(path, "wb") as f:
                f.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link))
                f.write(b"".join(r for _, r in records[i:i + 200]))
            paths[path] = [s for s, _ in records[i:i + 200]]
    return top, paths


def complaints(paths):
    """What tshark finds wrong, by spec."""
    for path, specs in paths.items():
        ask = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=/t"]
        for o in ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
                  "sctp.checksum:CRC-32C", "ip.defragment:FALSE", "tcp.analyze_sequence_numbers:FALSE"):
            ask += ["-o", o]
        for n in STATUS + WRONG:
            ask += ["-e", n]
        r = subprocess.run(ask, capture_output=True, text=True)
        same(r.returncode, 0, r.stderr[:500])
        lines = r.stdout.split("\n")[:-1]
        same(len(lines), len(specs), path)
        for spec, line in zip(specs, lines):
            cells = dict(zip(STATUS + WRONG, line.split("\t")))
            bad = [n for n in STATUS if "0" in cells.get(n, "").split(",")]
            bad += [f"{n}: {cells[n]}" for n in WRONG if cells.get(n)]
            if bad:
                yield spec, bad


@fact
def tshark_reads_the_fields_that_were_crafted():
    need("tshark")
    top, _ = pcaps(written(SPECS, EACH), "agree")
    r = subprocess.run([os.path.join(TOP, "tshark_fields.py")], capture_output=True, text=True,
                       env={**os.environ, "SONDE_CORPUS": top})
    if r.returncode == 77:
        skip(r.stdout.strip())
    print(r.stdout.strip().splitlines()[0])
    same(r.returncode, 0, r.stdout[:3000])


@fact
def tshark_finds_no_wrong_length_and_no_wrong_sum():
    need("tshark")
    _, paths = pcaps(written(SPECS, EACH), "right")
    for spec, bad in complaints(paths):
        true(False, f"{spec}: {bad}")
