"""sonde ping in the ready labs, against what the oracle and the truth say of the same packets."""

import json
import re
import shlex
import statistics

from e2e import SONDE, Report, fact, same, true
from test_lab import ROOT
from test_lab_ready import Ready

PASSED = {4: "Time to live exceeded", 6: "Time exceeded: Hop limit"}
FILTERED = {4: "Packet filtered", 6: "Destination unreachable: Administratively prohibited"}
TOO_BIG = {4: "Frag needed and DF set", 6: "Packet too big"}
HEADERS = {4: 28, 6: 48}  # of IP and ICMP
TTL = 64                  # that hosts begin with


class Told:
    """One run of ping by its records."""

    def __init__(self, records, code):
        self.code = code
        self.probes = [r for r in records if r["record"] == "probe"]
        self.targets = [r for r in records if r["record"] == "target"]
        self.run = records[-1]

    def count(self, *members):
        """Of the first target."""
        return tuple(self.targets[0][m] for m in members)

    def each(self, *members):
        return [tuple(p.get(m) for m in members) for p in self.probes]


class Lab(Ready):
    """A ready lab that is up, or one of the text given."""

    def __init__(self, name, text=None):
        super().__init__(name, text=text)
        with open(self.file, encoding="utf-8") as file:
            self.up = ROOT.up(file.read())

    def __enter__(self):
        self.up.__enter__()
        return self

    def __exit__(self, *why):
        self.up.__exit__(*why)

    def tell(self, verb, told, node, runs):
        """Runs one after the other, each with its words: what each told, as objects of that class."""
        script = "; ".join(shlex.join([SONDE, verb, "--json", *map(str, words)]) + "; echo code $?" for words in runs)
        found, out = [], self.up.exec(node, "sh", "-c", script)
        for text, code in re.findall(r"((?:\{.*\n)*)code (\d+)\n", out.out):
            found.append(told(Report(text).records, int(code)))
        same(len(found), len(runs), f"runs that ended ({out.err})")
        return found

    def pings(self, node, *runs):
        return self.tell("ping", Told, node, runs)

    def ping(self, node, *words):
        return self.pings(node, words)[0]

    def words(self, node, *words):
        """What is printed for people."""
        return self.up.exec(node, SONDE, "ping", *map(str, words), code=None).out

    def set(self, *words):
        ROOT.lab("set", self.up.name, *words)

    def truth(self, a, b, length):
        """What entered the link between a and b at a, of this length, by number and copy."""
        records = map(json.loads, ROOT.lab("truth", self.up.name).out.splitlines())
        found = [r for r in records if (r.get("from"), r.get("to"), r.get("length")) == (a, b, length)]
        return sorted(found, key=lambda r: (r["number"], r.get("copy", 0)))


def arrives(record):
    """IPv4: of bits that are flipped only those of the source's link address matter to nobody."""
    return record["verdict"] == "pass" and 48 <= record.get("corrupt_bit", 48) < 96


def in_order(records):
    return sorted(records, key=lambda r: (r["out_ns"], r["due_ns"]))


