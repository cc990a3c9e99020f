"""sonde trace in everyday use: lines as of traceroute, names, files, records, what it says of bad input,
and what is demanded of a path or compared with an earlier one. Which paths it finds, and what befell
probes on them, is for the ready labs (test_trace_lab.py)."""

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import time
import xml.etree.ElementTree as xml

import mmdb
from e2e import SONDE, Result, Running, fact, folder, need, need_root, nobody, nobody_can_run_it, own_netns, \
    same, script, true
from test_capture import Namespace
from test_ping import both_ends

CHAIN = "tests/lab/chain.lab"
V4 = [f"10.0.{n}.2" for n in range(1, 8)]       # the hops of the chain
V6 = [f"fd00:0:0:{n}::2" for n in range(1, 8)]


class Trace(Result):
    """sonde trace, in a lab or a namespace, at the end of a command where there is one."""

    def __init__(self, *args, lab=None, inside=None, within=(), as_nobody=False, **how):
        argv = [SONDE, "trace", *map(str, args)]
        argv = [*within, *(nobody(argv) if as_nobody else argv)]
        if lab:
            need_root()
            argv = [SONDE, "lab", "run", lab, "--", *argv]
        super().__init__(inside.inside(argv) if inside else argv, **how)

    def records(self, kind):
        return [r for r in map(json.loads, self.out.splitlines()) if r["record"] == kind]


def chain(*args, **how):
    return Trace(*args, lab=CHAIN, **how)


def lab_file(text):
    name = os.path.join(folder(), "some.lab")
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def paths(text):
    """What the lines say, by the form that traceroute has: for each path its first line in parts, and
    its hops: (hop, [(address, name or None)], times, stars)."""
    found = []
    for line in text.splitlines():
        head = re.fullmatch(r"traceroute to (\S+) \((\S+)\), (\d+) hops max, (\d+) byte packets", line)
        hop = re.fullmatch(r" ?(\d+) ((?: [*]|  [\d.]+ ms(?: !\S*)?| [^ *]\S*(?: \(\S+\))?(?: \[\S+\])?)+)", line)
        if head:
            found.append((head.groups(), []))
        elif hop:
            rest = re.sub(r"  [\d.]+ ms(?: !\S*)?| [*]", "", hop[2])
            who = [(address or first, first if address else None)
                   for first, address in re.findall(r" (\S+)(?: \((\S+)\))?(?: \[\S+\])?", rest)]
            found[-1][1].append((int(hop[1]), who, len(re.findall(r"  [\d.]+ ms", hop[2])), hop[2].count(" *")))
    return found


# ---- lines ----

@fact
def the_lines_are_those_of_traceroute():
    """Both read by one reader. traceroute's TCP asks from a port for each probe, and may miss answers."""
    need("traceroute")
    for family, hops in (("-4", V4), ("-6", V6)):
        for method in ([], ["-I"], ["-T"], ["-T", "-p", "7"], ["-U"], ["-q", "1"], ["-f", "3", "-m", "5"]):
            ours = chain("-n", family, *method, "dst")
            theirs = Result([SONDE, "lab", "run", CHAIN, "--", "traceroute", "-n", family, *method, "dst"])
            same((theirs.code, ours.err), (0, ""), theirs.err)
            (head, mine), = paths(ours.out)
            (its_head, its), = paths(theirs.out)
            same([hop[:2] for hop in mine], [hop[:2] for hop in its], f"{family} {method}")
            same(head[:3 if "-T" in method else 4], its_head[:3 if "-T" in method else 4], f"the first line with {method}")
            if "-f" not in method:
                same([who for _, who, _, _ in mine], [[(address, None)] for address in hops])
                same({hop[2:] for hop in mine}, {(1 if "-q" in method else 3, 0)}, "times and stars")
                same(ours.code, 0)


@fact
def hops_are_those_that_were_asked_for():
    r = chain("-4", "-n", "-f", 3, "-m", 5, "-q", 2, "dst")
    same([(hop, who, answers) for hop, who, answers, _ in paths(r.out)[0][1]],
         [(n, [(V4[n - 1], None)], 2) for n in (3, 4, 5)])
    same(r.code, 1, "as the target is further away")


