"""The ready labs of tests/lab/, seen by tools that nobody here wrote, against what `lab check` says of them."""

import json
import os
import re
import subprocess
import time

from e2e import HERE, Running, SONDE, fact, folder, need, need_root, same, true, wait_until
from test_lab import ROOT, everybody, write
from tutorial import shows

TOP = os.path.dirname(os.path.dirname(HERE))


class Ready:
    """One of them, or one of the text given, and its oracle."""

    def __init__(self, name, who=ROOT, text=None):
        need_root()
        self.who = who
        self.file = write(text, f"{name}.lab") if text else os.path.join(TOP, "tests", "lab", f"{name}.lab")
        records = [json.loads(line) for line in who.lab("check", self.file).out.splitlines()]
        self.addresses = [r for r in records if r["record"] == "lab_address"]
        self.all_paths = [r for r in records if r["record"] == "lab_path"]

    def paths(self, a, b):
        return [r for r in self.all_paths if (r["from"], r["to"]) == (a, b)]

    def path(self, a, b):
        found = self.paths(a, b)
        same(len(found), 1, f"paths from {a} to {b}")
        return found[0]

    def node_of(self, address):
        for r in self.addresses:
            if address in (r["v4"].split("/")[0], r["v6"].split("/")[0]):
                return r["node"]
        return None

    def run(self, node, *command, code=0):
        need(command[0])
        return self.who.lab("run", self.file, "-n", node, "--", *command, code=code)

    def trace(self, node, to, *options, family=4):
        """What traceroute says: for each hop the addresses, "*" and marks such as "!X", without times."""
        out = self.run(node, "traceroute", "-n", f"-{family}", "-w", "0.5", *options, to, code=None).out
        hops = {}
        for line in out.splitlines()[1:]:
            words = re.sub(r"\s[\d.]+ ms|<[^>]*>", "", line).split()
            hops[int(words[0])] = words[1:]
        return hops

    def agrees(self, node, to, *options, family=4):
        """Each hop answers from where the oracle says, or not at all where it says so."""
        path, hops = self.path(node, to), self.trace(node, to, "-q", "1", *options, family=family)
        same(path["end"], "reached", "the path's end")
        same(sorted(hops), [h["ttl"] for h in path["hops"]], f"hops from {node} to {to}")
        for h in path["hops"]:
            got, what = hops[h["ttl"]], f"IPv{family} hop {h['ttl']} from {node} to {to} by {options}"
            if h.get("silent"):
                same(got, ["*"], what)
            else:
                true(got and got[0] in h[f"v{family}"], f"{what}: {got} is none of {h[f'v{family}']}")


def loss(out):
    return float(re.search(r"([\d.]+)% packet loss", out).group(1))


def average(out):
    """Milliseconds; 0 where nothing came back."""
    found = re.search(r"= [\d.]+/([\d.]+)/", out)
    return float(found.group(1)) if found else 0


@fact
def each_hop_of_the_chain_answers_udp_icmp_and_tcp_as_the_oracle_says():
    for who in everybody():
        lab = Ready("chain", who)
        for family in (4, 6):
            for method in (["-U"], ["-I"], ["-T", "-p", "80"], []):
                lab.agrees("src", "dst", *method, family=family)
        lab.agrees("dst", "src")
        true("ttl=58" in lab.run("src", "ping", "-4", "-c", "1", "-W", "1", "dst").out, "six routers are not counted")
        same(len(lab.path("src", "dst")["nodes"]), 8, "nodes on the path")


@fact
def mtr_and_tracepath_see_the_same_chain():
    need("mtr")
    lab = Ready("chain")
    expected = [(h["ttl"], h["v4"][0]) for h in lab.path("src", "dst")["hops"]]
    out = lab.run("src", "mtr", "-n", "-4", "-r", "-c", "1", "dst").out
    same([(int(t), a) for t, a in re.findall(r"^ *(\d+)\.\|-- (\S+)", out, re.M)], expected, "hops of mtr")
    out = lab.run("src", "tracepath", "-n", "-4", "dst").out
    same(sorted({(int(t), a) for t, a in re.findall(r"^ *(\d+): +(\d+\.\S+)", out, re.M)}), expected, "hops of tracepath")
    true(f"pmtu {lab.path('src', 'dst')['mtu']}" in out, f"the MTU is not {out!r}")