class Fate:
    """What became of echo requests from their sequence numbers on: by the truth of one link, which
    all of them cross, and of which nothing else has that length."""

    def __init__(self, there, back):
        seq = {n: i + 1 for i, n in enumerate(dict.fromkeys(r["number"] for r in there))}
        self.sent = len(seq)
        came = [(seq[r["number"]], r["out_ns"] - r["in_ns"]) for r in in_order(filter(arrives, there))]
        asked = dict(zip(dict.fromkeys(r["number"] for r in back), came))
        self.answers = [(asked[r["number"]][0], asked[r["number"]][1] + r["out_ns"] - r["in_ns"])
                        for r in in_order(filter(arrives, back))]
        self.damaged = {asked[r["number"]][0]: r["corrupt_bit"] for r in back if "corrupt_bit" in r and not arrives(r)}
        self.lost = sorted(set(seq.values()) - {s for s, _ in self.answers})

    def agrees(self, told):
        """The answers in the order in which they came, and those that did not; what each took."""
        same(told.count("sent", "local_errors"), (self.sent, 0), "probes that left")
        heard = [p for p in told.probes if p["status"] in ("reply", "duplicate")]
        seqs = [s for s, _ in self.answers]
        same([p["seq"] for p in heard], seqs[:len(heard)], "answers")
        true(set(seqs[len(heard):]) <= set(seqs[:len(heard)]), "the run ended before it had all answers")
        same(sorted(p["seq"] for p in told.probes if p["status"] == "lost"), self.lost, "lost probes")
        first, behind = dict(reversed(self.answers)), 0
        for i, s in enumerate(dict.fromkeys(seqs)):
            behind += s < max([0, *list(dict.fromkeys(seqs))[:i]])
        same(told.count("received", "lost", "late", "duplicates", "reordered"),
             (len(first), len(self.lost), 0, len(heard) - len(first), behind), "counts")
        over = [p["rtt_ns"] - first[p["seq"]] for p in heard if p["status"] == "reply"]
        true(min(over) > -50e3, f"a round trip is {-min(over)} ns less than the link alone took")
        true(statistics.median(over) < 10e6, f"round trips are {statistics.median(over)} ns longer than the link took")


def within(part, all_, chance, what):
    """Four standard deviations of a binomial distribution."""
    sigma = (chance * (1 - chance) / all_) ** 0.5
    true(abs(part / all_ - chance) < 4 * sigma, f"{what}: {part} of {all_}, at {chance}")


@fact
def each_probe_fares_on_a_lossy_link_as_its_truth_says():
    """Which are lost, come twice or out of order, and how long each took: ICMP and UDP that is echoed."""
    options = ["-c", 300, "-i", "0.002", "-W", "0.5"]
    with Lab("lossy") as lab:
        for number, (family, method) in enumerate(((4, []), (4, ["--udp", 7]), (6, []))):
            size = 100 + number  # which tells this run's packets
            if family == 6:
                lab.set("r1-r2", "corrupt=0%")  # a flow label that is damaged matters to nobody
            told = lab.ping("src", *options, f"-{family}", "-s", size, *method, "dst")
            length = 14 + HEADERS[family] + size
            fate = Fate(lab.truth("r1", "r2", length), lab.truth("r2", "r1", length))
            fate.agrees(told)
            same(told.code, 0)
            same(told.count("rewritten", "spoofed", "errors"), (0, 0, 0))
            within(told.count("lost")[0], 300, 1 - 0.9 * 0.95, f"loss of IPv{family} {method}")
            true(told.count("duplicates")[0] and told.count("reordered")[0], "nothing comes twice or out of order")
            runs = [s - 1 in fate.lost for s in fate.lost].count(False)
            same(told.count("loss_bursts")[0], runs, "how often there was loss")


@fact
def damaged_answers_are_no_answers():
    """A raw socket of IPv4 gets what the kernel would not believe: it is told, and counts for nothing."""
    with Lab("lossy") as lab:
        lab.set("r1-r2", "delay=1ms", "jitter=0ms", "loss=0%", "dup=0%", "reorder=0%", "corrupt=30%")
        told = lab.ping("src", "-4", "-c", 100, "-i", "0.002", "-W", "0.3", "-s", 100, "dst")
        there, back = (lab.truth(a, b, 14 + 28 + 100) for a, b in (("r1", "r2"), ("r2", "r1")))
        fate = Fate(there, back)
        fate.agrees(told)
        data = {s for s, bit in fate.damaged.items() if bit >= 8 * (14 + 28)}
        head = {s for s, bit in fate.damaged.items() if 8 * (14 + 20) <= bit < 8 * (14 + 28)}
        seen = {p["seq"] for p in told.probes if p["status"] == "corrupted"}
        true(len(data) > 5, f"only {len(data)} answers were damaged in their data")
        true(data <= seen, f"not all of {data} are told as damaged: {seen}")
        true(len(seen - data) <= len(head), f"{seen - data} are told as damaged, and in the header {head} were")