@fact
def names_come_from_the_name_server_and_are_escaped():
    names = {V4[0]: ["gate", "example"], V4[1]: ["a\x1b[31mb\nc\xff", "example"], V4[2]: None, V4[3]: ["x" * 60, "y" * 60],
             "hosts": f"{V4[4]} a\x1b[31mb\xffc\n"}
    within = script("nameserver.py", json.dumps(names))
    began = time.monotonic()
    r = chain("-q", 1, V4[6], within=within)
    true(time.monotonic() - began < 20, "a name server that is silent holds it up")
    same(r.code, 0, r.err)
    lines = [re.sub(r"  [\d.]+ ms", "", line) for line in r.out.splitlines()[1:]]
    same(lines[0], f" 1  gate.example ({V4[0]})")
    true(lines[1].isprintable() and V4[1] in lines[1], f"a terminal would obey {lines[1]!r}")  # c-ares takes it for no name
    same(lines[2], f" 3  {V4[2]}")
    same(lines[3], f" 4  {'x' * 60}.{'y' * 60} ({V4[3]})")
    same(lines[4], f" 5  a\\x1b[31mb\\xffc ({V4[4]})")
    same(lines[5:], [f" {n + 1}  {V4[n]}" for n in (5, 6)])
    r = chain("-q", 1, "--json", V4[6], within=within)
    same([h.get("host") for h in r.records("hop")][0::2], ["gate.example", None, "a\\x1b[31mb\\xffc".replace("\\x1b", "\x1b"), None])
    r = chain("-q", 1, "--report", "-c", 1, V4[6], within=within)
    true(f"a\\x1b[31mb\\xffc ({V4[4]})" in r.out, r.out)
    r = chain("-q", 1, "-n", V4[6], within=within)
    true("example" not in r.out, r.out)


@fact
def numbers_of_systems_come_from_a_table():
    table = os.path.join(folder(), "as.mmdb")
    mmdb.main(table, "10.0.3.0/24", "autonomous_system_number=64500", "10.0.7.0/24", "autonomous_system_number=4200000001")
    r = chain("-n", "-4", "-q", 1, "--as-table", table, "dst")
    lines = r.out.splitlines()[1:]
    true(lines[2].startswith(" 3  10.0.3.2 [AS64500]  "), lines[2])
    true(lines[6].startswith(" 7  10.0.7.2 [AS4200000001]  "), lines[6])
    true("[AS" not in "".join(lines[:2] + lines[3:6]), r.out)
    r = chain("-n", "-4", "-q", 1, "--as-table", table, "--json", "dst")
    same([h.get("as") for h in r.records("hop")], [None, None, 64500, None, None, None, 4200000001])
    r = chain("-n", "-4", "--as-table", table, "--report", "-c", 1, "dst")
    same([line.split()[2] for line in r.out.splitlines()[4:6]], ["[AS64500]", "0%"])
    r = chain("-n", "-4", "--as-table", table, "--expect", "via=AS64500 via=as4200000001 via=AS64501", "dst")
    same((r.code, r.out.splitlines()[-1]), (1, "expected of dst: via=AS64501; it is not seen"))
    r = chain("-n", "--as-table", CHAIN, "dst")
    same((r.code, r.err), (2, f"sonde trace: {CHAIN}: this is no table of autonomous systems in MaxMind's format (.mmdb)\n"))


@fact
def what_is_set_is_what_leaves():
    """Source, port, type of service, fragments, size and mark, as the kernel's filter and tcpdump see them."""
    need("tcpdump")
    with both_ends() as cable:
        cable.near.run("ip", "address", "add", "10.77.0.9/24", "dev", "veth0")
        file = os.path.join(folder(), "trace.pcap")
        with Running(cable.far.inside(["tcpdump", "-i", "veth0", "--immediate-mode", "-Z", "root", "-w", file, "-U", "ip"]),
                     stderr=subprocess.PIPE) as dump:
            dump.process.stderr.readline()
            r = Trace("-n", "-s", "10.77.0.9", "-i", "veth0", "-p", 5000, "-t", "0xb8", "-F", "--size", 100, "-m", 3, "-q", 1,
                      "10.77.0.2", inside=cable.near)
            same(r.code, 0, r.err)
            time.sleep(0.5)
        text = subprocess.run(["tcpdump", "-nvr", file, "udp"], capture_output=True, text=True).stdout
        same(sorted(re.findall(r"tos 0xb8, ttl (\d),.*flags \[DF\], proto UDP \(17\), length 128\)\n"
                               r"    10\.77\.0\.9\.\d+ > 10\.77\.0\.2\.5000: .*UDP, length 100", text)), ["1", "2", "3"], text)
        same(len(set(re.findall(r"10\.77\.0\.9\.(\d+) >", text))), 1, "ports of one flow")
        need("nft")
        cable.near.run("nft", "add table t; add chain t c { type filter hook output priority 0; }; "
                       "add rule t c udp dport 33434 meta mark != 7 drop")
        same(Trace("-n", "--fwmark", 7, "10.77.0.2", inside=cable.near).code, 0)
        r = Trace("-n", "10.77.0.2", inside=cable.near)
        same((r.code, r.out.splitlines()[1]), (1, " 1  nothing left this machine: Operation not permitted"))


