"""sonde trace of many targets at once."""

import json
import os

from e2e import Result, SONDE, fact, folder, same


@fact
def a_thousand_targets_are_traced_at_once_and_told_again():
    kept = os.path.join(folder(), "kept.pcapng")
    live = Result([SONDE, "trace", "-n", "--rate", "0", "--json", "--save", kept, "127.0.0.0/22"])
    again = Result([SONDE, "trace", "-n", "--json", "--from", kept])
    paths = [r for r in map(json.loads, live.out.splitlines()) if r["record"] == "path"]
    same((live.code, again.code, len(paths)), (0, 0, 1022), live.err)
    same({(p["reached"], p["hops"]) for p in paths}, {(True, 1)}, "each of the loopback is a hop away")
    same(again.out == live.out, True, "what was kept is told again to the byte")


@fact
def targets_whose_paths_have_no_room_are_refused_in_a_sentence():
    r = Result([SONDE, "trace", "-n", "127.0.0.0/17"])
    same((r.code, r.err, r.out), (2, "sonde trace: 127.0.64.1: more than 16384 targets\n", ""))
