"""sonde trace in the ready labs, against what the oracle and the truth say of the same packets."""

import re

from e2e import SONDE, Report, fact, same, true
from test_lab_ready import CHAIN
from test_ping_lab import FILTERED, PASSED, TOO_BIG, TTL, Fate, Lab, within

METHODS = ([], ["-U"], ["-I"], ["-T"])
MARKS = {"host-unreachable": "!H", "net-unreachable": "!N", "admin-prohibited": "!X", "no-route": "!N"}
HIDDEN = "none seen; a good NAT hides itself"
TRANSLATED = "an address, a port or an identifier was changed"


class Traced:
    """One run of trace by its records."""

    def __init__(self, records, code):
        self.code = code
        self.probes = [r for r in records if r["record"] == "probe"]
        self.hops = [r for r in records if r["record"] == "hop"]
        self.paths = [r for r in records if r["record"] == "path"]
        self.run = records[-1]

    def each(self, *members):
        """Of every hop, by its place from 1."""
        return {h["ttl"]: tuple(h.get(m) for m in members) if len(members) > 1 else h.get(members[0]) for h in self.hops}

    def end(self):
        return tuple(self.paths[0].get(m) for m in ("reached", "hops"))


class Path(Lab):
    def traces(self, node, *runs):
        return self.tell("trace", Traced, node, runs)

    def trace(self, node, *words):
        return self.traces(node, words)[0]

    def text(self, node, *words, code=0):
        """What is printed for people."""
        return self.up.exec(node, SONDE, "trace", *map(str, words), code=code).out



def agrees(told, path, family, what, queries=3):
    """Each hop answers every probe, from one address that the oracle has for it, or never where it says so; to the end."""
    what = f"{what}, IPv{family} from {path['from']} to {path['to']}"
    same(list(told.each("ttl")), [h["ttl"] for h in path["hops"]], f"hops, {what}")
    for h, got in zip(path["hops"], told.hops):
        last, at = h is path["hops"][-1], f"hop {h['ttl']}, {what}"
        same((got["sent"], got["local_errors"]), (queries, 0), at)
        if h.get("silent"):
            same((got["status"], got.get("addresses"), got["lost"], got["loss"]), ("silent", None, queries, "silent"), at)
            continue
        same((got["received"], got["lost"], got["loss_ppm"], got["loss"]), (queries, 0, 0, "none"), at)
        same(len(got["addresses"]), 1, f"addresses of {at}")
        true(got["from"] == got["addresses"][0] and got["from"] in h[f"v{family}"], f"{at}: {got['from']} is none of {h}")
        if last and path["end"] == "reached":
            same(got["status"], "target", at)
        else:
            same((got["status"], got["answer"], got.get("mark", "")), ("answers", PASSED[family], ""), at)
    if path["end"] == "reached":
        same((told.code, told.end()), (0, (True, len(path["hops"]))), what)


@fact
def hops_of_a_chain_answer_each_from_its_place_by_every_method():
    answers = {"-I": "echo-reply", "-T": "syn-ack", "-U": "Port Unreachable", "": "Port Unreachable"}
    with Path("chain") as lab:
        for a, b in (("src", "dst"), ("dst", "src")):
            for family in (4, 6):
                for method, told in zip(METHODS, lab.traces(a, *[[*m, f"-{family}", b] for m in METHODS])):
                    what = f"by {method} of IPv{family}"
                    agrees(told, lab.path(a, b), family, what)
                    same(told.each("back_ttl", "back_hops"), {t: (TTL - t + 1, t) for t in range(1, 8)}, f"ways back {what}")
                    same([told.each("quoted_ttl")[t] for t in range(1, 7)], [1] * 6, f"hops left {what}")
                    same(set(told.each("changes", "extensions").values()), {(None, None)}, f"what is odd {what}")
                    same([told.each("nat")[t] for t in range(1, 7)], [HIDDEN] * 6, f"translation {what}")
                    same(told.paths[0]["source"], lab.path(b, a)[f"to_v{family}"], what)
                    if b == "dst" or method != ["-T"]:
                        true(told.hops[-1]["answer"].endswith(answers["".join(method)]) or family == 6,
                             f"the end {what}: {told.hops[-1]['answer']}")
        some = lab.trace("src", "-4", "-f", 3, "-m", 5, "-q", 1, "dst")
        same((some.each("from"), some.end(), some.code),
             ({h["ttl"]: h["v4"][0] for h in lab.path("src", "dst")["hops"][2:5]}, (False, None), 1), "a part of it")
        lines = lab.text("src", "-n", "-4", "dst").splitlines()
        same([re.sub(r"[\d.]+ ms", "N ms", line) for line in lines],
             ["traceroute to dst (10.0.7.2), 30 hops max, 60 byte packets"] +
             [f"{h['ttl']:2}  {h['v4'][0]}  N ms  N ms  N ms" for h in lab.path("src", "dst")["hops"]], "lines")