@fact
def how_long_is_waited_is_as_asked():
    """Nothing answers behind the first router: with -w the end comes by then."""
    lab = lab_file("lab dark\nhost src dst\nrouter r1 r2\nlink src r1\nlink r1 r2\nlink r2 dst\nroute * auto\n"
                   "route r2 dst blackhole\n")
    for wait, least, most in ((1, 1, 4), ("0.3", 0.3, 3)):
        began = time.monotonic()
        r = Trace("-n", "-4", "-w", wait, "dst", lab=lab)
        took = time.monotonic() - began
        same(r.code, 1)
        lines = r.out.splitlines()
        same(len(lines), 3, r.out)
        same(lines[2], " 2  * nothing answers from here on, up to hop 30")
        true(least <= took < most, f"-w {wait} took {took} s")


@fact
def many_targets_are_one_run():
    name = os.path.join(folder(), "targets")
    with open(name, "w", encoding="utf-8") as file:
        file.write("# who\n10.0.6.2 10.0.7.2\n\nfd00:0:0:7::2 # me\n")
    r = chain("-n", "-q", 1, "--file", name, "10.0.2.1-10.0.2.2")
    same(r.code, 0, r.err)
    found = paths(r.out)
    same([(head[0], len(hops)) for head, hops in found],
         [("10.0.2.1", 1), ("10.0.2.2", 2), ("10.0.6.2", 6), ("10.0.7.2", 7), ("fd00:0:0:7::2", 7)])
    r = chain("-n", "-4", "--file", "-", stdin=b"dst r3")
    same([head[0] for head, _ in paths(r.out)], ["dst", "r3"])
    same(chain("-n", "-4", "-w", "0.3", "dst", "10.0.7.77").code, 1, "one of them does not answer")


@fact
def a_report_is_a_table():
    r = chain("-4", "-n", "--report", "-c", 3, "--interval", "0.05", "dst")
    lines = r.out.splitlines()
    same(lines[1].split()[:4], ["HOP", "HOST", "LOSS", "SENT"])
    same([line.split()[:4] for line in lines[2:9]], [[str(n + 1), V4[n], "0%", "3"] for n in range(7)])


# ---- records ----

@fact
def a_record_has_what_is_promised():
    r = chain("-4", "--json", "dst")
    hops = r.records("hop")
    same([(h["ttl"], h["from"], h["addresses"], h["sent"], h["received"], h["lost"], h["loss"]) for h in hops],
         [(n + 1, V4[n], [V4[n]], 3, 3, 0, "none") for n in range(7)])
    same([h["status"] for h in hops], ["answers"] * 6 + ["target"])
    true(all(0 < h["rtt_min_ns"] <= h["rtt_mean_ns"] <= h["rtt_max_ns"] < 1e9 for h in hops), hops)
    same([(p["target"], p["name"], p["reached"], p["hops"], p["source"]) for p in r.records("path")],
         [("10.0.7.2", "dst", True, 7, "10.0.1.1")])
    run = r.records("trace")[0]
    same((run["method"], run["sockets"], run["targets"], run["answered"]), ("udp", "raw socket", 1, 1))
    probes = r.records("probe")
    same(sorted((p["hops"], p["status"], p["answer"]) for p in probes if p["hops"] <= 6),
         sorted([(n, "reply", "Time to live exceeded") for n in range(1, 7)] * 3))
    same(json.loads(r.out.splitlines()[-1])["record"], "trace")