@fact
def hops_of_a_chain_answer_each_from_its_place():
    """By each method, with each time to live: who it is, how far away, and dst last."""
    with Lab("chain") as lab:
        hops = lab.path("src", "dst")["hops"]
        for family in (4, 6):
            for method, answer in (([], "echo-reply"), (["--tcp", 80], "syn-ack"), (["--udp", 7], "data")):
                runs = lab.pings("src", *[["-c", 1, f"-{family}", "-t", h["ttl"], *method, "dst"] for h in hops])
                for h, told in zip(hops, runs):
                    last = h is hops[-1]
                    same(told.each("status", "answer", "from", "ttl"), [(
                        "reply" if last else "error", answer if last else PASSED[family], h[f"v{family}"][0],
                        TTL - h["ttl"] + 1)], f"{h} by {method}")
                    same(told.code, 0 if last else 1)


@fact
def an_asymmetric_path_is_told_by_the_way_back():
    with Lab("asymmetric") as lab:
        forth, back = lab.path("src", "dst"), lab.path("dst", "src")
        same((len(forth["hops"]), len(back["hops"])), (4, 5), "hops there and back")
        for family in (4, 6):
            told = lab.ping("src", "-c", 20, "-i", "0.01", "-s", 200 + family, f"-{family}", "dst")
            length = 14 + HEADERS[family] + 200 + family
            same({p["ttl"] for p in told.probes}, {TTL - len(back["hops"]) + 1}, "time to live of the answers")
            there, home = lab.truth("r1", "a", length), lab.truth("c", "b", length)
            same((len(there), len(home)), (20, 20), "packets on the ways")
            over = [p["rtt_ns"] - (t["out_ns"] - t["in_ns"]) - (h["out_ns"] - h["in_ns"])
                    for p, t, h in zip(told.probes, there, home)]
            true(min(over) > -50e3 and statistics.median(over) < 10e6, f"round trips but for 1 ms and 10 ms: {over}")
            true(told.count("rtt_min_ns")[0] >= 11e6, f"{told.count('rtt_min_ns')} for 11 ms")
        route = lab.ping("src", "-4", "-c", 1, "-R", "dst").probes[0]["route"]
        same([lab.node_of(a) for a in route], [*forth["nodes"], *back["nodes"][:4]], "nodes of the recorded route")


@fact
def an_idle_link_is_quick_and_a_full_queue_slow_and_then_lossy():
    """150 at once in front of 2 Mbit/s: each waits for those before it, and the queue takes 100."""
    with Lab("bufferbloat") as lab:
        idle = lab.ping("pc", "-4", "-c", 5, "-i", "0.05", "-s", 1000, "www")
        Fate(lab.truth("modem", "isp", 1042), lab.truth("isp", "modem", 1042)).agrees(idle)
        full = lab.ping("pc", "-4", "-c", 150, "-l", 150, "-s", 1400, "-W", 2, "www")
        there, back = lab.truth("modem", "isp", 1442), lab.truth("isp", "modem", 1442)
        Fate(there, back).agrees(full)
        refused = [r["verdict"] for r in there].count("full")
        true(refused > 20, f"{refused} found the queue full")
        same(full.count("lost", "local_errors"), (refused, 0), "loss")
        rtt = [p["rtt_ns"] for p in full.probes if p["status"] == "reply"]
        same(rtt, sorted(rtt), "round trips that only grow")
        true(rtt[-1] > 10 * idle.count("rtt_min_ns")[0], f"{rtt[-1]} ns loaded, {idle.count('rtt_min_ns')} idle")
        true(rtt[-1] > 90 * 1442 * 8 * 500, f"{rtt[-1]} ns for a queue of {len(rtt)} at 500 ns a bit")


