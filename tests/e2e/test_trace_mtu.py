"""sonde trace --mtu: against what `lab check` says of the links, and beside tracepath."""

import os
import re
import shlex

from e2e import Report, Result, SONDE, fact, folder, nobody, nobody_can_run_it, same, true
from test_lab import ROOT
from test_lab_ready import Ready

WAYS = [(family, method) for family in (4, 6) for method in ([], ["-I"], ["-T"])]

# Links that are told of, one whose router says so once a second, and two black holes, one behind
# the other.
NARROW = """lab narrow seed=5
host src dst far
router r1 r3 r4 r5
router r2 icmp-rate=1/s
sim odd {
	hop 1
	hop 2 mtu=1300
	hop 3
	hop 4 silent mtu=1290
	hop 5
}
link src r1 mtu=9000
link r1 r2 mtu=4000
link r2 r3 mtu=1400 delay=1ms
link r3 r4 mtu=1350
link r4 r5 mtu=1290
link r5 dst mtu=1281
link r3 far
link r1 odd
box r4 drop=icmp-frag-needed
box r5 drop=icmp-frag-needed
route * auto
"""


class Links(Ready):
    """A lab, and what its links take."""

    def mtu(self, node, peer):
        return next(r["mtu"] for r in self.addresses if (r["node"], r.get("peer")) == (node, peer))

    def takes(self, a, b):
        """Of the path from a to b, hop by hop: the largest packet that gets there."""
        nodes, got = self.path(a, b)["nodes"], []
        for near, behind in zip(nodes, nodes[1:]):
            got.append(min([self.mtu(near, behind), *got]))
        return got

    def told(self, node, to, *options, family=4, code=0):
        """One target's records: its hops and the path."""
        out = self.run(node, SONDE, "trace", "-n", "--mtu", "--json", f"-{family}", *options, to, code=code).out
        report = Report(out)
        return report.of("hop"), report.of("path")[0]

    def lines(self, node, to, *options):
        """What stands below the hops."""
        out = self.run(node, SONDE, "trace", "-n", "--mtu", *options, to).out
        return [line for line in out.splitlines() if re.match(r"  |mtu", line)]


@fact
def a_black_hole_is_found_by_every_method():
    lab = Links("blackhole")
    truth = lab.path("src", "dst")
    same((truth["mtu"], truth["mtu_told"]), (1300, False), "the oracle")
    behind = truth["nodes"].index("r2")
    for family, method in WAYS:
        hops, path = lab.told("src", "dst", *method, family=family)
        what = f"IPv{family} {method}"
        same((path["mtu"], path["mtu_confirmed"], path["black_hole_after"], path.get("mtu_from")),
             (truth["mtu"], True, behind, None), what)
        same([h["pmtu"] for h in hops], lab.takes("src", "dst"), f"{what}: what reaches each hop")


@fact
def on_the_other_side_it_is_told_and_tracepath_agrees():
    lab = Links("blackhole")
    truth = lab.path("near", "src")
    same((truth["mtu"], truth["mtu_told"]), (1300, True), "the oracle")
    for family, method in WAYS:
        hops, path = lab.told("near", "src", *method, family=family)
        what = f"IPv{family} {method}"
        same((path["mtu"], path["mtu_confirmed"], path["mtu_from_ttl"], path.get("black_hole_after")),
             (truth["mtu"], True, 1, None), what)
        true(path["mtu_from"] in truth["hops"][0][f"v{family}"], f"{what}: {path['mtu_from']} is not r3")
        same([h["pmtu"] for h in hops], lab.takes("near", "src"), f"{what}: what reaches each hop")
        same(hops[0]["mtu"], 1300, f"{what}: what r3 says of the next link")
    true("pmtu 1300" in lab.run("near", "tracepath", "-n", "-4", "src").out, "tracepath")


@fact
def tracepath_stops_at_the_black_hole_that_trace_finds():
    lab = Links("blackhole")
    out = lab.run("src", "tracepath", "-n", "-4", "-m", "4", "dst").out
    true("3:  no reply" in out and "pmtu 1500" in out and "pmtu 1300" not in out, f"tracepath: {out!r}")
    same(lab.told("src", "dst")[1]["mtu"], 1300)


@fact
def links_that_narrow_step_by_step_are_all_found():
    lab = Links("narrow", text=NARROW)
    takes = lab.takes("src", "dst")
    same(takes, [9000, 4000, 1400, 1350, 1290, 1281], "the oracle")
    for family, method in WAYS:
        hops, path = lab.told("src", "dst", *method, family=family)
        what = f"IPv{family} {method}"
        same([h["pmtu"] for h in hops], takes, f"{what}: what reaches each hop")
        same([h.get("mtu") for h in hops], [4000, 1400, 1350, None, None, None], f"{what}: what they say of the next link")
        same((path["mtu"], path["mtu_confirmed"], path["black_hole_after"]), (1281, True, 5), what)


@fact
def a_simulated_router_tells_and_a_silent_one_swallows():
    lab = Links("narrow", text=NARROW)
    truth = lab.path("src", "odd")
    same((truth["mtu"], truth["mtu_told"]), (1290, False), "the oracle")
    for family in (4, 6):
        hops, path = lab.told("src", "odd", family=family)
        same([h["pmtu"] for h in hops], [9000, 1500, 1500, 1300, 1290, 1290], f"IPv{family}")
        same((path["mtu"], path["black_hole_after"]), (truth["mtu"], 4), f"IPv{family}")