@fact
def csv_has_a_row_for_each_hop():
    r = chain("-4", "-n", "--csv", "dst", "r2")
    rows = list(csv.DictReader(io.StringIO(r.out, newline="")))
    same([(row["name"], row["ttl"], row["from"], row["received"]) for row in rows],
         [("dst", str(n + 1), V4[n], "3") for n in range(7)] + [("r2", str(n + 1), V4[n], "3") for n in range(2)])


@fact
def the_manual_names_every_member_of_a_record():
    """By the columns, which the head of CSV shows, and by what is told."""
    with open("docs/man/sonde-trace.1", encoding="utf-8") as file:
        named = set(re.findall(r"^\.It Cm (\w+)$", file.read(), re.M))
    told = set(chain("--csv", "-4", "dst").out.splitlines()[0].strip().split(","))
    true(len(told) > 35, f"{len(told)} columns of hops")
    old = os.path.join(folder(), "old.json")
    with open(old, "w", encoding="utf-8") as file:
        file.write(chain("--json", "-4", "dst").out)
    for lab, words in ((CHAIN, ["--diff", old, "dst"]), ("tests/lab/odd.lab", ["198.51.100.8"]), ("tests/lab/odd.lab", ["-I", "198.51.100.8"]),
                       ("tests/lab/nat.lab", ["-t", "184", "www"])):
        r = Trace("-4", "--json", "-w", 1, *words, lab=lab)
        told |= {member for line in r.out.splitlines() for member in json.loads(line)}
    true(len(told) > 70, f"{len(told)} members")
    same(sorted(told - named - {"record", "v"}), [])


# ---- kept and told again ----

FORMS = ([], ["--json"], ["--csv"], ["--report", "-c", 2], ["--expect", "reach hops<3"])


@fact
def a_run_is_told_again_byte_for_byte():
    for method in ([], ["-I"], ["-T"], ["-6"], ["-6", "-I"], ["-6", "-T"]):
        for form in FORMS:
            name = os.path.join(folder(), "run.pcapng")
            live = chain("-n", *(method if "-6" in method else ["-4", *method]), "--interval", "0.05", *form, "--save", name, "dst", "r3")
            again = Trace("-n", *[word for word in form if word not in ("-c", 2)], "--from", name)
            same((again.code, again.out), (live.code, live.out), f"{method} {form}: {live.err}{again.err}")
            true(len(live.out) > 200, live.out + live.err)


@fact
def others_read_the_packets_of_a_run():
    need("tshark")
    name = os.path.join(folder(), "run.pcapng")
    same(chain("-n", "-4", "-q", 1, "--save", name, "dst").code, 0)
    r = Result(["tshark", "-r", name, "-Y", "icmp.type == 11", "-T", "fields", "-e", "ip.src", "-E", "occurrence=f"])
    same((sorted(r.out.split())), V4[:6], r.err)
    r = Result(["tshark", "-r", name, "-Y", "udp && !icmp", "-T", "fields", "-e", "ip.ttl", "-e", "udp.dstport", "-e", "udp.checksum.status",
                "-o", "udp.check_checksum:TRUE"])
    rows = [line.split("\t") for line in r.out.splitlines()]
    true({str(n) for n in range(1, 8)} <= {row[0] for row in rows}, rows)
    same({tuple(row[1:]) for row in rows}, {("33434", "1")}, "ports and checksums")
    r = Result([SONDE, "read", name])
    same(r.code, 0, r.err)
    true("ICMP time exceeded" in r.out and "udp port 33434 unreachable" in r.out, r.out[:2000])


@fact
def from_says_what_is_no_run_of_trace():
    need_root()
    name = os.path.join(folder(), "run.pcapng")
    Result([SONDE, "ping", "-c", "1", "--save", name, "127.0.0.1"])
    r = Trace("--from", name)
    same((r.code, r.err), (2, f"sonde trace: {name}: this is the run of another verb\n"))
    same(Trace("--from", "/no/such").code, 2)
    for words in (["127.0.0.1"], ["-I"], ["-c", 3], ["-f", 2], ["--size", 40], ["-w", 1], ["-6"]):
        r = Trace("--from", name, *words)
        what = "a target" if words == ["127.0.0.1"] else words[0]
        same((r.code, r.out, r.err), (2, "", f"sonde trace: --from sends nothing: {what} is for a live run\n"))
    same(Trace("--from", name, "--save", name).code, 2)


