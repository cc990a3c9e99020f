"""sonde craft --replay: captured packets that leave again, as they are or with fields set anew."""

import json
import os
import struct
import time

from e2e import SONDE, Result, Running, fact, folder, need_root, nobody, nobody_can_run_it, same, true, wait_until
from test_craft import FAR, NEAR, Craft, packets, read, ready_ends, written, wrong

MACS = "eth(dst=02:00:00:00:00:02, src=02:00:00:00:00:01)"
FRAMES = f'{MACS}/ip(src={NEAR}, dst={FAR}, id=7)/udp(sport=1000-1009, dport=9)/"hello"'
RAW = f'ip(src={NEAR}, dst={FAR}, id=7)/udp(sport=1000-1009, dport=9)/"hello"'


class Tap:
    """What the far end of a cable receives, as lines."""

    def __init__(self, cable):
        self.path = os.path.join(folder(), "far.pcapng")
        self.cable = cable

    def __enter__(self):
        self.capture = Running(self.cable.far.inside([SONDE, "capture", "-i", "veth0", "-Q", "in", "-w", self.path]))
        wait_until(lambda: os.path.exists(self.path) and os.path.getsize(self.path), "the capture began")
        time.sleep(0.2)
        return self

    def __exit__(self, *why):
        self.capture.__exit__(*why)

    def frames(self, match, n):
        def there():
            out = Result([SONDE, "read", "--json", "--match", match, self.path]).out
            return [json.loads(line) for line in out.splitlines() if '"frame"' in line]
        wait_until(lambda: len(there()) >= n, f"{n} packets of {match}")
        return there()


def replay(*args, **how):
    return Craft("--replay", *args, **how)


def pcap(packets_, linktype, snap=None, gap=0.01):
    """A capture by hand: (bytes, length on the wire) each."""
    path = os.path.join(folder(), f"made{linktype}.pcap")
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, linktype))
        for i, (data, wire) in enumerate(packets_):
            f.write(struct.pack("<IIII", 1000, int(i * gap * 1e6), len(data), wire) + data)
    return path


def raw_bytes(path):
    """Of each packet of a pcap that sonde wrote."""
    data, at, ret = open(path, "rb").read(), 24, []
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        ret.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return ret


@fact
def frames_leave_as_they_are_with_their_spacing():
    path = written(FRAMES, "-i", "50ms", name="frames.pcap")
    with ready_ends() as cable, Tap(cable) as tap:
        began = time.monotonic()
        r = replay(path, "-I", "veth0", inside=cable.near)
        took = time.monotonic() - began
        same(r.code, 0, r.err)
        same(r.lines[0], f"sends 10 packets of {path} by packet socket on veth0, in 0.450 s")
        true(r.lines[-1].startswith("10 packets sent, 470 bytes, in 0.4"), r.lines[-1])
        true(took >= 0.44, f"it took {took}")
        tap.frames("udp.dstport == 9", 10)
        out = os.path.join(folder(), "came.pcap")
        Result([SONDE, "read", "--match", "udp.dstport == 9", "-w", out, tap.path])
        same(raw_bytes(out), raw_bytes(path))


@fact
def packets_of_ip_get_the_header_of_the_neighbour_or_go_by_a_raw_socket():
    path = written(RAW, "-i", "1ms", name="raw.pcap")
    with ready_ends() as cable, Tap(cable) as tap:
        far = json.loads(cable.far.run("ip", "-j", "link", "show", "veth0"))[0]["address"]
        near = json.loads(cable.near.run("ip", "-j", "link", "show", "veth0"))[0]["address"]
        r = replay(path, "-I", "veth0", inside=cable.near)
        same(r.code, 0, r.err)
        true("by packet socket on veth0" in r.lines[0], r.lines)
        same(len(tap.frames(f"eth.dst == {far} && eth.src == {near} && udp.dstport == 9", 10)), 10)
        r = replay(path, inside=cable.near)
        same(r.code, 0, r.err)
        true("by raw socket, in" in r.lines[0], r.lines)
        same(len(tap.frames("udp.dstport == 9", 20)), 20)