@fact
def one_flow_keeps_to_one_of_the_four_ways_and_each_way_is_some_flows():
    with Path("diamond") as lab:
        paths = lab.paths("src", "dst")
        same(len(paths), 4, "paths")
        for family in (4, 6):
            ways = {p["hops"][1][f"v{family}"][0]: p for p in paths}
            for method, n in (([], 24), (["-T"], 24), (["-I"], 8)):
                seen = set()
                for told in lab.traces("src", *[["-q", 10, *method, f"-{family}", "dst"]] * n):
                    way = told.each("from")[2]
                    true(way in ways, f"hop 2 is {way}")
                    agrees(told, ways[way], family, f"by {method}", queries=10)
                    seen.add(way)
                # an echo request has no port that could choose
                same(len(seen), 1 if method == ["-I"] else 4, f"ways of {n} runs by {method}, IPv{family}")
        agrees(lab.trace("dst", "-4", "src"), lab.path("dst", "src"), 4, "the way back")
        with open(lab.file, encoding="utf-8") as file:
            diamond = file.read()
    with Path("labels", diamond.replace("router r1 hash=l4", "router r1")) as lab:
        runs = lab.traces("src", *[["-q", 10, "-I", "-6", "dst"]] * 16)
        same({len(h["addresses"]) for told in runs for h in told.hops}, {1}, "ways of one flow label")
        true(len({told.each("from")[2] for told in runs}) > 1, "sixteen flow labels take one way")


@fact
def a_silent_router_is_stars_and_no_end_and_no_loss():
    with Path("silent") as lab:
        for a, b in (("src", "dst"), ("dst", "src")):
            for family in (4, 6):
                for method, told in zip(METHODS, lab.traces(a, *[[*m, f"-{family}", b] for m in METHODS])):
                    agrees(told, lab.path(a, b), family, f"by {method}")
        same([t for t, s in lab.trace("src", "dst").each("status").items() if s == "silent"], [2], "silent hops")
        text = lab.text("src", "-n", "-4", "dst")
        true(" 2  * * *\n" in text and "loss" not in text, f"it is not said with stars: {text!r}")


@fact
def the_way_back_of_each_hop_is_told_where_it_is_another():
    with Path("asymmetric") as lab:
        back = lab.path("dst", "src")["nodes"]
        for family in (4, 6):
            for method in METHODS:
                told = lab.trace("src", *method, f"-{family}", "dst")
                agrees(told, lab.path("src", "dst"), family, f"by {method}")
                nodes = {t: lab.node_of(a) for t, a in told.each("from").items()}
                same(nodes, {1: "r1", 2: "a", 3: "r2", 4: "dst"}, "nodes")
                # a has its own way home, over r1; all that is on the way back goes as the oracle has it
                expected = {t: len(back) - 1 - back.index(n) if n in back else 2 for t, n in nodes.items()}
                same((told.each("back_hops"), expected), ({1: 1, 2: 2, 3: 4, 4: 5}, {1: 1, 2: 2, 3: 4, 4: 5}), "hops back")
                rtt = told.each("rtt_min_ns")
                true(rtt[2] >= 1e6 and rtt[3] >= 11e6 and rtt[4] >= 11e6, f"round trips for 1 ms there and 10 ms back: {rtt}")


