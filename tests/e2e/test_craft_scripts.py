"""The scripts of tests/craft, each in a lab of its own against real services: it passes, and it fails as soon as
one of its expectations is broken."""

import concurrent.futures
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

from e2e import SONDE, Missed, Result, Running, fact, folder, need, need_root, nobody, nobody_can_run_it, same, true, \
    wait_until
from test_lab import ROOT

SCRIPTS = os.path.relpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "craft"))
NGINX = """daemon off; worker_processes 1; pid %(at)s/pid; error_log %(at)s/log;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %(at)s/a; proxy_temp_path %(at)s/b; fastcgi_temp_path %(at)s/c;
uwsgi_temp_path %(at)s/d; scgi_temp_path %(at)s/e;
server { listen 80; location / { return 200 "hello\\n"; } location /long { root %(at)s; } } }
"""
ECHO = """import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 8007))
s.listen(4)
while True:
    c, _ = s.accept()
    try:
        while data := c.recv(4096):
            c.sendall(data)
    except OSError:
        pass
    c.close()
"""
BOTH = """import socket, time
while True:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 7000))
    s.settimeout(20)
    try:
        s.connect(("10.0.1.1", 7001))
        s.sendall(b"hello")
        s.recv(1)
    except OSError:
        pass
    s.close()
    time.sleep(0.05)
"""


def nginx():
    need("nginx")
    at = folder()
    with open(os.path.join(at, "nginx.conf"), "w", encoding="utf-8") as file:
        file.write(NGINX % {"at": at})
    with open(os.path.join(at, "long"), "w", encoding="utf-8") as file:
        file.write("x" * 20000)
    return ["nginx", "-c", os.path.join(at, "nginx.conf"), "-p", at], "tcp", 80


def dnsmasq():
    need("dnsmasq")
    return ["dnsmasq", "-k", "-C", "/dev/null", "--pid-file", "--no-resolv", "--no-hosts", "--user=root",
            "--address=/lab.example/192.0.2.7", "--local=/example/"], "udp", 53


def short_queue():
    return [sys.executable, "-c", ECHO], "tcp", 8007


def who_connects():
    return [sys.executable, "-c", BOTH], None, None


SERVICE = {"dns-query": dnsmasq, "handshake": nginx, "reset-attack": nginx, "tcp-options": nginx,
           "zero-window": nginx, "syn-flood": short_queue, "simultaneous-open": who_connects}
NAMES = sorted(os.path.basename(path)[:-len(".craft")] for path in glob.glob(os.path.join(SCRIPTS, "*.craft")))


def text_of(name):
    with open(os.path.join(SCRIPTS, name + ".craft"), encoding="utf-8") as file:
        return file.read()


class Played:
    """A script that was run in a lab of its own, with its service: its points and its exit code."""

    def __init__(self, name, text=None, options=("--json",), values=()):
        path = os.path.join(folder(), name + ".craft")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text_of(name) if text is None else text)
        with open(os.path.join(SCRIPTS, "craft.lab"), encoding="utf-8") as file:
            lab = file.read()
        service = SERVICE[name]() if name in SERVICE else None
        with ROOT.up(lab) as up:
            command = [SONDE, "lab", "exec", up.name, "me", "--", SONDE, "craft", *options, "--script", path, *values]
            if not service:
                self.run = Result(command)
            else:
                argv, protocol, port = service
                with Running([SONDE, "lab", "exec", up.name, "server", "--", *argv]):
                    listening = f"ss -Hln --{protocol} | grep -q ':{port} '"
                    if protocol:
                        wait_until(lambda: not up.exec("server", "sh", "-c", listening, code=None).code, argv[0])
                    self.run = Result(command)
        self.code = self.run.code
        self.records = [json.loads(line) for line in self.run.out.splitlines()] if "--json" in options else []
        self.points = [r for r in self.records if r["record"] == "point"]

    def bad(self):
        return [(p["line"], p["kind"], p.get("why"), p.get("nearest")) for p in self.points if p["status"] == "not ok"]


def statements(text):
    """The first and last line of each statement that expects, by their places in the list of lines."""
    lines = text.split("\n")
    first = None
    for i, line in enumerate(lines):
        if first is None and re.match(r"\s*expect ", line):
            first = i
        if first is not None and not line.endswith("\\"):
            yield first, i
            first = None


def broken(text):
    """The script with one expectation broken, for each: what must come has a tag that nothing here has, and is
    not waited for long; what must not come must."""
    lines = text.split("\n")
    for first, last in statements(text):
        new = list(lines)
        if re.match(r"\s*expect nothing ", lines[first]):
            new[first] = lines[first].replace("expect nothing ", "expect ", 1)
        else:
            new[first] = lines[first].replace("expect ", "expect vlan(id=4000)/", 1)
            new[last] = re.sub(r" within \S+$", "", new[last]) + " within 300ms"
        yield first + 1, "\n".join(new)


