"""sonde trace through gates: loose source routing, in a lab whose routers allow it."""

import os

from e2e import HERE, Result, SONDE, fact, need_root, same, true
from test_lab import ROOT


@fact
def a_gate_chooses_the_way():
    """One of four equal ways is the usual one of this flow; each gate makes it its own."""
    need_root()
    with open(os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "lab", "diamond.lab"), encoding="utf-8") as file:
        text = file.read()
    with ROOT.up(text) as up:
        for node in ("src", "r1", "a", "b", "c", "d", "r2", "dst"):
            up.exec(node, "sh", "-c", "for i in /proc/sys/net/ipv4/conf/*; do echo 1 > $i/accept_source_route; echo 0 > $i/rp_filter; done")
        for way in range(2, 6):
            for method in ("-I", "-U", "-T"):
                out = up.exec("src", SONDE, "trace", "-4", "-n", "-q", "1", method, "-g", f"10.0.{way}.2", "dst").out
                hops = [line.split()[1] for line in out.splitlines()[1:]]
                same(hops, ["10.0.1.2", f"10.0.{way}.2", f"10.0.{way + 4}.2", "10.0.10.2"], f"{method}: {out}")
    r = Result([SONDE, "trace", "-6", "-g", "10.0.2.2", "::1"])
    true(r.code == 2 and "RFC 5095" in r.err, r.err)