@fact
def too_big_ends_the_path_with_the_mtu_where_it_is_told_and_is_dark_where_not():
    with Path("blackhole") as lab:
        for a, b in (("src", "dst"), ("near", "src"), ("dst", "src"), ("near", "dst")):
            path = lab.path(a, b)
            for family in (4, 6):
                agrees(lab.trace(a, f"-{family}", b), path, family, "small")
                fits = 1300 - {4: 28, 6: 48}[family]
                if path["mtu"] == 1500:
                    agrees(lab.trace(a, "-F", "--size", 1400, f"-{family}", b), path, family, "large")
                    continue
                same(path["mtu"], 1300, "the oracle")
                words = ["-F", "-w", "0.5", f"-{family}", b]
                good, big = lab.traces(a, ["--size", fits, *words], ["--size", fits + 1, *words])
                agrees(good, path, family, "what just fits")
                narrow = [h["node"] for h in path["hops"]].index("r2" if a == "src" else "r3") + 1
                what, before = f"a byte more from {a} to {b}, IPv{family}", list(big.each("status").items())
                same(before[:narrow], [(t, "answers") for t in range(1, narrow + 1)], what)
                if path.get("mtu_told") is False:
                    same((len(big.hops), big.end(), big.code), (narrow + 1, (False, None), 1), what)
                    same((big.hops[narrow]["status"], big.hops[narrow]["loss"]), ("unknown", "dark"), what)
                else:
                    same((big.end(), big.code, len(big.hops)), ((False, narrow + 1), 1, narrow + 1), what)
                    last = big.hops[narrow]
                    same((last["status"], last["answer"], last["mark"], last["mtu"]),
                         ("end", TOO_BIG[family], "!F-1300", 1300), what)
                    same((lab.node_of(last["from"]), last["lost"]), ("r3", 0), what)
        agrees(lab.trace("src", "-4", "--size", 1400, "dst"), lab.path("src", "dst"), 4, "what may be fragmented")
        true(re.search(r" 2  10\.0\.5\.1  [\d.]+ ms !F-1300 ", lab.text("near", "-n", "-4", "-F", "--size", 1400, "src", code=1)),
             "it is not said in words")


@fact
def a_hop_that_answers_once_a_second_is_limited_and_has_not_lost():
    """Its bucket holds six; both its rate and that are found, and dst loses nothing."""
    with Path("rate-limit") as lab:
        path = lab.path("src", "dst")
        same([h.get("icmp_interval_ns") for h in path["hops"]], [None, 10**9, None, None], "the oracle")
        words = f"{SONDE} trace --json --report -n -c 60 --interval 0.1 -w 0.3 -q 1"
        lab.up.exec("src", "sh", "-c", f"{words} -4 dst >{lab.up.path}.4 & {words} -6 dst >{lab.up.path}.6 & wait")
        for family in (4, 6):
            with open(f"{lab.up.path}.{family}", encoding="utf-8") as file:
                told = Traced(Report(file.read()).records, 0)
            hop = told.hops[1]
            what = f"IPv{family}: {hop}"
            true(9 <= hop["received"] <= 14 and hop["received"] + hop["lost"] == 60, f"answers, {what}")
            same((hop["status"], hop["from"], hop["loss"]), ("answers", path["hops"][1][f"v{family}"][0], "limited"), what)
            true(0.85 <= float(hop["limit_rate"]) <= 1.15, f"one a second, {what}")
            same(hop.get("limit_burst"), 6, f"six at once, {what}")
            for h in told.hops[:1] + told.hops[2:]:
                same((h["sent"], h["lost"], h["loss"], h["loss_ppm"], "limit_rate" in h), (60, 0, "none", 0, False), f"{h}")
            same((told.code, told.end()), (0, (True, 4)), what)