def passes(name):
    played = Played(name)
    same((played.code, played.bad()), (0, []), f"exit code and points that are not ok ({played.run.err})")
    same([p["status"] for p in played.points], ["ok"] * len(played.points), "every point")
    true(sum(p["kind"].startswith("expect") for p in played.points) >= len(list(statements(text_of(name)))),
         "some expectations were not met with")


def fails_when_broken(name):
    def one(case):
        line, text = case
        played = Played(name, text)
        return line, played.code, [b[0] for b in played.bad()], played.run.err

    cases = list(broken(text_of(name)))
    true(cases, "nothing is expected")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for line, code, bad, err in pool.map(one, cases):
            same((code, bad), (1, [line]), f"line {line} broken: exit code and lines that are not ok ({err})")


def promise(check, name, words):
    def promised():
        need_root()
        check(name)

    promised.__name__ = f"{name.replace('-', '_')}_{words}"
    fact(promised)


for each in NAMES:
    promise(passes, each, "passes")
    promise(fails_when_broken, each, "fails_when_an_expectation_is_broken")


@fact
def there_are_twelve_scripts_and_each_begins_with_what_it_is_about():
    same(len(NAMES), 12, "scripts")
    for name in NAMES:
        true(re.match(r"# \S", text_of(name)), f"{name} does not begin with a comment")


@fact
def without_no_rst_the_kernel_ends_the_connection():
    need_root()
    played = Played("handshake", text_of("handshake").replace("no-rst\n", "\n"))
    same(played.code, 1, played.run.err)
    played = Played("handshake", text_of("handshake").replace("no-rst\n", "\n"), options=("--json", "--no-rst"))
    same((played.code, played.bad()), (0, []), "with --no-rst")


@fact
def values_from_the_command_line_win():
    need_root()
    played = Played("handshake", values=("port=81",))
    same(played.code, 1, played.run.err)
    true("Flags [R.]" in played.points[1]["nearest"], played.points[1]["nearest"])
    same(played.points[1]["why"].split()[0], "tcp.flags", "what differs")
    played = Played("icmp-echo", values=("server=10.0.3.2", "server6=fd00:0:0:3::2"))
    same(played.code, 0, str(played.bad()))


@fact
def the_result_is_told_as_tap():
    need_root()
    played = Played("neighbour", options=("--tap",))
    lines = played.run.out.splitlines()
    same((lines[0], lines[-1]), ("TAP version 13", f"1..{len(lines) - 2}"), "first and last line")
    for n, line in enumerate(lines[1:-1], 1):
        true(line.startswith(f"ok {n} - line "), line)
    played = Played("neighbour", options=("--tap",), values=("router=10.0.1.77",))
    same(played.code, 1, played.run.err)
    lines = played.run.out.splitlines()
    true(any(line.startswith("not ok 2 - ") for line in lines), played.run.out)
    true(any(line.startswith("ok 3 - ") and line.endswith("# SKIP not reached") for line in lines), played.run.out)


@fact
def others_read_the_tap():
    need_root()
    need("prove")
    for options, code in ((), 0), (("router=10.0.1.77",), 1):
        played = Played("neighbour", options=("--tap",), values=options)
        at = os.path.join(folder(), "result.tap")
        with open(at, "w", encoding="utf-8") as file:
            file.write(played.run.out)
        run = Result(["prove", "--exec", "cat", at])
        same(run.code, code, run.out)
        true("Parse errors" not in run.out and "Tests: 8" in run.out or not code, run.out)


@fact
def the_run_is_kept():
    need_root()
    at = os.path.join(folder(), "run.pcapng")
    played = Played("icmp-echo", options=("-q", "--save", at))
    same(played.code, 0, played.run.err)
    out = Result([SONDE, "read", at]).out
    true(out.count("ICMP echo request") >= 8 and out.count("ICMP echo reply") >= 6, out)