@fact
def lines_say_who_told_where_packets_vanish_and_at_last_the_mtu():
    lab = Links("blackhole")
    same(lab.lines("src", "dst", "-4"), ["  black hole behind hop 2: packets above 1300 bytes vanish", "mtu 1300"])
    same(lab.lines("near", "src", "-4"), ["  hop 1: the next link takes 1300 bytes, says 10.0.5.1", "mtu 1300"])
    same(lab.lines("near", "src", "-6")[-1], "mtu 1300")
    same(lab.lines("src", "r2", "-4"), ["mtu 1500"])


@fact
def probes_of_the_search_count_for_no_hop():
    lab = Links("blackhole")
    report = Report(lab.run("src", SONDE, "trace", "-n", "-4", "--mtu", "--json", "dst").out)
    for h in report.of("hop"):
        same((h["sent"], h["received"], h["lost"], h["local_errors"], h["loss"]), (3, 3, 0, 0, "none"), f"hop {h['ttl']}")
    sized = [p["size"] for p in report.of("probe") if "size" in p]
    same(sized[0], 65535 - 28, "the first, which is longer than any link takes")
    true(10 < len(sized) <= 256, f"{len(sized)} probes")


@fact
def rounds_go_on_beside_the_search():
    lab = Links("blackhole")
    out = lab.run("src", SONDE, "trace", "-n", "-4", "--mtu", "--report", "-c", "4", "--interval", "0.1", "dst").out
    rows = re.findall(r"^ *\d+ +10\.0\.\d\.2 +0(?:\.\d)?% +(\d+)", out, re.M)
    same(rows, ["4"] * 4, f"sent to each hop in {out!r}")
    true(out.endswith("vanish\nmtu 1300\n"), out)


@fact
def what_the_kernel_has_learned_before_changes_nothing():
    lab = Links("blackhole")
    script = "; ".join(["ping -4 -c 1 -M do -s 1400 -W 1 src", "ip route get 10.0.1.1",
                        shlex.join([SONDE, "trace", "-n", "-4", "--mtu", "--json", "src"])])
    out = lab.run("near", "sh", "-c", script).out
    true("mtu 1300" in out, f"the kernel has learned nothing: {out!r}")
    report = Report("\n".join(line for line in out.splitlines() if line.startswith("{")))
    same([h["pmtu"] for h in report.of("hop")], lab.takes("near", "src"))


@fact
def a_target_that_answers_once_a_second_is_no_black_hole():
    lab = Links("blackhole")
    with ROOT.up(open(lab.file, encoding="utf-8").read()) as up:
        up.exec("near", "sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000", "net.ipv4.icmp_ratemask=6168")
        up.exec("src", "sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000", "net.ipv4.icmp_ratemask=6168")
        out = up.exec("near", SONDE, "trace", "-n", "-4", "--mtu", "src").out
        true(out.endswith("  hop 1: the next link takes 1300 bytes, says 10.0.5.1\nmtu 1300\n"), out)
        out = up.exec("src", SONDE, "trace", "-n", "-4", "--mtu", "r2").out
        true(out.endswith("mtu 1500\n"), out)


@fact
def what_was_kept_is_told_again_to_the_byte():
    lab = Links("blackhole")
    file = os.path.join(folder(), "mtu.pcapng")
    for form in ([], ["--json"], ["--csv"]):
        live = lab.run("src", SONDE, "trace", "-n", "-4", "--mtu", *form, "--save", file, "dst").out
        same(Result([SONDE, "trace", "-n", *form, "--from", file]).out, live, f"{form}")


@fact
def it_needs_no_privilege():
    nobody_can_run_it()
    lab = Links("narrow", text=NARROW)
    for family in (4, 6):
        out = lab.run("src", *nobody([SONDE, "trace", "-n", f"-{family}", "--mtu", "--json", "dst"])).out
        report = Report(out)
        same(report.of("trace")[0]["sockets"], "udp socket")
        same([h["pmtu"] for h in report.of("hop")], lab.takes("src", "dst"), f"IPv{family}")
        same(report.of("path")[0]["black_hole_after"], 5)


@fact
def a_source_route_would_take_room():
    run = Result([SONDE, "trace", "--mtu", "-g", "10.0.0.1", "127.0.0.1"])
    same((run.code, run.out), (2, ""))
    true("--mtu does not go with -g" in run.err, run.err)


@fact
def several_targets_are_searched_at_once():
    lab = Links("narrow", text=NARROW)
    names = ["dst", "far", "odd", "r2", "r5"]
    report = Report(lab.run("src", SONDE, "trace", "-n", "-4", "--mtu", "--json", *names).out)
    same([p["mtu"] for p in report.of("path")], [lab.path("src", n)["mtu"] for n in ("dst", "far", "odd")] + [4000, 1290])


@fact
def the_loopback_takes_the_longest_packet():
    for target in ("127.0.0.1", "::1"):
        out = Result([SONDE, "trace", "-n", "--mtu", target]).out
        true(out.endswith("\nmtu 65535\n"), out)