@fact
def flows_take_all_four_ways_of_the_diamond_and_one_flow_takes_one():
    lab = Ready("diamond")
    paths = lab.paths("src", "dst")
    same(len(paths), 4, "paths")
    for family in (4, 6):
        middle = {p["hops"][1][f"v{family}"][0] for p in paths}
        same(len(middle), 4, "routers in the middle")
        seen = set()
        for port in range(40000, 46000, 1000):
            hops = lab.trace("src", "dst", "-q", "10", "-f", "2", "-m", "2", "-p", str(port), family=family)
            seen |= set(hops[2])
        same(seen, middle, f"who answers IPv{family} at hop 2")
    echo = lab.trace("src", "dst", "-I", "-q", "10", "-f", "2", "-m", "2")
    same(len(set(echo[2])), 1, "ways of echo requests, which have no ports")
    lab.agrees("dst", "src")


@fact
def a_black_hole_swallows_what_is_too_big_and_a_narrow_link_says_so():
    lab = Ready("blackhole")
    for node, to, header in (("src", "dst", 0), ("near", "src", 0), ("dst", "src", 0), ("near", "dst", 0)):
        path = lab.path(node, to)
        for family, header in ((4, 28), (6, 48)):
            size = path["mtu"] - header
            ping = ["ping", f"-{family}", "-M", "do", "-c", "1", "-W", "0.5", "-s"]
            same(loss(lab.run(node, *ping, str(size), to).out), 0, f"loss of {path['mtu']} bytes from {node} to {to}")
            out = lab.run(node, *ping, str(size + 1), to, code=1)
            told = re.search(r"mtu[ =:]+(\d+)", out.out + out.err)
            if path.get("mtu_told") is False:
                same(told, None, f"who told {node}")
            else:
                same(told and int(told.group(1)), path["mtu"], f"the MTU that {node} is told")
    true("pmtu 1300" in lab.run("near", "tracepath", "-n", "src").out, "tracepath does not find it")


@fact
def a_router_that_answers_seldom_is_not_a_lossy_path():
    lab = Ready("rate-limit")
    for family in (4, 6):
        got = {}
        for h in lab.path("src", "dst")["hops"][:-1]:
            out = lab.run("src", "ping", f"-{family}", "-t", str(h["ttl"]), "-c", "20", "-i", "0.02", "-W", "0.5", "dst",
                          code=1).out
            got[h["ttl"]] = len(re.findall("exceeded", out))
            if not h.get("icmp_interval_ns"):
                same(got[h["ttl"]], 20, f"answers of hop {h['ttl']}")
        true(1 <= got[2] <= 10, f"{got[2]} answers of 20 in half a second, at one in a second")
        same(loss(lab.run("src", "ping", f"-{family}", "-q", "-c", "20", "-i", "0.02", "dst").out), 0, "loss")


@fact
def a_silent_router_is_a_star_and_no_end():
    lab = Ready("silent")
    for family in (4, 6):
        lab.agrees("src", "dst", family=family)
        lab.agrees("dst", "src", "-I", family=family)
    same([h["node"] for h in lab.path("src", "dst")["hops"] if h.get("silent")], ["r2"], "silent hops")


@fact
def the_way_back_is_another():
    lab = Ready("asymmetric")
    forth, back = lab.path("src", "dst")["nodes"], lab.path("dst", "src")["nodes"]
    out = lab.run("src", "ping", "-4", "-n", "-R", "-c", "1", "-W", "1", "dst").out
    recorded = re.findall(r"^(?:RR:)?\s+(\d+\.\d+\.\d+\.\d+)$", out, re.M)
    same([lab.node_of(a) for a in recorded[:5]], forth, "ways there that were recorded")
    same([lab.node_of(a) for a in recorded[5:]], back[:4], "ways back that were recorded")
    true(average(out) >= 11, f"1 ms there and 10 ms back: {out!r}")
    for family in (4, 6):
        lab.agrees("src", "dst", family=family)
        lab.agrees("dst", "src", family=family)


@fact
def a_translator_stands_for_who_is_behind_it():
    lab = Ready("nat")
    for family in (4, 6):
        for node in ("pc", "tv"):
            path = lab.path(node, "www")
            same(path["nat"], ["nat"], "who translates")
            out = lab.run(node, "curl", f"-{family}", "-s", "http://www/").out
            same(re.search(r"client (\S+)", out).group(1), path[f"seen_v{family}"], "who www says it was")
            lab.agrees(node, "www", family=family)
            lab.agrees(node, "www", "-T", "-p", "80", family=family)
        lab.agrees("pc", "tv", family=family)
    same(lab.path("pc", "tv").get("nat"), None, "who translates at home")