# ---- privilege ----

@fact
def without_privilege_udp_does_and_the_rest_says_what_it_lacks():
    nobody_can_run_it()
    for family, hops in (("-4", V4), ("-6", V6)):
        r = chain("-n", family, "--json", "dst", as_nobody=True)
        same(r.code, 0, r.err)
        same([(h["from"], h["received"]) for h in r.records("hop")], [(who, 3) for who in hops])
        same(r.records("trace")[0]["sockets"], "udp socket")
    name = os.path.join(folder(), "run.pcapng")
    live = chain("-n", "-4", "--save", name, "dst", as_nobody=True)
    same((live.code, Trace("-n", "--from", name).out), (0, live.out), live.err)
    for option in ("-T", "-I"):
        r = chain("-n", option, "dst", as_nobody=True)
        same((r.code, r.out, r.err.count("\n")), (77, "", 1), r.err)
        true("cap_net_raw" in r.err, r.err)


@fact
def privileges_are_gone_while_it_runs():
    need_root()
    with both_ends() as cable:
        with Running(cable.near.inside([SONDE, "trace", "-n", "-w", "5", "10.77.0.77"])) as running:
            time.sleep(0.5)
            with open(f"/proc/{running.pid}/status", encoding="utf-8") as file:
                same(set(re.findall(r"Cap(?:Eff|Prm|Bnd):\s*(\w+)", file.read())), {"0" * 16})


# ---- bad input ----

@fact
def bad_names_and_words_are_one_sentence():
    need_root()
    bad = os.path.join(folder(), "bad.json")
    with open(bad, "w", encoding="utf-8") as file:
        file.write('{"record":"trace","v":1}\n')
    for words, says in ((["no.such.host.invalid"], "no.such.host.invalid: "),
                        ([], "whereto? A target is missing"),
                        (["10.0.0.0/40"], "10.0.0.0/40: neither a prefix"),
                        (["-6", "127.0.0.1"], "127.0.0.1: "),
                        (["-4", "::1"], "::1: "),
                        (["-4", "-6", "localhost"], "-4 and -6 exclude each other"),
                        (["-I", "-T", "localhost"], "-I, -T and -U exclude each other"),
                        (["-f", "0", "127.0.0.1"], "-f and -m take hops from 1 to 64"),
                        (["-f", "9", "-m", "8", "127.0.0.1"], "-f and -m take hops from 1 to 64"),
                        (["-m", "65", "127.0.0.1"], "-f and -m take hops from 1 to 64"),
                        (["-q", "0", "127.0.0.1"], "-q takes 1 to 10"),
                        (["-q", "11", "127.0.0.1"], "-q takes 1 to 10"),
                        (["-p", "0", "127.0.0.1"], "a port is a number"),
                        (["-p", "65536", "127.0.0.1"], "a port is a number"),
                        (["-I", "-p", "7", "127.0.0.1"], "ICMP has no ports"),
                        (["-w", "0", "127.0.0.1"], "-w takes seconds"),
                        (["-w", "nan", "127.0.0.1"], "-w takes seconds"),
                        (["-w", "1,2,3,4", "127.0.0.1"], "-w takes seconds"),
                        (["-t", "256", "127.0.0.1"], "-t takes a number from 0 to 255"),
                        (["-t", "x", "127.0.0.1"], "-t takes a number from 0 to 255"),
                        (["-s", "localhost", "127.0.0.1"], "-s localhost: it is no address"),
                        (["-s", "192.0.2.7", "127.0.0.1"], "192.0.2.7: there is no such address here"),
                        (["-i", "nosuch0", "127.0.0.1"], "nosuch0: there is no such interface here"),
                        (["--flags", "ack", "127.0.0.1"], "--flags is for -T"),
                        (["--size", "7", "127.0.0.1"], "--size takes"),
                        (["--json", "--csv", "127.0.0.1"], "--json, --csv and --dot exclude each other"),
                        (["--file", "/no/such/file"], "/no/such/file: No such file"),
                        (["--save", "/no/such/file", "127.0.0.1"], "/no/such/file: No such file"),
                        (["--junit", "/no/such/file", "127.0.0.1"], "/no/such/file: No such file"),
                        (["--as-table", "/no/such/file", "127.0.0.1"], "/no/such/file: No such file"),
                        (["--diff", "/no/such/file", "127.0.0.1"], "/no/such/file: No such file"),
                        (["--diff", bad, "127.0.0.1"], f"{bad}: there is no hop of sonde trace --json in it"),
                        (["--diff", CHAIN, "127.0.0.1"], f"{CHAIN}: line 1 is no JSON object"),
                        (["--diff", bad, "--csv", "127.0.0.1"], "--diff goes with lines"),
                        (["--expect", "loss<1", "127.0.0.1"], "--expect 'loss<1': at byte 1, expected a share"),
                        (["--expect", "reach hop<3", "127.0.0.1"], "--expect 'reach hop<3': at byte 7, expected reach, hops"),
                        (["--expect", "via=AS1", "127.0.0.1"], "--expect via=AS1 needs --as-table"),
                        (["bad\x1b[31mname"], "bad\\x1b[31mname: ")):
        r = Trace("-n", *words)
        same(r.code, 2, " ".join(words) + r.err)
        true(r.err.startswith(f"sonde trace: {says}") and r.err.count("\n") == 1, f"{words}: {r.err!r}")
        same(r.out, "", words)


