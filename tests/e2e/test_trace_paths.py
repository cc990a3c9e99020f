"""sonde trace --paths in the ready labs: what it draws against the paths that the oracle says there are."""

import os
import re
import shutil
import subprocess

from e2e import SONDE, Report, fact, folder, same, true
from test_lab_ready import TOP
from test_ping_lab import Lab

METHODS = {"udp": [], "icmp": ["-I"], "tcp": ["-T", "-p", "80"]}
SURE = ["--paths", "--confidence", "99"]


class Graph:
    """What the records say of one target: edges between nodes of the lab, by the hop they lead from."""

    def __init__(self, lab, records, target=None):
        own = [r for r in records if target in (None, r.get("name"))]
        self.nodes = [r for r in own if r["record"] == "node"]
        self.told = next(r for r in own if r["record"] == "paths")
        self.edges = set()
        self.flows = {}
        for r in own:
            if r["record"] == "edge":
                ends = tuple(lab.node_of(r[m]) if m in r else "*" for m in ("from", "to"))
                self.edges.add((r["ttl"], *ends))
                self.flows[(r["ttl"], *ends)] = r["flows"] + r["inferred"]


class Drawn(Lab):
    """A lab whose paths are drawn."""

    def words(self, node, *words, code=0):
        return self.up.exec(node, SONDE, "trace", "-n", *map(str, words), code=code).out

    def graph(self, node, to, *options):
        return Graph(self, Report(self.words(node, "--json", *SURE, *options, to)).records)

    def expected(self, a, b):
        """The edges that the oracle's paths have."""
        return {(ttl, *ends) for path in self.paths(a, b) for ttl, ends in enumerate(zip(path["nodes"], path["nodes"][1:]))}


@fact
def every_way_of_the_diamond_is_found_by_udp_and_tcp_over_both_versions_of_ip():
    with Drawn("diamond") as lab:
        for family in (4, 6):
            for method in ("udp", "tcp"):
                g = lab.graph("src", "dst", f"-{family}", *METHODS[method])
                what = f"{method} over IPv{family}"
                same(g.edges, lab.expected("src", "dst"), what)
                same([g.told[m] for m in ("reached", "paths", "hops", "hops_max", "complete", "per_packet")],
                     [True, 4, 4, 4, True, False], what)
                balancer = next(n for n in g.nodes if n["ttl"] == 1)
                same((balancer["balances"], balancer["next"]), ("by flow", 4), what)
                true(sum(n for (ttl, _, _), n in g.flows.items() if ttl == 1) >= 28, f"{what}: {g.flows}")


@fact
def echo_requests_have_no_ports_and_take_one_way_where_these_are_hashed():
    with Drawn("diamond") as lab:
        for family in (4, 6):
            g = lab.graph("src", "dst", f"-{family}", "-I")
            true(g.edges < lab.expected("src", "dst"), f"IPv{family}: {g.edges}")
            same((g.told["paths"], g.told["complete"]), (1, True), f"IPv{family}")


@fact
def by_their_labels_all_flows_of_ipv6_take_all_ways_where_no_ports_are_hashed():
    with open(os.path.join(TOP, "tests", "lab", "diamond.lab"), encoding="utf-8") as file:
        text = file.read().replace("hash=l4", "")
    with Drawn("labels", text) as lab:
        for method, words in METHODS.items():
            g = lab.graph("src", "dst", "-6", *words)
            same(g.edges, lab.expected("src", "dst"), method)
            same((g.told["paths"], g.told["per_packet"]), (4, False), method)
            same(lab.graph("src", "dst", "-4", *words).told["paths"], 1, f"{method} over IPv4")


@fact
def a_flow_of_ipv6_keeps_to_its_way():
    """All answers of a flow's probes to a hop are from one address."""
    with Drawn("diamond") as lab:
        records = Report(lab.words("src", "--json", *SURE, "-6", "dst")).records
        ways = {}
        for r in records:
            if r["record"] == "probe" and r["hops"] == 2:
                ways.setdefault(r["flow"], set()).add(r["from"])
        same([f for f, way in ways.items() if len(way) > 1], [], "flows that take several ways")
        same(len(set.union(*ways.values())), 4, "ways")


@fact
def what_there_is_one_path_of_is_one_path_though_it_comes_back_by_another():
    with Drawn("asymmetric") as lab:
        for family in (4, 6):
            for method, words in METHODS.items():
                words = words if method != "tcp" else ["-T", "-p", "81"]
                g = lab.graph("src", "dst", f"-{family}", *words)
                same(g.edges, lab.expected("src", "dst"), f"{method} over IPv{family}")
                same((g.told["paths"], g.told["complete"]), (1, True), f"{method} over IPv{family}")


@fact
def a_silent_router_is_a_star_that_is_followed():
    with Drawn("silent") as lab:
        g = lab.graph("src", "dst", "-4")
        same(g.edges, {(0, "src", "r1"), (1, "r1", "*"), (2, "*", "r3"), (3, "r3", "dst")}, "edges")
        same([(n["status"], n.get("address")) for n in g.nodes if n["ttl"] == 2], [("silent", None)], "hop 2")


@fact
def a_router_that_answers_once_a_second_is_no_star():
    with Drawn("rate-limit") as lab:
        g = lab.graph("src", "dst", "-4")
        same(g.edges, lab.expected("src", "dst"), "edges")
        same((g.told["paths"], g.told["complete"]), (1, True), "paths")