def running(path):
    """The programs of ours that play this script, whatever process namespace they are in."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if path in words and words[0].endswith("sonde-craft"):
            yield int(name)


@fact
def a_guard_ends_with_the_program_however_that_ends():
    need_root()
    need("nft")
    path = os.path.join(folder(), "wait.craft")
    with open(path, "w", encoding="utf-8") as file:
        file.write("no-rst\nsend ip(dst=10.0.2.2)/tcp(sport=5, dport=7, flags=A)\nwait 1m\n")
    with open(os.path.join(SCRIPTS, "craft.lab"), encoding="utf-8") as file:
        lab = file.read()
    with ROOT.up(lab) as up:
        def rules():
            return up.exec("me", "nft", "list", "ruleset").out

        with Running([SONDE, "lab", "exec", up.name, "me", "--", SONDE, "craft", "--script", path]):
            wait_until(lambda: "tcp dport 7" in rules(), "the guard")
            up.exec("me", "nft", "flush", "ruleset", code=None)
            true("sonde-guard" in rules(), "others take the guard away")
            for pid in running(path):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: "sonde-guard" not in rules(), "the guard's end")


@fact
def an_interrupt_ends_a_script_which_says_so():
    need_root()
    path = os.path.join(folder(), "long.craft")
    with open(path, "w", encoding="utf-8") as file:
        file.write("capture lo\nexpect ip/udp(dport=9) within 1m\nsend ip(dst=127.0.0.1)/udp(dport=9)\n")
    with subprocess.Popen([SONDE, "craft", "--script", path], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE) as run:
        time.sleep(0.5)
        run.send_signal(2)
        out, err = run.communicate(timeout=10)
    same(run.returncode, 1, err)
    true("it was interrupted" in out and "1 not ok, 1 not reached" in out, out)


def on_loopback(text, *options, argv=lambda words: words):
    path = os.path.join(folder(), "script.craft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return Result(argv([SONDE, "craft", *options, "--script", path]))


@fact
def on_loopback_what_was_sent_is_no_answer():
    need_root()
    run = on_loopback("send ip(dst=127.0.0.1)/icmp/icmp_echo(id=999, seq=1)/\"x\"\n"
                      "expect nothing ip/icmp(type=8)/icmp_echo(id=999) within 200ms\n"
                      "expect ip(src=127.0.0.1)/icmp(type=0)/icmp_echo(id=999, seq=1)\n")
    same(run.code, 0, run.out + run.err)


@fact
def what_is_wrong_is_said_with_its_place():
    for text, *words in (("send ip(dst=127.0.0.1, ttl=300)", ":1:28: expected a number of up to 8 bits", "\n  send ip(",
                          "^"),
                         ("wait 1s\nsned ip", ":2:1: expected a statement", "the nearest name is send"),
                         ("wait 0\nsend ip(dst=127.0.0.1)/icmp_echo(id=1)", ":2: icmp_echo does not follow ip"),
                         ("expect ip", "it has to say where it listens: capture IFACE"),
                         ("send ip(dst=127.0.0.1)/udp(sport=$x)", ":1:34: expected a name that has been set"),
                         ("", ":1:1: expected a statement")):
        run = on_loopback(text)
        same(run.code, 2, run.err)
        for word in words:
            true(word in run.err, f"{word!r} is not in {run.err!r}")
    same(Result([SONDE, "craft", "--script", "/nowhere/x"]).code, 2, "no such file")
    same(Result([SONDE, "craft", "--script", "-", "x"], stdin=b"wait 1s").code, 2, "no NAME=VALUE")
    same(Result([SONDE, "craft", "--script", "-", "x=1"], stdin=b"wait 1s").code, 2, "nobody asks for it")
    same(Result([SONDE, "craft", "--tap", "ip"]).code, 2, "--tap alone")


@fact
def who_may_not_send_is_told_so_and_may_read_a_script():
    nobody_can_run_it()
    run = on_loopback("send ip(dst=127.0.0.1)/udp(dport=9)", argv=nobody)
    same(run.code, 77, run.err)
    true("cap_net_raw" in run.err, run.err)
    same(on_loopback("send ip(dst=127.0.0.1)/udp(dport=9)", "--dry-run", argv=nobody).code, 0)


@fact
def a_guard_takes_a_privilege_of_its_own():
    nobody_can_run_it()
    path = os.path.join(folder(), "guarded.craft")
    for line, code in (("", 0), ("no-rst\n", 77)):
        with open(path, "w", encoding="utf-8") as file:
            file.write(line + "send ip(dst=127.0.0.1)/tcp(dport=9)\n")
        run = Result(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+net_raw",
                      "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw", "--", SONDE, "craft", "--script",
                      path])
        same(run.code, code, run.err)
    same(run.err.count("\n"), 1, run.err)
    true("lacks cap_net_admin;" in run.err, run.err)


@fact
def a_spoofed_source_to_somebody_elses_address_has_to_be_meant():
    need_root()
    run = on_loopback("send ip(src=192.0.2.1, dst=8.8.8.8)/udp(dport=9)", "-I", "lo")
    same(run.code, 2, run.err)
    true("--i-mean-it" in run.err, run.err)