@fact
def what_never_left_this_machine_is_local():
    with Namespace() as space:
        r = Trace("-n", "192.0.2.1", inside=space)
        same((r.code, r.err), (1, ""))
        same(r.out.splitlines()[1:], [" 1  nothing left this machine: Network is unreachable"])
        hop = Trace("-n", "--json", "192.0.2.1", inside=space).records("hop")[0]
        same((hop["status"], hop["sent"], hop["last_error"]), ("local", 0, "Network is unreachable"))
        true("loss_ppm" not in hop, "what never left is no loss")
    with both_ends() as cable:
        cable.near.run("ip", "link", "set", "veth0", "down")
        r = Trace("-n", "10.77.0.2", inside=cable.near)
        same((r.code, r.out.splitlines()[1:]), (1, [" 1  nothing left this machine: Network is unreachable"]), r.err)
        r = Trace("-n", "-i", "veth0", "10.77.0.2", inside=cable.near)
        same(r.code, 1, r.err)
        true("nothing left this machine: Net" in r.out, r.out)


@fact
def ctrl_c_prints_what_is_known():
    lab = lab_file("lab dark\nhost src dst\nrouter r1 r2\nlink src r1\nlink r1 r2\nlink r2 dst\nroute * auto\n"
                   "route r2 dst blackhole\n")
    need_root()
    for form, has in (([], " 1  10.0.1.2  "), (["--report"], "10.0.1.2 "), (["--json"], '"from":"10.0.1.2"')):
        # the lab's own command waits for it, and tells its code
        words = f"{SONDE} trace -n -4 -w 30 {' '.join(form)} dst & p=$!; sleep 1; kill -INT $p; wait $p; echo code $?"
        began = time.monotonic()
        r = Result([SONDE, "lab", "run", lab, "--", "bash", "-c", f"set -m; {words}"])
        true(time.monotonic() - began < 10, "it goes on")
        true(has in r.out, r.out + r.err)
        true("\ncode 1\n" in r.out, r.out)


# ---- demands ----

@fact
def demands_decide_the_code_and_are_written_for_ci():
    name = os.path.join(folder(), "junit.xml")
    r = chain("-4", "-n", "--expect", "reach hops<=7 hops>=7 loss<1% p99<10s ecn=kept dscp=kept nat=none via=10.0.3.2", "--junit", name, "dst")
    same(r.code, 0, r.out)
    suite = xml.parse(name).getroot()
    same((suite.get("name"), suite.get("tests"), suite.get("failures")), ("sonde trace", "9", "0"))
    r = chain("-4", "-n", "--expect", "hops<7 max<1ns, via=10.0.3.9", "--junit", name, "dst", "r2")
    same(r.code, 1)
    same([re.sub(r"is 0\.\d+ ms", "is T", line) for line in r.out.splitlines() if line.startswith("expected")],
         ["expected of dst: hops<7; it is 7", "expected of dst: max<1ns; it is T", "expected of dst: via=10.0.3.9; it is not seen",
          "expected of r2: max<1ns; it is T", "expected of r2: via=10.0.3.9; it is not seen"])
    suite = xml.parse(name).getroot()
    same((suite.get("tests"), suite.get("failures")), ("6", "5"))
    same([(c.get("classname"), c.get("name")) for c in suite.iter("testcase") if c.find("failure") is None], [("r2", "hops<7")])
    r = chain("-4", "-n", "-w", "0.3", "--junit", name, "10.0.7.77")
    same((r.code, "expected" in r.out), (1, False))
    same([c.find("failure").get("message") for c in xml.parse(name).getroot().iter("testcase")], ["it is silent"])