@fact
def many_targets_at_once_have_no_edge_that_is_not_there():
    """In the grid many ways are as long, but Linux hashes alike everywhere: few of them can be taken."""
    with Drawn("forty") as lab:
        names, several = ["h2", "h4", "h6", "h8", "h10"], 0
        with open(lab.file, encoding="utf-8") as file:
            links = {frozenset(line.split()[1:3]) for line in file if line.startswith("link ")}
        for family in (4, 6):
            records = Report(lab.words("h1", "--json", "--paths", f"-{family}", *names)).records
            for name in names:
                g = Graph(lab, records, name)
                what = f"IPv{family} to {name}"
                same([e for e in g.edges if frozenset(e[1:]) not in links], [], f"{what}: no links")
                if not lab.paths("h1", name)[0]["more"]:
                    same(g.edges - lab.expected("h1", name), set(), what)
                true(g.told["reached"] and g.told["complete"], f"{what}: {g.told}")
                several += g.told["paths"] > 1
        true(several, "no target has two paths")


def check_tree(text, family):
    """Four branches, and where they meet."""
    lines = text.splitlines()
    true(re.match(r"paths to dst \(\S+\), 30 hops max; flow n is UDP to port 33434 \+ n$", lines[0]), lines[0])
    same(lines[1].split()[:5], ["HOP", "NODE", "FLOWS", "RTT", "ms"], "titles")
    first = [re.match(r" *(\d+)  ([├└│ ]*─? ?)(\S+) ", line) for line in lines[2:-1]]
    same([m.group(2).strip()[:1] for m in first if m.group(1) == "2"], ["├", "├", "├", "└"], "branches")
    same([m.group(2) for m in first if m.group(1) in "14"], ["", ""], "what all pass")
    same(len([m for m in first if m.group(1) == "3"]), 1 if family == 4 else 4, "hop 3")
    true(re.match(r"4 paths of 4 hops, \d+ probes; no further path with 99 % confidence a node$", lines[-1]), lines[-1])


@fact
def a_run_that_was_kept_is_told_again_as_it_was():
    with Drawn("diamond") as lab:
        for family in (4, 6):
            name = os.path.join(folder(), "kept.pcapng")
            live = lab.words("src", *SURE, f"-{family}", "--width", 100, "--save", name, "dst")
            check_tree(live, family)
            same(lab.words("src", "--width", 100, "--from", name), live, f"IPv{family}")
            narrow = lab.words("src", "--width", 50, "--from", name)
            true(all(len(line) <= 50 for line in narrow.splitlines()[1:-1]), f"a line is wider: {narrow}")
            for form in ("--json", "--csv", "--dot"):
                name = os.path.join(folder(), "kept.pcapng")
                live = lab.words("src", *SURE, f"-{family}", form, "--save", name, "dst")
                same(lab.words("src", form, "--from", name), live, f"IPv{family} {form}")


@fact
def a_graph_for_graphviz_has_the_same_nodes_and_edges():
    with Drawn("diamond") as lab:
        name = os.path.join(folder(), "kept.pcapng")
        text = lab.words("src", "--dot", "--confidence", 99, "-6", "--save", name, "dst")
        g = Graph(lab, Report(lab.words("src", "--json", "--from", name)).records)
        nodes = dict(re.findall(r'^\t\t(t0_\d+_\d+) \[label="([^\\"]*)', text, re.M))
        edges = {(int(a.split("_")[1]), lab.node_of(nodes[a]), lab.node_of(nodes[b]))
                 for a, b in re.findall(r"^\t\t(\S+) -> (\S+) \[", text, re.M)}
        same(edges, g.edges, "edges")
        same(len(nodes), 1 + len(g.nodes), "nodes")
        if shutil.which("dot"):
            drawn = subprocess.run(["dot", "-Tplain"], input=text, capture_output=True, text=True)
            same((drawn.returncode, drawn.stderr), (0, ""), "dot")
            same(sum(line.startswith("edge ") for line in drawn.stdout.splitlines()), len(re.findall(" -> ", text)), "edges that dot drew")


@fact
def comma_separated_values_are_of_nodes():
    with Drawn("diamond") as lab:
        lines = lab.words("src", "--csv", *SURE, "-4", "dst").splitlines()
        true({"ttl", "address", "flows", "probes", "rtt_ns", "status"} <= set(lines[0].split(",")), lines[0])
        same(len(lines), 1 + 7, "lines")


@fact
def a_target_that_is_not_reached_is_a_no_and_told():
    with Drawn("firewall") as lab:
        out = lab.words("src", "--paths", "-4", "-w", "0.5", "-T", "-p", 81, "quiet", code=1)
        true("* nothing answers from here on" in out, out)
        true(re.search(r"^1 path, none to the target, \d+ probes; ", out, re.M), out)


@fact
def what_cannot_be_is_one_sentence():
    for words, sentence in (
            (["--paths", "--confidence", "90"], "--confidence takes 95 or 99"),
            (["--confidence", "99"], "--confidence is for --paths"),
            (["--paths", "-q", "2"], "--paths asks as often as its rule demands: without -q"),
            (["--paths", "--report"], "--paths asks as often as its rule demands: without --report"),
            (["--dot", "--json"], "--json, --csv and --dot exclude each other")):
        done = subprocess.run([SONDE, "trace", *words, "127.0.0.1"], capture_output=True, text=True, check=False)
        same(done.returncode, 2, " ".join(words))
        true(sentence in done.stderr.splitlines()[0], f"{words}: {done.stderr!r}")


@fact
def a_run_of_one_path_is_no_graph():
    with Drawn("diamond") as lab:
        name = os.path.join(folder(), "kept.pcapng")
        lab.words("src", "-4", "--save", name, "dst")
        done = lab.up.exec("src", SONDE, "trace", "--dot", "--from", name, code=2)
        same(done.out, "", "what is printed")
        same(done.err, f"sonde trace: {name}: this run traced one path, without --paths\n", "why")