@fact
def what_a_limited_hop_owes_is_said_to_be_no_loss():
    with Path("rate-limit") as lab:
        text = lab.text("src", "-n", "-4", "-r", "-c", 40, "--interval", "0.1", "-w", "0.3", "dst")
        true(re.search(r"hop 2: answers (0\.9\d*|1|1\.0\d*|1\.1\d*) times a second at most, 6 at once; that is no loss\n", text),
             f"it is not said: {text}")
        true("loss begins" not in text and "are missing" not in text, f"it is loss after all: {text}")


@fact
def loss_begins_where_the_lossy_link_is_and_is_as_great_as_its_truth():
    with Path("lossy") as lab:
        n, length = 400, 14 + 28 + 37
        told = lab.trace("src", "-I", "-4", "--report", "-c", n, "--interval", "0.01", "-w", "0.5", "--size", 37, "-m", 3, "dst")
        one, two, end = told.hops
        same((one["sent"], one["lost"], one["loss"], one.get("loss_begins")), (n, 0, "none", None), "before the link")
        same((two["sent"], two["loss"], two["loss_begins"]), (n, "way", True), f"behind it: {two}")
        same((end["sent"], end["loss"], end["loss_begins"]), (n, "end", False), f"at the end: {end}")
        # hops 2 and 3 share the link, and nothing else that crosses it has these lengths
        there = lab.truth("r1", "r2", length)
        back = sorted(lab.truth("r2", "r1", length) + lab.truth("r2", "r1", length + 28),
                      key=lambda r: (r["number"], r.get("copy", 0)))
        fate = Fate(there, back)
        same((fate.sent, two["sent"] + end["sent"]), (2 * n, 2 * n), "probes that crossed")
        heard, damaged = (sum(h[m] for h in (two, end)) for m in ("lost", "corrupted"))
        flipped = sum("corrupt_bit" in r for r in there + back)
        late = two["late"] + end["late"]
        true(abs(heard - late - len(fate.lost)) <= flipped, f"{heard} lost, {late} of them late; {len(fate.lost)} in truth")
        true(damaged <= flipped, f"{damaged} damaged answers of {flipped} packets")
        for h in (two, end):
            within(h["lost"] - h["late"], n, 1 - 0.9 * 0.95, f"loss at hop {h['ttl']}")
            same(h["loss_ppm"], h["lost"] * 10**6 // (h["lost"] + h["received"]), f"share of hop {h['ttl']}")
            true(9e6 <= h["rtt_p50_ns"] <= 13e6, f"10 ms there and back: {h}")
        text = lab.text("src", "-n", "-I", "-4", "-r", "-c", 150, "--interval", "0.01", "-w", "0.5", "dst", code=None)
        true(re.search(r"hop 2: loss begins before it, \d+ of 150; later hops share it\n", text) and "hop 3: loss" not in text,
             f"it is not said in words: {text}")


@fact
def a_translator_hides_itself_in_what_routers_outside_quote():
    with Path("nat") as lab:
        for a, b in (("pc", "www"), ("tv", "www"), ("pc", "tv")):
            for family in (4, 6):
                for method, told in zip(METHODS, lab.traces(a, *[[*m, f"-{family}", b] for m in METHODS])):
                    agrees(told, lab.path(a, b), family, f"by {method}")
                    same(set(told.each("changes").values()), {None}, f"changes by {method}, IPv{family}")
                    same({n for n in told.each("nat").values() if n}, {HIDDEN}, f"translation by {method}, IPv{family}")
                    same({p["rewritten"] for p in told.probes}, {False}, f"answers by {method}")


@fact
def a_port_or_an_address_that_a_router_writes_anew_is_seen_behind_it():
    """Rules without memory, so that nobody puts the quote right."""
    port = "chain rewrite { type filter hook forward priority 0; udp dport 33434 udp dport set 40000; }"
    with Path("port", f"{CHAIN}nft b {{\n{port}\n}}\n") as lab:
        for family in (4, 6):
            told = lab.trace("src", f"-{family}", "dst")
            same(told.each("changes", "nat"), {t: (["udp.dstport 33434 -> 40000"] if t > 2 else None, TRANSLATED if t > 2 else HIDDEN)
                                               for t in range(1, 6)}, f"IPv{family}")
            same(told.end(), (True, 5), f"IPv{family}")
        text = lab.text("src", "-n", "-4", "dst")
        same(re.findall(r"hop (\d): the probe has been changed before it: (.*)\n", text),
             [("3", "udp.dstport 33434 -> 40000")], "what is said of it")


@fact
def who_stands_in_for_the_target_is_the_end_and_not_the_target():
    """b writes the address of d in place of that of dst, and has no memory of it."""
    to = {4: ("10.0.5.2", "10.0.4.2"), 6: ("fd00:0:0:5::2", "fd00:0:0:4::2")}
    rules = "\n".join(f"{ip} daddr {a} {ip} daddr set {b}" for ip, (a, b) in zip(("ip", "ip6"), to.values()))
    with Path("address", f"{CHAIN}nft b {{\n{rules}\n}}\n") as lab:
        for family, name in ((4, "ip.dst"), (6, "ipv6.dst")):
            told, (asked, other) = lab.trace("src", f"-{family}", "dst"), to[family]
            changes = [f"{name} {asked} -> {other}"]
            same(told.each("changes", "nat"), {t: (changes if t > 2 else None, TRANSLATED if t > 2 else HIDDEN) for t in range(1, 5)},
                 f"IPv{family}")
            last = told.hops[-1]
            same((last["status"], last["from"], told.end(), told.code), ("end", other, (False, 4), 1), f"IPv{family}: {last}")


@fact
def congestion_that_a_router_marks_is_told_behind_it():
    rules = "ip ecn ect0 ip ecn set ce\nip6 ecn ect0 ip6 ecn set ce"
    with Path("congestion", f"{CHAIN}nft b {{\n{rules}\n}}\n") as lab:
        for family, name in ((4, "ip.dsfield.ecn"), (6, "ipv6.tclass.ecn")):
            for method in METHODS:
                told = lab.trace("src", "-t", 2, *method, f"-{family}", "dst")
                seen = [told.each("changes")[t] for t in range(1, 5)]
                same(seen, [None, None, [f"{name} 2 -> 3"], [f"{name} 2 -> 3"]], f"changes by {method}, IPv{family}")
            same(set(lab.trace("src", f"-{family}", "dst").each("changes").values()), {None}, "what cannot tell is not marked")


@fact
def what_a_box_writes_into_probes_is_told_from_the_next_hop_on():
    """DSCP and MSS; a time to live written anew hides hops, or makes one answer for ever."""
    with Path("box", f"{CHAIN}serve dst tcp 80 http\nbox b bleach-dscp\n") as lab:
        same(lab.path("src", "dst")["bleached"], ["b"], "the oracle")
        for family, name in ((4, "ip.dsfield.dscp"), (6, "ipv6.tclass.dscp")):
            for method in METHODS:
                told = lab.trace("src", "-t", "0xb8", *method, f"-{family}", "dst")
                agrees(told, lab.path("src", "dst"), family, f"bleached, {method}")
                seen = [told.each("changes")[t] for t in range(1, 5)]
                same(seen, [None, None, [f"{name} 46 -> 0"], [f"{name} 46 -> 0"]], f"changes by {method}, IPv{family}")
        plain = lab.trace("src", "-4", "dst")
        same(set(plain.each("changes").values()), {None}, "what was 0 before")
    for words in ("b ttl=40", "a ttl=4", "a ttl=3", "a ttl=2", "a ttl=1"):
        with Path("ttl", f"{CHAIN}box {words}\n") as lab:
            path = lab.path("src", "dst")
            for family in (4, 6):
                told = lab.trace("src", "-m", 5, f"-{family}", "dst")
                what = f"{words}, IPv{family}: {told.each('from')}"
                same(told.end()[0], path["end"] == "reached", what)
                for h in path["hops"]:
                    true(told.each("from")[h["ttl"]] in h[f"v{family}"], f"{what}; {h}")
                if path["end"] == "reached":
                    same(told.end(), (True, path["hops"][-1]["ttl"]), what)
                else:
                    same({a for t, a in told.each("from").items() if t > path["hops"][-1]["ttl"]},
                         {told.each("from")[path["hops"][-1]["ttl"]]}, what)


@fact
def firewalls_end_a_path_each_in_its_way_and_let_port_80_through():
    methods = (["-T"], ["-T", "-p", 81], ["-I"], [])
    with Path("firewall") as lab:
        for to in ("quiet", "polite", "rude"):
            path = lab.path("src", to)
            same(path["open"], ["80"], "the oracle")
            for family in (4, 6):
                runs = lab.traces("src", *[["-w", "0.5", *m, f"-{family}", to] for m in methods])
                gate, host = path["hops"][-1][f"v{family}"], path[f"to_v{family}"]
                refused = {"quiet": [None] * 3, "polite": ["!X"] * 3, "rude": ["rst", "!X", "!X"]}[to]
                for method, told, how in zip(methods, runs, ["syn-ack", *refused]):
                    what, last = f"{to}, IPv{family} by {method}", told.hops[-1]
                    same([told.each("from")[h["ttl"]] in h[f"v{family}"] for h in path["hops"][:2]], [True] * 2, what)
                    same(len(told.hops), 3, f"hops, {what}")
                    if how is None:
                        same((last["status"], last["loss"], told.end(), told.code), ("unknown", "dark", (False, None), 1), what)
                    elif how == "!X":
                        same((last["status"], last["mark"], last["answer"]), ("end", how, FILTERED[family]), what)
                        true(last["from"] in gate, what)
                        same((told.end(), told.code), ((False, 3), 1), what)
                    else:
                        same((last["status"], last["answer"], last["from"]), ("target", how, host), what)
                        same((told.end(), told.code), ((True, 3), 0), what)
        told = lab.trace("lost", "-4", "quiet")
        same((told.each("status", "last_error", "sent"), told.code), ({1: ("local", "No route to host", 0)}, 1), "no way out")
        true(" 1  nothing left this machine: No route to host\n" in lab.text("lost", "-4", "quiet", code=1), "it is not said")


@fact
def routes_that_refuse_and_loops_end_as_the_oracle_says():
    for words in ("route b dst unreachable", "route b dst prohibit", "route b dst blackhole", "route a dst via b\n"
                  "route b dst via a"):
        with Path("refuse", f"{CHAIN}{words}\n") as lab:
            path = lab.path("src", "dst")
            for family in (4, 6):
                told = lab.trace("src", "-m", 6, "-w", "0.5", f"-{family}", "dst")
                what, last = f"{words}, IPv{family}", told.hops[-1]
                same(told.code, 1, what)
                for h in path["hops"]:
                    true(told.each("from")[h["ttl"]] in h[f"v{family}"], f"{what}: {h}")
                if path["end"] == "refused":
                    same((last["ttl"], last["status"], last["mark"]), (2, "end", MARKS[path[f"refused_v{family}"]]), what)
                elif path["end"] == "loop":
                    same([lab.node_of(a) for a in told.each("from").values()], ["a", "b"] * 3, f"nodes, {what}")
                    same(told.end(), (False, None), what)
                else:
                    same((last["ttl"], last["status"], told.end()), (2, "unknown", (False, None)), what)


@fact
def a_full_queue_is_slow_and_not_lost():
    """Forty probes of 1,428 bytes at once in front of 2 Mbit/s: each waits for those before it."""
    with Path("bufferbloat") as lab:
        path = lab.path("pc", "www")
        agrees(lab.trace("pc", "-4", "www"), path, 4, "idle")
        words = ["-4", "-q", 10, "--rate", 0, "-I"]
        idle, full = lab.traces("pc", [*words, "--size", 40, "www"], [*words, "--size", 1400, "www"])
        agrees(full, path, 4, "full", queries=10)
        home, isp, www = full.hops
        true(home["rtt_max_ns"] < 10e6, f"in front of the queue: {home}")
        spread = max(isp["rtt_max_ns"], www["rtt_max_ns"]) - min(isp["rtt_min_ns"], www["rtt_min_ns"])
        true(spread > 19 * 1400 * 8 * 500 * 0.9, f"{spread} ns between the first and the last of twenty at 500 ns a bit")
        true(max(isp["rtt_max_ns"], www["rtt_max_ns"]) > 4 * idle.hops[1]["rtt_p50_ns"], f"{isp}, idle {idle.hops[1]}")


@fact
def odd_routers_are_shown_as_what_they_are():
    with Path("odd") as lab:
        path = lab.path("src", "far")
        for family in (4, 6):
            told = lab.trace("src", "-w", "0.5", f"-{family}", "far")
            same((told.code, told.end(), len(told.hops)), (0, (True, len(path["hops"])), len(path["hops"])), "the end")
            for h, got in zip(path["hops"], told.hops):
                hop, at, what = h.get("hop"), h[f"v{family}"][0], f"IPv{family} {h}: {got}"
                unheard = h.get("silent") or hop == 6  # of a wrong checksum nothing is believed
                same((got["status"], got.get("from")), ("target" if h is path["hops"][-1] else "silent" if unheard else "answers",
                                                        None if unheard else at), what)
                same((got["sent"], got["received"]), (3, 0 if unheard else 3), what)
                labels = [int(n) for n in re.findall(r"L=(\d+)", got.get("extensions") or "")]
                same(labels, h.get("mpls", []), what)
                if hop == 3:
                    same(got["extensions"], f'<INC:7,{at},"xe-0/0/1",mtu=9000>', what)
                same("extensions" in got, hop in (2, 3), what)
                same(got.get("corrupted"), 3 if hop == 6 and family == 4 else 0, what)
                same((got["duplicates"] > 0, got["spoofed"]), (hop == 7, 0), what)
                if got["status"] == "answers":
                    same(got["quoted_ttl"], 9 if hop == 7 else 1, what)
            true(told.hops[2]["rtt_min_ns"] >= 2e6, f"a millisecond each way: {told.hops[2]}")
        for method, last in ((["-I"], "echo-reply"), (["-T"], "syn-ack"), (["-T", "-p", 81], "rst"), (["-p", 7], "data")):
            told = lab.trace("src", "-4", "-w", "0.5", *method, "far")
            same((told.hops[-1]["answer"], told.end()), (last, (True, 9)), str(method))
        text = lab.text("src", "-n", "-4", "-w", "0.5", "far")
        for note in ("hop 3: <MPLS:L=24001,E=0,S=0,T=1/L=16004,E=0,S=1,T=1>", 'hop 4: <INC:7,198.51.100.3,"xe-0/0/1",mtu=9000>',
                     "hop 8: quoted before it was counted down, or from inside a tunnel"):
            true(f"  {note}\n" in text, f"{note!r} is not said: {text}")


@fact
def a_loop_goes_round_to_the_last_hop_and_a_wall_is_the_end():
    with Path("odd") as lab:
        for family in (4, 6):
            told = lab.trace("src", "-m", 9, f"-{family}", "loop")
            names = [lab.path("src", "loop")["hops"][i][f"v{family}"][0] for i in range(4)]
            same(list(told.each("from").values()), names + names[2:] + names[2:] + names[2:3], "hops of the loop")
            same((told.code, told.end()), (1, (False, None)), "a loop has no end")
            told, path = lab.trace("src", f"-{family}", "wall"), lab.path("src", "wall")
            same((told.code, told.end(), told.hops[-1]["mark"], told.hops[-1]["from"]),
                 (1, (False, len(told.hops)), MARKS[path[f"refused_v{family}"]], path["hops"][-1][f"v{family}"][0]), "the wall")


MADE_UP = """host src
router r1
sim far v4=198.51.100.0/24 v6=2001:db8:64::/64 {
	hop 1
	hop 2 quote=28 ttl=255
	hop 3 addr=198.51.100.40,2001:db8:64::40,198.51.100.41,2001:db8:64::41 balance=packet
	hop 4 loss=100%
	hop 5
}
link src r1
link r1 far
route * auto
"""


@fact
def several_addresses_of_a_hop_and_other_times_to_live_of_answers_are_told():
    with Path("made-up", MADE_UP) as lab:
        for family in (4, 6):
            told = lab.trace("src", "-q", 8, "-w", "0.5", f"-{family}", "far")
            what = f"IPv{family}: {told.each('from', 'back_ttl', 'addresses')}"
            same((told.each("back_ttl", "back_hops")[3], told.end()), ((253, 3), (True, 6)), what)
            same(sorted(told.each("addresses")[4]), sorted(a for h in lab.path("src", "far")["hops"] if h["ttl"] == 4
                                                           for a in h[f"v{family}"]), what)
            same((told.each("status", "received")[5], told.each("status")[6]), (("silent", 0), "target"), what)


@fact
def zero_ttl_forwarding_is_told():
    """What b has counted down to 1 it passes on with 0, as a router that does not look would."""
    rules = "ip ttl 1 ip ttl set 0\nip6 hoplimit 1 ip6 hoplimit set 0"
    with Path("zero", f"{CHAIN}nft b {{\n{rules}\n}}\n") as lab:
        for family in (4, 6):
            told = lab.trace("src", f"-{family}", "dst")
            same([told.each("quoted_ttl")[t] for t in range(1, 5)], [1, 1, 0, 1], f"IPv{family}, hops left")
            same((told.end(), set(told.each("changes").values())), ((True, 5), {None}), f"IPv{family}")
            said = lab.text("src", "-n", f"-{family}", "dst")
            same(re.findall(r"hop (\d): zero-TTL forwarding: the router before passed it on with 0\n", said), ["3"], said)


def distances(lab, start):
    """Links from this node to every other."""
    peers = {}
    for r in lab.addresses:
        peers.setdefault(r["node"], set()).add(r["peer"])
    far, edge = {start: 0}, [start]
    while edge:
        edge = [p for n in edge for p in peers[n] if far.setdefault(p, far[n] + 1) == far[n] + 1]
        edge = list(dict.fromkeys(edge))
    return far, peers


@fact
def the_paths_to_all_addresses_of_forty_nodes_are_right_in_one_run():
    with Path("forty") as lab:
        far, peers = distances(lab, "h1")
        nodes = {r[v].split("/")[0]: r["node"] for r in lab.addresses for v in ("v4", "v6") if r["node"] != "h1"}
        told = lab.trace("h1", "-q", 1, *nodes)
        same((told.code, told.run["targets"], told.run["answered"], len(nodes)), (0, len(nodes), len(nodes), 234), "who answered")
        hops = {}
        for h in told.hops:
            hops.setdefault(h["target"], []).append(h)
        for target, node in nodes.items():
            way = ["h1", *[nodes.get(h.get("from")) for h in hops[target]]]
            same((len(way) - 1, way[-1]), (far[node], node), f"the way to {target} of {node}: {way}")
            true(all(b in peers[a] for a, b in zip(way, way[1:])), f"the way to {target} is no way: {way}")
            same({(h["received"], h["lost"]) for h in hops[target]}, {(1, 0)}, f"answers on the way to {target}")
            same([h["status"] for h in hops[target]], ["answers"] * (far[node] - 1) + ["target"], f"the way to {target}")
        same({p["to"]: far[p["to"]] for p in lab.all_paths if p["from"] == "h1"},
             {p["to"]: len(p["hops"]) for p in lab.all_paths if p["from"] == "h1"}, "what the oracle says of distances")
        for to in {p["to"] for p in lab.all_paths if p["from"] == "h1" and not p.get("more")}:
            allowed = [p["nodes"] for p in lab.paths("h1", to)]
            for target in (a for a, n in nodes.items() if n == to):
                way = ["h1", *[nodes[h["from"]] for h in hops[target]]]
                true(way in allowed, f"{way} is no path of the oracle")