@fact
def what_is_changed_on_the_way_fails_a_demand():
    lab = lab_file("lab bleach\nhost src dst\nrouter r1 r2 r3\nlink src r1\nlink r1 r2\nlink r2 r3\nlink r3 dst\nroute * auto\nbox r1 bleach-dscp\n")
    r = Trace("-4", "-n", "-t", "0xb9", "--expect", "dscp=kept ecn=kept", "dst", lab=lab)
    same((r.code, [line for line in r.out.splitlines() if line.startswith("expected")]),
         (1, ["expected of dst: dscp=kept; it is changed"]), r.out)
    r = Trace("-4", "-n", "--expect", "reach loss<1% p50<1s hops<=9", "-w", "0.3", "10.0.4.77", lab=lab)
    same([line.split("; ")[1] for line in r.out.splitlines() if line.startswith("expected")],
         ["it is not reached", "it is not known", "it is not known", "it is not known"], r.out)


# ---- differences ----

LINKS = "link src r1\nlink r1 r2\nlink r1 r3\nlink r2 r4\nlink r3 r4\nlink r4 dst\n"


def square(*more):
    """Two ways from r1 to r4, of which one is taken."""
    return lab_file(f"lab square\nhost src dst\nrouter r1 r2 r3 r4\n{LINKS}route * auto\n" + "".join(f"{m}\n" for m in more))


def kept(lab, *options):
    name = os.path.join(folder(), "old.json")
    with open(name, "w", encoding="utf-8") as file:
        file.write(Trace("-4", "-n", "--json", *options, "dst", lab=lab).out)
    return name


OVER_R2, OVER_R3 = ["route r1 dst via r2", "route r4 src via r2"], ["route r1 dst via r3", "route r4 src via r3"]


@fact
def a_path_is_held_against_an_earlier_one():
    old = kept(square(*OVER_R2))
    r = Trace("-4", "-n", "--diff", old, "dst", lab=square(*OVER_R2))
    same((r.code, r.out.splitlines()[-1]), (0, f"dst is as in {old}"), r.out)
    r = Trace("-4", "-n", "--diff", old, "dst", lab=square(*OVER_R3))
    lines = r.out.splitlines()
    same(r.code, 1, r.out)
    same([line for line in lines[lines.index(f"dst against {old}:") + 1:] if "round trip" not in line],
         ["  hop 2: 10.0.3.2; it was 10.0.2.2", "  hop 3: 10.0.5.2; it was 10.0.4.2"])
    r = Trace("-4", "-n", "--json", "--diff", old, "dst", lab=square(*OVER_R3))
    same([(d.get("ttl"), d.get("old_ttl"), d["path"], d["differs"]) for d in r.records("diff")],
         [(None, None, "differs", True), (1, 1, "same", False), (2, 2, "address", True), (3, 3, "address", True), (4, 4, "same", False)])
    same(json.loads(r.out.splitlines()[-1])["record"], "trace", "the last record")
    r = Trace("-4", "-n", "--diff", old, "r3", lab=square(*OVER_R3))
    same((r.code, r.out.splitlines()[-1]), (1, "  it has no path to this target"))


@fact
def a_kept_run_is_held_against_an_earlier_one():
    old, name = kept(square(*OVER_R2)), os.path.join(folder(), "run.pcapng")
    live = Trace("-4", "-n", "--save", name, "--diff", old, "dst", lab=square(*OVER_R3))
    again = Trace("-n", "--from", name, "--diff", old)
    same((again.code, again.out), (1, live.out))