@fact
def firewalls_refuse_each_in_its_way_and_let_port_80_through():
    lab = Ready("firewall")
    for to, curl in (("quiet", 28), ("polite", 7), ("rude", 7)):
        path = lab.path("src", to)
        same(path["open"], ["80"], "open ports")
        for family in (4, 6):
            lab.run("src", "curl", f"-{family}", "-s", "-m", "1", f"http://{to}/")
            # an error may come while the call that asked still holds its socket: then a second SYN tells
            lab.run("src", "curl", f"-{family}", "-s", "-m", "1" if curl == 28 else "5", f"http://{to}:81/", code=curl)
            hops = lab.trace("src", to, "-T", "-p", "81", "-q", "1", "-m", "4", family=family)
            last = hops.get(3)
            if path["end"] == "dropped":
                same((last, hops.get(4)), (["*"], ["*"]), f"behind {path['end_node']}")
            elif path[f"refused_v{family}"] == "admin-prohibited":
                same(last, [path["hops"][-1][f"v{family}"][0], "!X"], f"behind {path['end_node']}")
            else: # a reset in the name of who was asked
                same(last, [path[f"to_v{family}"]], f"behind {path['end_node']}")
            for h in path["hops"][:2]:
                true(hops[h["ttl"]][0] in h[f"v{family}"], f"hop {h['ttl']} is {hops[h['ttl']]}")
    for family in (4, 6): # what is no TCP
        hops = lab.trace("src", "rude", "-U", "-q", "1", "-m", "4", family=family)
        same(hops[3], [lab.path("src", "rude")["hops"][-1][f"v{family}"][0], "!X"], "behind reset, of UDP")


@fact
def a_lossy_link_loses_what_it_says_and_the_same_again():
    lab = Ready("lossy")
    truths = []
    for _ in range(2):
        path = os.path.join(folder(), "truth")
        out = lab.who.lab("run", lab.file, "--truth", path, "--", "ping", "-4", "-q", "-c", "600", "-i", "0.002", "-W",
                          "0.2", "dst", code=None).out
        with open(path, encoding="utf-8") as file:
            records = [r for r in map(json.loads, file) if r["record"] == "truth"]
        truths.append({(r["from"], r["number"]): r["verdict"] for r in records})
        expected, sigma = 100 * (1 - 0.9 * 0.95), 100 * (0.145 * 0.855 / 600) ** 0.5
        true(abs(loss(out) - expected) < 4 * sigma, f"{loss(out)} % of echo requests, {expected:.1f} % expected")
        true(9 < average(out) < 15, f"{average(out)} ms on average, there and back 5 ms each")
        for node, chance in (("r1", 0.1), ("r2", 0.05)):
            mine = [r["verdict"] for r in records if r["from"] == node]
            lost = mine.count("lost") / len(mine)
            true(abs(lost - chance) < 4 * (chance * (1 - chance) / len(mine)) ** 0.5, f"{lost} of {len(mine)} from {node}")
    both = truths[0].keys() & truths[1].keys()
    true(len(both) > 1000, f"only {len(both)} packets in common")
    same([k for k in both if truths[0][k] != truths[1][k]], [], "packets that fared otherwise")


@fact
def an_upload_fills_the_queue_and_everybody_waits_in_it():
    need("iperf3")
    lab = Ready("bufferbloat")
    with open(lab.file, encoding="utf-8") as file:
        text = file.read()
    with ROOT.up(text) as up:
        ping = ["ping", "-4", "-q", "-c", "5", "-i", "0.1", "-W", "3", "www"]
        idle = average(up.exec("pc", *ping).out)
        true(10 <= idle < 30, f"{idle} ms when idle, 10 expected")
        with Running(ROOT.argv("exec", up.name, "www", "--", "iperf3", "-s", "-1")):
            wait_until(lambda: ":5201" in up.exec("www", "ss", "-ltn").out, "that iperf3 listens", 10)
            with Running(ROOT.argv("exec", up.name, "pc", "--", "iperf3", "-4", "-u", "-b", "4M", "-l", "1400", "-t", "30",
                                   "-c", "www")):
                end = time.monotonic() + 20
                while average(up.exec("pc", *ping, code=None).out) < 500:
                    true(time.monotonic() < end, "the queue of 0.6 seconds does not fill")