@fact
def a_cooked_header_is_taken_off():
    one = raw_bytes(written(RAW, "-c", 1, name="one.pcap"))[0]
    sll = struct.pack(">HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1\0\0", 0x800) + one
    sll2 = struct.pack(">HHIHBB8s", 0x800, 0, 2, 1, 0, 6, b"\2\0\0\0\0\1\0\0") + one
    with ready_ends() as cable, Tap(cable) as tap:
        for data, link, n in ((sll, 113, 1), (sll2, 276, 2)):
            r = replay(pcap([(data, len(data))], link), "-I", "veth0", inside=cable.near)
            same(r.code, 0, r.err)
            same(len(tap.frames("udp.srcport == 1000", n)), n)


@fact
def fields_are_set_and_sums_made_right_where_they_were():
    path = written(FRAMES, "-i", "1ms", name="frames.pcap")
    bad = written(f"{MACS}/ip(src={NEAR}, dst={FAR})/udp(sport=5, dport=9, sum=0x1234)", name="bad.pcap")
    with ready_ends() as cable, Tap(cable) as tap:
        r = replay(path, "-I", "veth0", "--set", "ip.dst=10.77.0.200", "--set", "udp.srcport=7-8", inside=cable.near)
        same(r.code, 0, r.err)
        true(r.lines[-1].endswith("; 10 have a field that was set"), r.lines)
        same(len(tap.frames("ip.dst == 10.77.0.200 && udp.srcport == 7", 5)), 5)
        same(len(tap.frames("ip.dst == 10.77.0.200 && udp.srcport == 8", 5)), 5)
        out = read(tap.path, "-v", "--match", "udp.dstport == 9")
        true("wrong" not in out and "bad" not in out and "should be" not in out, out)
        same(replay(bad, "-I", "veth0", "--set", "ip.dst=10.77.0.200", inside=cable.near).code, 0)
        same(len(tap.frames("udp.srcport == 5 && udp.checksum == 0x1234", 1)), 1)


@fact
def a_rate_a_flood_and_rounds_are_counted_by_the_peer():
    path = written(FRAMES, name="frames.pcap")
    with ready_ends() as cable:
        for options, n in ((("--rate", 200, "--loop", 5), 50), (("--flood", "--loop", 1000), 10000)):
            before = packets(cable.far, "rx")
            r = replay(path, "-I", "veth0", "--json", *options, inside=cable.near)
            same(r.code, 0, r.err)
            told = r.records("replay")[0]
            same((told["sent"], told["refused"], told["rounds"]), (n, 0, n // 10))
            wait_until(lambda: packets(cable.far, "rx") - before >= n, "the peer has them all")
        true(told["bytes"] == 47 * n, str(told))
    r = replay(path, "-I", "lo", "--rate", 100, "--loop", 3, "--json")
    true(r.records("replay")[0]["duration_ns"] >= 0.28e9, r.out)


@fact
def what_match_and_direction_leave_out_is_counted():
    need_root()
    path = written(FRAMES, name="frames.pcap")
    r = replay(path, "-I", "lo", "--dry-run", "--match", "udp.srcport >= 1007", "--json")
    told = r.records("replay")[0]
    same((r.code, told["packets"], told["passed"]), (0, 3, 7))
    true("sent" not in told, str(told))
    r = replay(path, "-I", "lo", "--dry-run", "--match", "frame.number == 4")
    true("would 4 " in r.out and "would send 1 packet " in r.out, r.out)
    wrong(replay(path, "-I", "lo", "--direction", "in"), 2, "there is no packet that --match and --direction let through")


@fact
def packets_that_cannot_be_sent_are_named_and_stop_all_or_are_left_out():
    need_root()
    good = raw_bytes(written(FRAMES, name="frames.pcap"))
    cut = pcap([(good[0], 47), (good[1][:30], 47), (good[2], 47), (good[3][:40], 47)], 1)
    with ready_ends() as cable:
        before = packets(cable.far, "rx")
        wrong(replay(cut, "-I", "veth0", inside=cable.near), 2, "packet 2 is cut: 30 of 47 bytes were captured",
              "nothing is sent: 2 of 4 packets cannot be, which --skip leaves out")
        same(packets(cable.far, "rx"), before)
        r = replay(cut, "-I", "veth0", "--skip", inside=cable.near)
        same(r.code, 3, r.err)
        true("2 packets sent" in r.out and "; left out: 2 cut" in r.out, r.out)
        big = pcap([(good[0], 47), (good[0] + bytes(2000), 2047)], 1)
        wrong(replay(big, "-I", "veth0", inside=cable.near), 2, "packet 2 is 2047 bytes, and veth0 takes 1514")
        wrong(replay(pcap([(bytes(60), 60)], 105), "-I", "veth0", inside=cable.near), 2,
              "packet 1 is of link type 105, which is neither Ethernet nor IP")
        wrong(replay(pcap([(good[0], 47)], 1), inside=cable.near), 2, "packet 1 is a frame of Ethernet: -I says")
        far = written("ip(src=10.77.0.1, dst=192.0.2.1)/udp(sport=1, dport=2)", name="far.pcap")
        wrong(replay(far, inside=cable.near), 2, "packet 1 goes to 192.0.2.1, and there is no route to there")
        nobody_there = written("ip(src=10.77.0.1, dst=10.77.0.99)/udp(sport=1, dport=2)", name="nobody.pcap")
        wrong(replay(nobody_there, "-I", "veth0", inside=cable.near), 2, "10.77.0.99", "does not answer")
        bad = written(f"ip(src={NEAR}, dst={FAR}, sum=1)/udp(sport=1, dport=2)", name="bad.pcap")
        wrong(replay(bad, inside=cable.near), 2, "IPv4 checksum", "-I")
        wrong(replay(pcap([(good[0], 47)], 1), "-I", "nix0", inside=cable.near), 2, "nix0")
        cable.near.run("ip", "link", "set", "veth0", "down")
        wrong(replay(pcap([(good[0], 47)], 1), "-I", "veth0", inside=cable.near), 2, "veth0", "down")


@fact
def a_file_that_ends_too_early_sends_nothing_unless_that_is_asked_for():
    need_root()
    path = written(FRAMES, name="frames.pcap")
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) - 5)
    with ready_ends() as cable:
        before = packets(cable.far, "rx")
        r = replay(path, "-I", "veth0", inside=cable.near)
        same(r.code, 3, r.err)
        same(packets(cable.far, "rx"), before)
        r = replay(path, "-I", "veth0", "--skip", "--rate", 1000, inside=cable.near)
        same(r.code, 3, r.err)
        true("9 packets sent" in r.out, r.out)