@fact
def a_router_that_answers_seldom_and_a_silent_one_are_not_loss_of_the_path():
    for name in ("rate-limit", "silent"):
        with Lab(name) as lab:
            path = lab.path("src", "dst")
            for family in (4, 6):
                runs = lab.pings("src", *[["-c", 20, "-i", "0.01", "-W", "0.3", "-t", h["ttl"], f"-{family}", "dst"]
                                          for h in path["hops"]])
                for h, told in zip(path["hops"], runs):
                    got = [p for p in told.probes if p["status"] == "error"]
                    what = f"{name}, IPv{family}, hop {h['ttl']}"
                    same({p["from"] for p in got} <= set(h[f"v{family}"]), True, f"{what}: {got}")
                    same(told.count("errors")[0], len(got), what)
                    if h is path["hops"][-1]:
                        same((told.code, *told.count("received", "lost", "errors")), (0, 20, 0, 0), what)
                        continue
                    same((told.code, *told.count("received", "lost")), (1, 0, 20), what)
                    if h.get("silent"):
                        same(len(got), 0, what)
                        same({p["status"] for p in told.probes}, {"lost"}, what)
                    elif h.get("icmp_interval_ns"):
                        true(1 <= len(got) <= 10, f"{what}: {len(got)} answers of 20 at one a second")
                        same(len(told.probes), 20, f"{what}: each has one fate")
                    else:
                        same(len(got), 20, what)


@fact
def too_big_is_an_error_with_the_mtu_or_a_loss_where_nobody_tells():
    with Lab("blackhole") as lab:
        for a, b in (("src", "dst"), ("near", "src"), ("dst", "src"), ("near", "dst")):
            path = lab.path(a, b)
            for family in (4, 6):
                fits = path["mtu"] - HEADERS[family]
                words = ["-c", 2, "-i", "0.05", "-W", "0.3", "-M", "probe", f"-{family}", b]
                good, big = lab.pings(a, ["-s", fits, *words], ["-s", fits + 1, *words])
                same((good.code, *good.count("received", "lost")), (0, 2, 0), f"{path['mtu']} bytes from {a} to {b}")
                what = f"a byte more from {a} to {b}, IPv{family}"
                same(big.code, 1, what)
                if path["mtu"] == 1500:  # that of its own link
                    same((big.count("sent", "local_errors"), big.each("status", "answer")),
                         ((0, 2), [("local", "Message too long")] * 2), what)
                elif path.get("mtu_told") is False:
                    same((big.count("lost", "errors"), big.each("status")), ((2, 0), [("lost",)] * 2), what)
                else:
                    same(big.each("status", "answer", "mtu"), [("error", TOO_BIG[family], path["mtu"])] * 2, what)
                    true(lab.node_of(big.probes[0]["from"]) == "r3", f"{what}: told by {big.probes[0]['from']}")


@fact
def what_is_known_of_a_path_stops_what_is_too_big_at_home():
    """-M do: the first is told by the router, and from then on nothing that is too big leaves."""
    with Lab("blackhole") as lab:
        told = lab.ping("near", "-4", "-c", 3, "-i", "0.1", "-W", "0.3", "-M", "do", "-s", 1472, "src")
        same(told.each("status", "answer", "mtu"), [("error", TOO_BIG[4], 1300)] + [("local", "Message too long", None)] * 2)
        same(told.count("sent", "lost", "errors", "local_errors"), (1, 1, 1, 2))
        true("did not leave this machine: Message too long" in
             lab.words("near", "-4", "-c", 1, "-M", "do", "-s", 1472, "src"), "it is not said in words")