@fact
def tcp_gets_as_much_as_the_link_passes():
    need("iperf3")
    lab = Ready("bufferbloat")
    with open(lab.file, encoding="utf-8") as file:
        text = file.read()
    with ROOT.up(text) as up, Running(ROOT.argv("exec", up.name, "www", "--", "iperf3", "-s", "-1")):
        wait_until(lambda: ":5201" in up.exec("www", "ss", "-ltn").out, "that iperf3 listens", 10)
        out = json.loads(up.exec("pc", "iperf3", "-4", "-J", "-t", "3", "-c", "www").out)
        rate = out["end"]["sum_received"]["bits_per_second"] / 1e6
        true(rate <= 2, f"{rate} Mbit/s through 2 Mbit/s")


@fact
def odd_routers_look_as_odd_to_others():
    lab = Ready("odd")
    path = lab.path("src", "far")
    for family in (4, 6):
        out = lab.run("src", "traceroute", "-n", "-e", f"-{family}", "-q", "1", "-w", "0.5", "far").out
        lines = {int(line.split()[0]): line for line in out.splitlines()[1:]}
        for h in path["hops"]:
            got = lines[h["ttl"]].split()[1]
            unheard = h.get("silent") or h.get("hop") == 6 # of a wrong checksum the kernel says nothing
            same(got, "*" if unheard else h[f"v{family}"][0], f"hop {h['ttl']}")
            labels = [int(n) for n in re.findall(r"L=(\d+)", lines[h["ttl"]])]
            same(labels, h.get("mpls", []), f"labels of hop {h['ttl']}")
        true("<2/15:" in lines[4], f"there is no interface information: {lines[4]!r}")
        hops = lab.trace("src", "loop", "-q", "1", "-m", "9", family=family)
        names = [lab.path("src", "loop")["hops"][i][f"v{family}"][0] for i in range(4)]
        same([hops[t][0] for t in range(1, 10)], names + names[2:] + names[2:] + names[2:3], "hops of the loop")
        hops = lab.trace("src", "wall", "-q", "1", family=family)
        same(hops[max(hops)][1:], ["!X"], "the wall")
        same(lab.path("src", "wall")[f"refused_v{family}"], "admin-prohibited", "what the oracle says of it")
        out = lab.run("src", "ping", f"-{family}", "-c", "2", "-i", "0.1", "-W", "1", "far").out
        true(loss(out) == 0 and average(out) >= 2, f"the host at the end: {out!r}")
    need("mtr")
    out = lab.run("src", "mtr", "-n", "-e", "-4", "-r", "-c", "1", "far").out
    true("198.51.100.6" in out, "mtr believes a wrong checksum, and should show its hop")


@fact
def forty_nodes_are_crossed_by_neighbours():
    lab = Ready("forty")
    same(len({r["node"] for r in lab.addresses}), 40, "nodes")
    links = {frozenset((r["node"], r["peer"])) for r in lab.addresses}
    for family in (4, 6):
        hops = lab.trace("h1", "h10", "-q", "1", "-N", "1", family=family)
        same(sorted(hops), [h["ttl"] for h in lab.paths("h1", "h10")[0]["hops"]], "hops")
        true(lab.node_of(hops[1][0]) == "r11" and hops[11][0] == lab.paths("h1", "h10")[0][f"to_v{family}"], f"ends: {hops}")
        grid = [tuple(int(n) for n in lab.node_of(hops[t][0])[1:]) for t in range(1, 11)]
        same([row + column for row, column in grid], list(range(2, 12)), "row and column of each hop")
        lab.agrees("h1", "h2", family=family)
    true(len(links) == 59, f"{len(links)} links")
    true("client" in lab.run("h1", "curl", "-s", "http://h10/").out, "the page")


CHAIN = """host src dst
router a b c d
link src a
link a b
link b c
link c d
link d dst
route * auto
"""