@fact
def strangers_are_not_written_to_in_the_name_of_others():
    need_root()
    path = written(f"{MACS}/ip(src=10.9.9.9, dst=8.8.8.8)/udp(sport=1, dport=2)", name="away.pcap")
    for option in ("--flood", "--dry-run"):
        wrong(replay(path, "-I", "lo", option), 2, "a source that is not this machine's", "--i-mean-it")
    same(replay(path, "-I", "lo", "--i-mean-it", "--dry-run").code, 0)
    same(replay(path, "-I", "lo", "--set", "ip.dst=127.0.0.1", "--dry-run").code, 0)


@fact
def what_is_set_wrongly_is_pointed_at():
    need_root()
    path = written(FRAMES, name="frames.pcap")
    wrong(replay(path, "-I", "lo", "--set", "ip.dts=10.0.0.1"), 2, "at byte 1", "the nearest name is ip.dst")
    wrong(replay(path, "-I", "lo", "--set", "ip.ttl=300"), 2, "at byte 8", "8 bits")
    wrong(replay(path, "-I", "lo", "--match", "ip.ttl ="), 2, "at byte")
    wrong(replay(__file__, "-I", "lo", "--dry-run"), 2, "neither a pcap nor a pcapng")
    wrong(replay(path, "-c", 3), 2, "--replay goes with")
    wrong(Craft("--set", "ip.ttl=3", "ip"), 2, "are for --replay")


@fact
def without_privilege_it_says_which_is_missing():
    nobody_can_run_it()
    path = written(FRAMES, name="frames.pcap")
    os.chmod(os.path.dirname(path), 0o755)
    os.chmod(path, 0o644)
    wrong(Craft("--replay", path, "-I", "lo", as_nobody=True), 77, "cap_net_raw")
    same(Craft("--replay", path, "-I", "lo", "--dry-run", as_nobody=True).code, 0)