@fact
def firewalls_are_told_by_how_they_refuse():
    methods = ([], ["--tcp", 80], ["--tcp", 81], ["--udp", 9])
    with Lab("firewall") as lab:
        for to in ("quiet", "polite", "rude"):
            path = lab.path("src", to)
            for family in (4, 6):
                runs = lab.pings("src", *[["-c", 2, "-i", "0.02", "-W", "0.3", *m, f"-{family}", to] for m in methods])
                gate, host = path["hops"][-1][f"v{family}"][0], path[f"to_v{family}"]
                lost, error = ("lost", None, None), ("error", FILTERED[family], gate)
                refused = {"quiet": [lost] * 3, "polite": [error] * 3, "rude": [error, ("reply", "rst", host), error]}[to]
                expected = [refused[0], ("reply", "syn-ack", host), refused[1], refused[2]]
                for method, told, way in zip(methods, runs, expected):
                    what = f"{to}, IPv{family} {method}"
                    same(told.each("status", "answer", "from"), [way] * 2, what)
                    same(told.code, 0 if way[0] == "reply" else 1, what)
                    same(told.count("local_errors"), (0,), what)
        told = lab.pings("lost", *[["-c", 1, f"-{family}", "quiet"] for family in (4, 6)])
        same([(t.count("sent", "lost"), t.each("status", "answer")) for t in told],
             [((0, 0), [("local", "No route to host")])] * 2, "where there is no way")


@fact
def a_translator_is_not_seen_in_what_it_puts_right():
    """Whoever is behind it is answered, and what routers outside quote is its own again."""
    with Lab("nat") as lab:
        for family in (4, 6):
            for node in ("pc", "tv"):
                hops = lab.path(node, "www")["hops"]
                for method in ([], ["--tcp", 80], ["--udp", 7]):
                    runs = lab.pings(node, *[["-c", 2, "-i", "0.01", "-t", h["ttl"], *method, f"-{family}", "www"] for h in hops])
                    for h, told in zip(hops, runs):
                        same(told.each("status", "from", "rewritten"),
                             [("reply" if h is hops[-1] else "error", h[f"v{family}"][0], False)] * 2, f"{node} {method} {h}")
                        same(told.count("rewritten", "spoofed", "corrupted"), (0, 0, 0))


@fact
def who_answers_by_another_address_is_told_as_rewritten():
    """A router that writes another source, and has no memory that would put it right."""
    text = "host src dst\nrouter r\nlink src r\nlink r dst\nroute * auto\n" \
           "nft r { ip saddr 10.0.2.2 icmp type echo-reply ip saddr set 192.0.2.9 }\n"
    with Lab("rewriter", text) as lab:
        told = lab.ping("src", "-4", "-c", 3, "-i", "0.02", "dst")
        same(told.each("status", "from", "rewritten"), [("reply", "192.0.2.9", True)] * 3)
        same((told.code, told.count("received", "rewritten", "spoofed")), (0, (3, 3, 0)))


@fact
def flows_take_other_ways_and_one_flow_keeps_to_one():
    """The source port is another in each run, the same in one; r1 counts ports, and echo has none."""
    with Lab("diamond") as lab:
        middle = {p["hops"][1]["v4"][0] for p in lab.paths("src", "dst")}
        words = ["-c", 2, "-i", "0.002", "-4", "-t", 2]
        ways = [{p["from"] for p in told.probes} for told in lab.pings("src", *[[*words, "--udp", 7, "dst"]] * 40)]
        same({len(way) for way in ways}, {1}, "ways of one flow")
        same(set().union(*ways), middle, "ways of forty flows")
        echo = [p["from"] for told in lab.pings("src", *[[*words, "dst"]] * 8) for p in told.probes]
        same((len(set(echo)), len(echo), set(echo) <= middle), (1, 16, True), "the way of echo requests")
        recorded = lab.ping("src", "-4", "-c", 2, "-i", "0.01", "-R", "dst").each("route")
        nodes = [[lab.node_of(a) for a in route] for (route,) in recorded]
        true(all(n[:3] == ["src", "r1", n[2]] and n[3:6] == ["r2", "dst", "dst"] for n in nodes), f"recorded: {nodes}")
        true(all(n[7] == "a" for n in nodes), f"the way back is over a: {nodes}")


