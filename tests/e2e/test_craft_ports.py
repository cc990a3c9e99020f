"""sonde craft --ports: what real listeners, firewalls and a limited kernel answer, between namespaces that the tests make."""
import re
import subprocess
import sys

from e2e import Result, Running, fact, need, need_root, same, true
from test_craft import FAR, Craft, wrong
from test_ping import both_ends

SERVER = """if True:
    import socket
    held = []
    for family, any_ in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for port in (22, 80, 8080, 60000):
            s = socket.socket(family)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind((any_, port))
            s.listen(8)
            held.append(s)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("0.0.0.0", 5353))
    quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    quiet.bind(("0.0.0.0", 69))
    print("ready", flush=True)
    while True:
        data, who = u.recvfrom(2000)
        u.sendto(b"what?", who)
    """
RULES = ("add table inet f; add chain inet f i { type filter hook input priority 0; }; "
         "add rule inet f i tcp dport { 7, 777, 50000 } drop; "
         "add rule inet f i tcp dport 99 reject with icmpx admin-prohibited; "
         "add rule inet f i tcp dport 98 reject with icmpx host-unreachable; "
         "add rule inet f i udp dport 97 reject with icmpx admin-prohibited")


class Ends:
    """Two namespaces; the far one has listeners and a firewall."""

    def __enter__(self):
        need_root()
        need("nft")
        self.cable = both_ends()
        same(Result(self.cable.far.inside(["nft", RULES])).code, 0, "the rules of the far end")
        self.server = Running(self.cable.far.inside([sys.executable, "-c", SERVER]), stdout=subprocess.PIPE)
        self.server.process.stdout.readline()
        return self.cable

    def __exit__(self, *why):
        self.server.__exit__(*why)
        self.cable.__exit__(*why)


def states(r):
    """{port: state} of JSON lines."""
    return {p["port"]: p["state"] for p in r.records("port")}


@fact
def every_port_of_a_host_is_told_as_it_is():
    with Ends() as cable:
        r = Craft("--json", "--ports", "1-65535", FAR, inside=cable.near, timeout=60)
    same(r.code, 0, r.err)
    got = states(r)
    same(len(got), 65535, "ports")
    same(sorted(p for p, s in got.items() if s == "open"), [22, 80, 8080, 60000], "open")
    same(sorted(p for p, s in got.items() if s == "filtered"), [7, 99, 777, 50000], "filtered")
    same([p for p, s in got.items() if s == "unreachable"], [98], "unreachable")
    ports = {p["port"]: p for p in r.records("port")}
    same((ports[22]["answer"], ports[22]["ttl"], ports[22]["probes"]), ("syn-ack", 64, 1), "22")
    same((ports[99]["type"], ports[99]["code"], ports[99]["from"]), (3, 13, FAR), "99")
    same((ports[7]["probes"], "answer" in ports[7]), (3, False), "7")
    same([(s["open"], s["closed"], s["filtered"], s["unreachable"]) for s in r.records("scan")], [(4, 65526, 4, 1)], "sums")


@fact
def the_lines_say_what_came_and_count_the_rest():
    with Ends() as cable:
        r = Craft("-n", "--ports", "7,22,98-120", FAR, inside=cable.near)
        only = Craft("-n", "--open", "--ports", "7,22,98-120", FAR, inside=cable.near)
    same(r.code, 0, r.err)
    same(r.lines[0], f"{FAR}: 25 ports of tcp", "the head")
    for pattern in (r" +7  filtered +no answer to 3 probes", r" +22  open +syn-ack, ttl 64, [\d.]+ ms",
                    r" +98  unreachable +Destination Host Unreachable from 10\.77\.0\.2, ttl 64, [\d.]+ ms",
                    r" +99  filtered +Packet filtered from 10\.77\.0\.2, ttl 64, [\d.]+ ms", r"  21 closed: rst",
                    r"2\d probes in [\d.]+ s by raw socket, 2 of them again"):
        true(any(re.fullmatch(pattern, line) for line in r.lines), f"{pattern!r} is not in {r.out!r}")
    same(len([line for line in only.lines if re.match(r" +\d+  (closed|filtered|unreachable)", line)]), 0, only.out)
    true("  21 closed: rst" in only.lines, only.out)


@fact
def ipv6_is_asked_alike():
    with Ends() as cable:
        r = Craft("--json", "--ports", "20-24,80,98,99", "fd77::2", inside=cable.near)
    same(states(r), {20: "closed", 21: "closed", 22: "open", 23: "closed", 24: "closed", 80: "open", 98: "unreachable",
                     99: "filtered"}, r.err)


@fact
def a_kernel_that_limits_its_errors_is_given_time():
    """Linux sends one host six ICMP errors and then one a second: its closed ports are closed all the same."""
    with Ends() as cable:
        cable.far.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=1000")
        r = Craft("--json", "--udp", "--ports", "69,97,5350-5360", FAR, inside=cable.near, timeout=90)
    got = states(r)
    same(got.pop(5353), "open", "the server that answers")
    same(got.pop(69), "open|filtered", "the server that does not")
    same(got.pop(97), "filtered", "the port that is prohibited")
    same(set(got.values()), {"closed"}, f"the others ({got})")


@fact
def several_hosts_are_asked_at_once():
    with Ends() as cable:
        r = Craft("--csv", "--ports", "22,23", FAR, "10.77.0.1", inside=cable.near)
    same(r.lines[0].split(",")[:4], ["target", "name", "protocol", "port"], "the columns")
    same([line.split(",")[0:6:5] for line in r.lines[1:]], [[FAR, "open"], [FAR, "closed"], ["10.77.0.1", "closed"],
                                                           ["10.77.0.1", "closed"]], r.out)


@fact
def nothing_open_is_a_no():
    with Ends() as cable:
        same(Craft("--ports", "1-9", FAR, inside=cable.near).code, 1, "exit code")


@fact
def bad_words_are_refused_before_anything_leaves():
    with Ends() as cable:
        wrong(Craft("--ports", "1-9", "8.8.8.8", inside=cable.near), 2, "--i-mean-it")
        wrong(Craft("--ports", "9-1", FAR, inside=cable.near), 2, "byte 3")
        wrong(Craft("--ports", "22,x", FAR, inside=cable.near), 2, "byte 4", "1 to 65535")
        wrong(Craft("--ports", "65536", FAR, inside=cable.near), 2, "byte 1")
        wrong(Craft("--ports", "22", inside=cable.near), 2, "target")
        wrong(Craft("--ports", "22", "--flood", FAR, inside=cable.near), 2, "--flood")
        wrong(Craft("--open", "ip(dst=10.77.0.2)/udp", inside=cable.near), 2, "--ports")