@fact
def a_time_to_live_written_anew_hides_hops_or_ends_all_as_the_oracle_says():
    for box in ("b ttl=40", "a ttl=4", "a ttl=3", "a ttl=2", "a ttl=1"):
        lab = Ready("ttl", text=f"{CHAIN}box {box}\n")
        path = lab.path("src", "dst")
        for family in (4, 6):
            hops = lab.trace("src", "dst", "-q", "1", "-m", "5", family=family)
            for h in path["hops"]:
                true(hops[h["ttl"]][0] in h[f"v{family}"], f"{box}, IPv{family}: {hops} but {h}")
            ping = lab.run("src", "ping", f"-{family}", "-q", "-c", "1", "-W", "0.5", "dst", code=None).out
            same(loss(ping) == 0, path["end"] == "reached", f"{box}: whether it arrives")
            if path["end"] == "reached":
                same(max(hops), path["hops"][-1]["ttl"], f"{box}: hops")
            else:
                same(hops[5][0], hops[path["hops"][-1]["ttl"]][0], f"{box}: who answers for ever")


@fact
def routes_that_refuse_do_it_as_the_oracle_says():
    marks = {"host-unreachable": "!H", "net-unreachable": "!N", "admin-prohibited": "!X", "no-route": "!N"}
    for words in ("route b dst unreachable", "route b dst prohibit", "route b dst blackhole", "route a dst via b\n"
                  "route b dst via a"):
        lab = Ready("refuse", text=f"{CHAIN}{words}\n")
        path = lab.path("src", "dst")
        for family in (4, 6):
            hops = lab.trace("src", "dst", "-q", "1", "-m", "6", family=family)
            for h in path["hops"]:
                true(hops[h["ttl"]][0] in h[f"v{family}"], f"{words}: {hops} but {h}")
            if path["end"] == "refused":
                same(hops[2][1:], [marks[path[f"refused_v{family}"]]], f"{words}, IPv{family}")
            elif path["end"] == "loop":
                same([lab.node_of(hops[t][0]) for t in range(1, 7)], ["a", "b"] * 3, "nodes of the loop")
            else:
                same((path["end"], hops[2], hops[3]), ("dropped", ["*"], ["*"]), words)
    lab = Ready("none", text=CHAIN.replace("route * auto", "route src dst via a\nroute a src via src"))
    same(lab.path("src", "dst")["end"], "no-route", "the path's end")
    for family in (4, 6):
        same(lab.trace("src", "dst", "-q", "1", family=family)[1][1:], ["!N"], "of a router without a route")


@fact
def what_a_host_cannot_send_has_the_error_that_the_oracle_says():
    program = """if True:
        import errno, socket, sys
        for family, where in ((socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2])):
            with socket.socket(family, socket.SOCK_DGRAM) as s:
                try:
                    s.connect((where, 9))
                    print("none")
                except OSError as why:
                    print(errno.errorcode[why.errno])
        """
    for words in ("route src dst unreachable", "route src dst prohibit", "route src dst blackhole", ""):
        lab = Ready("own", text=f"{CHAIN if words else CHAIN.replace('route * auto', '')}{words}\n")
        path = lab.path("src", "dst")
        out = lab.run("src", "python3", "-c", program, path["to_v4"], path["to_v6"]).out.split()
        same(out, [path["refused_v4"], path["refused_v6"]], words or "no route")


@fact
def what_a_box_writes_into_packets_arrives():
    for program in ("tcpdump", "ping", "curl"):
        need(program)
    text = f"{CHAIN}serve dst tcp 80 http\n"
    box = "box b bleach-dscp mss-clamp=1200\n"
    for more, tos, mss in (("", "0xb8", "1460"), (box, "0x0", "1200")):
        true(Ready("box", text=text + more).path("src", "dst").get("bleached") == (["b"] if more else None), "the oracle")
        with ROOT.up(text + more) as up:
            for command, expression, expected in (
                    (["ping", "-4", "-Q", "0xb8", "-c", "1", "dst"], "icmp[0] == 8", f"tos {tos},"),
                    (["curl", "-4", "-s", "http://dst/"], "tcp[13] == 2", f"mss {mss},")):
                with Running(ROOT.argv("exec", up.name, "dst", "--", "tcpdump", "-lnvi", "eth0", "-c", "1", expression),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) as dump:
                    true(b"listening on" in dump.process.stderr.readline(), "tcpdump does not listen")
                    up.exec("src", *command)
                    got = dump.process.communicate(timeout=10)[0].decode()
                    true(expected in got, f"{more!r}: {expected} is not in {got!r}")


@fact
def the_tutorial_shows_what_happens():
    """Every line that it shows is printed, in that order; times and ports aside."""
    need_root()
    for program in ("ping", "traceroute", "tracepath", "mtr", "curl"):
        need(program)
    true(shows("lab.md") > 15, "the tutorial has few examples")