@fact
def odd_routers_get_an_honest_status_each():
    with Lab("odd") as lab:
        hops = lab.path("src", "far")["hops"]
        for family in (4, 6):
            runs = lab.pings("src", *[["-c", 2, "-i", "0.01", "-W", "0.3", "-t", h["ttl"], f"-{family}", "far"] for h in hops])
            for h, told in zip(hops, runs):
                what, at, hop = f"IPv{family} hop {h}", h[f"v{family}"][0], h.get("hop")
                seen = sorted(told.each("status", "from", "seq"))
                for seq in (1, 2):
                    mine = [s[:2] for s in seen if s[2] == seq]
                    if h is hops[-1]:
                        same(mine, [("reply", at)], what)
                    elif hop == 6:  # a wrong checksum, which over IPv6 the kernel keeps to itself
                        same(mine, [("corrupted", at)] * (family == 4) + [("lost", None)], what)
                    elif hop == 7:  # which comes twice, behind a forgery; that has the address of nobody here
                        same(mine, [("duplicate", at), ("error", at)], what)
                        same(told.count("errors", "duplicates", "received"), (2, 2, 0), what)
                    else:
                        same(mine, [("lost", None)] if h.get("silent") else [("error", at)], what)
                if hop == 5:  # eight bytes of the probe are quoted: identifier, sequence and checksum
                    same(told.each("auth_bits"), [(48,)] * 2, what)
                if hop == 6 and family == 6:
                    same(told.run["dropped"], 2, what)
            loop, wall = lab.pings("src", ["-c", 1, "-t", 20, f"-{family}", "loop"], ["-c", 1, f"-{family}", "wall"])
            turns = [h[f"v{family}"][0] for h in lab.path("src", "loop")["hops"]][2:]
            same(loop.each("status", "answer", "from"), [("error", PASSED[family], turns[(20 - 3) % 2])], "a loop")
            same(wall.each("status", "answer", "from"),
                 [("error", FILTERED[family], lab.path("src", "wall")["hops"][-1][f"v{family}"][0])], "a wall")
            for method, answer in ((["--tcp", 80], "syn-ack"), (["--tcp", 81], "rst"), (["--udp", 7], "data")):
                same(lab.ping("src", "-c", 1, *method, f"-{family}", "far").each("answer"), [(answer,)], str(method))


@fact
def all_addresses_of_forty_nodes_answer_in_one_run():
    """Each from as far away as the oracle has it; and the table has a row for each."""
    with Lab("forty") as lab:
        mine = {a["v4"].split("/")[0]: a["node"] for a in lab.addresses} | \
               {a["v6"].split("/")[0]: a["node"] for a in lab.addresses}
        told = lab.ping("h1", "-c", 2, "-i", "0.2", "-W", 1, *mine)
        same((told.code, told.run["targets"], told.run["answered"]), (0, len(mine), len(mine)), "who answered")
        same({(t["sent"], t["received"], t["lost"]) for t in told.targets}, {(2, 2, 0)}, "counts")
        same(sorted(t["target"] for t in told.targets), sorted(mine), "targets")
        far = {to: len(lab.paths("h1", to)[0]["hops"]) for to in {p["to"] for p in lab.all_paths if p["from"] == "h1"}}
        same(len(far), 9, "other hosts")
        for p in told.probes:
            node = mine[p["target"]]
            same((p["status"], p["from"]), ("reply", p["target"]), f"{node}")
            if node in far:
                same(p["ttl"], TTL - far[node] + 1, f"time to live from {node}")
        names = sorted(set(mine.values()))
        rows = lab.words("h1", "-4", "-c", 1, "--width", 120, *names).splitlines()
        same(sorted(row.split()[0] for row in rows[1:]), names, "rows of the table")
        same({tuple(re.findall(r" (\d+) +(\d+) +(\d+%) ", row)[0]) for row in rows[1:]}, {("1", "1", "0%")}, "what they say")