@fact
def what_a_path_gains_and_loses_is_told():
    plain = lab_file("lab some\nhost src dst\nrouter r1 r2 r3\nlink src r1\nlink r1 r2\nlink r2 r3\nlink r3 dst\nroute * auto\n")
    other = "lab some\nhost src dst\nrouter r1 r3\nrouter r2 silent\nlink src r1\nlink r1 r2 delay=5ms\nlink r2 r3\nlink r3 dst\nroute * auto\n" \
        "box r1 bleach-dscp\n"
    old = kept(plain, "-t", "184")
    r = Trace("-4", "-n", "-t", "184", "-w", 1, "--diff", old, "dst", lab=lab_file(other))
    lines = r.out.splitlines()
    told = lines[lines.index(f"dst against {old}:") + 1:]
    same([line for line in told if "round trip" not in line],
         ["  hop 2: silent; it was 10.0.2.2", "  hop 3: the probe is now changed before it: ip.dsfield.dscp 46 -> 0"], r.out)
    same([bool(re.fullmatch(rf"  hop {n}: round trip up: 1\d\.\d+ ms; it was 0\.\d+ ms", line))
          for n, line in zip((3, 4), [line for line in told if "round trip" in line])], [True, True], r.out)
    new = kept(lab_file(other), "-t", "184", "-w", "1")
    r = Trace("-4", "-n", "-t", "184", "--diff", new, "dst", lab=plain)
    true("  hop 2: 10.0.2.2; it was silent" in r.out and "no longer changed before it: ip.dsfield.dscp 46 -> 0" in r.out, r.out)
    dark = lab_file("lab some\nhost src dst\nrouter r1 r2 r3\nlink src r1\nlink r1 r2\nlink r2 r3\nlink r3 dst\nroute * auto\n"
                    "route r2 dst blackhole\n")
    r = Trace("-4", "-n", "-w", "0.5", "--diff", old, "dst", lab=dark)
    true("  the target is not reached; it was\n  hop 2: silent; it was 10.0.2.2\n" in r.out, r.out)
    same(r.code, 1)


@fact
def hostile_earlier_runs_are_one_sentence():
    need_root()
    good = json.loads([line for line in open(kept(CHAIN), encoding="utf-8") if '"hop"' in line][0])
    name = os.path.join(folder(), "bad.json")
    for change, says in (({"ttl": 0}, "line 1: a hop with no such ttl"), ({"ttl": 65}, "line 1: a hop with no such ttl"),
                         ({"ttl": -1}, "line 1: a hop with no such ttl"), ({"ttl": "1"}, "line 1: a hop with no such ttl"),
                         ({"ttl": 2 ** 64}, "line 1 is no JSON object"), ({"addresses": [1]}, "line 1: a hop with no such addresses"),
                         ({"addresses": []}, "line 1: a hop with no such addresses"), ({"target": None}, "line 1: a hop with no such target"),
                         ({"status": 7}, "line 1: a hop with no such status"), ({"from": ["a"]}, "line 1: a hop with no such from"),
                         ({"loss_ppm": 1.5}, "line 1: a hop with no such loss_ppm"),
                         ({"received": -1}, "line 1: a hop with no such received")):
        with open(name, "w", encoding="utf-8") as file:
            file.write(json.dumps({**good, **change}) + "\n")
        r = Trace("-n", "--diff", name, "127.0.0.1")
        same((r.code, r.out, r.err), (2, "", f"sonde trace: {name}: {says}\n"), change)
    for text, says in (("[" * 100000, "line 1 is no JSON object"), ("7\n", "line 1 is no JSON object"), ("\0\n", "line 1 is no JSON object"),
                       ("", "there is no hop of sonde trace --json in it"), (json.dumps(good) + "\n{", "line 2 is no JSON object")):
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
        r = Trace("-n", "--diff", name, "127.0.0.1")
        same((r.code, r.out, r.err), (2, "", f"sonde trace: {name}: {says}\n"), text[:20])
    with open(name, "w", encoding="utf-8") as file:
        file.write(json.dumps({**good, "target": "127.0.0.1", "status": "target", "from": "\x1b[2J", "addresses": ["\x1b[2J"]}) + "\n")
    r = Trace("-n", "--diff", name, "127.0.0.1")
    same(r.code, 1)
    true("it was \\x1b[2J" in r.out and "\x1b" not in r.out, r.out)
