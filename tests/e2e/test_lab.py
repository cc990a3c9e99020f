"""Labs: commands in them, labs with names, bad descriptions; and that nothing is left behind."""

import glob
import itertools
import json
import os
import pty
import random
import re
import signal
import subprocess
import time

from e2e import Result, Running, SONDE, fact, folder, in_order, need, need_root, nobody, nobody_can_run_it, one_of, \
    same, script, skip, true, wait_until
from nsid import Watch

CHAIN = """lab chain
host src dst
router r1 r2
link src r1
link r1 r2
link r2 dst
route * auto
serve dst tcp 80 http
serve dst udp 7 echo
"""
DELAYED = """lab delayed
host src dst
link src dst delay=1ms
serve dst tcp 80 http
"""
MARK = f"SONDE_LAB_TEST={os.getpid()}"
count = itertools.count()


def write(text, name="a.lab"):
    path = os.path.join(folder(), name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    return path


def marked():
    """What our processes have in their environment, so that they are known among others."""
    name, value = MARK.split("=")
    return dict(os.environ, **{name: value})


def left():
    """Processes that came from a lab of ours, and the mounts and interfaces it could have made here."""
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                if MARK.encode() in file.read().split(b"\0") and os.path.dirname(path) != f"/proc/{os.getpid()}":
                    with open(os.path.dirname(path) + "/stat", encoding="utf-8") as stat:
                        if stat.read().rsplit(")", 1)[1].split()[0] != "Z":
                            found.append(os.path.dirname(path))
        except OSError:
            pass
    with open("/proc/mounts", encoding="utf-8") as file:
        found += [line for line in file if line.startswith("sonde ")]
    for path in glob.glob("/sys/class/net/*/address"):
        with open(path, encoding="utf-8") as file:
            found += [path] if file.read().startswith("02:00:00:") else []
    return found


def nothing_is_left(watch=None):
    wait_until(lambda: not left(), f"that nothing is left of {left()[:5]}", 10)
    if watch:
        same(watch.gone(), 0, "namespaces that are left")


class As:
    """root, or nobody in a user namespace."""

    def __init__(self, wrap=lambda argv: argv):
        self.wrap = wrap

    def argv(self, *words):
        return self.wrap([SONDE, "lab", *words])

    def lab(self, *words, code=0, **how):
        run = Result(self.argv(*words), env=marked(), **how)
        if code is not None:
            same(run.code, code, f"exit code of {' '.join(words)} ({run.err.strip()[-300:]})")
        return run

    def run(self, text, *command, code=0, options=()):
        return self.lab("run", write(text), *options, "--", *command, code=code)

    def up(self, text):
        """A lab of a name that nobody else has."""
        return Up(self, text)


class Up:
    def __init__(self, who, text):
        self.who = who
        self.name = f"test-{os.getpid()}-{next(count)}"
        self.path = write(text)

    def __enter__(self):
        self.who.lab("up", self.path, "--name", self.name)
        self.pid = int(self.line().split()[5])
        return self

    def __exit__(self, *_):
        if self.line():
            self.down()

    def line(self):
        return next((l for l in self.who.lab("list").out.splitlines() if l.split()[0] == self.name), None)

    def exec(self, node, *command, code=0):
        return self.who.lab("exec", self.name, node, "--", *command, code=code)

    def down(self):
        return self.who.lab("down", self.name)


ROOT = As()
NOBODY = As(nobody)


def everybody():
    """Root, and nobody where that can be tried."""
    need_root()
    yield ROOT
    nobody_can_run_it()
    if subprocess.run(nobody(["unshare", "-Ur", "true"]), capture_output=True).returncode:
        skip("nobody gets no user namespace here")
    yield NOBODY


@fact
def the_code_of_the_command_is_ours():
    for who in everybody():
        who.run(CHAIN, "true")
        who.run(CHAIN, "sh", "-c", "exit 7", code=7)
        who.run(CHAIN, "sh", "-c", "kill -TERM $$", code=-signal.SIGTERM)
        who.run(CHAIN, "sh", "-c", "kill -KILL $$", code=-signal.SIGKILL)
        run = who.run(CHAIN, "/nowhere/to/be/found", code=127)
        true("/nowhere/to/be/found: there is no such command" in run.err, f"it is not said: {run.err!r}")
        run = who.run(CHAIN, "/etc/passwd", code=126)
        true("Permission denied" in run.err, f"it is not said: {run.err!r}")
        nothing_is_left()


@fact
def a_command_runs_on_the_first_host_or_where_it_is_told():
    for who in everybody():
        same(who.run(CHAIN, "hostname").out, "src\n", "host name")
        for node in ("src", "r1", "dst"):
            run = who.run(CHAIN, "sh", "-c", "hostname; ls /sys/class/net", options=("-n", node))
            same(run.out.split(), [node, "eth0"] + (["eth1"] if node == "r1" else []) + ["lo"], "name and interfaces")
        run = who.run(CHAIN, "true", options=("-n", "r3"), code=2)
        true("there is no node 'r3'" in run.err, run.err)


@fact
def every_name_stands_for_what_the_plan_says():
    path = write(CHAIN)
    records = [json.loads(line) for line in ROOT.lab("check", path).out.splitlines()]
    named = [r for r in records if r["record"] == "lab_address" and r.get("named")]
    same(sorted(r["node"] for r in named), ["dst", "r1", "r2", "src"], "nodes that have addresses")
    for who in everybody():
        out = who.run(CHAIN, "cat", "/etc/hosts").out
        for r in named:
            for family in ("v4", "v6"):
                true(f"{r[family].split('/')[0]} {r['node']}\n" in out, f"{r['node']} is not in {out!r}")
        known = who.run(CHAIN, "getent", "ahosts", "dst").out
        for r in named:
            for family in ("v4", "v6"):
                same(r[family].split("/")[0] in known, r["node"] == "dst", f"{r[family]} in {known!r}")
    with open("/etc/hosts", encoding="utf-8") as file:
        true("r1" not in file.read().split(), "the machine's own /etc/hosts is changed")


@fact
def the_first_packet_goes_the_whole_way():
    need("ping")
    for who in everybody():
        for family in ("-4", "-6"):
            run = who.run(CHAIN, "ping", family, "-c", "1", "-W", "1", "dst")
            true("ttl=62" in run.out, f"two routers are not on the way: {run.out!r}")
        out = who.run(CHAIN, "ip", "-6", "addr").out
        true("fe80::" in out and "tentative" not in out, f"an address may not be used yet: {out!r}")


@fact
def routers_tell_of_every_packet_unless_they_are_limited():
    need_root()
    need("ping")
    for family, (limit, least, most) in itertools.product(("-4", "-6"), (("", 100, 100), (" icmp-rate=1/s", 1, 20))):
        run = ROOT.run(CHAIN.replace("r1 r2\n", f"r1 r2{limit}\n", 1), "ping", family, "-n", "-c", "100", "-i", "0.002",
                       "-W", "0.2", "-t", "1", "dst", code=1)
        told = len(re.findall(r"Time (to live )?exceeded", run.out))
        true(least <= told <= most, f"{family}{limit}: {told} of 100 are told of")


@fact
def servers_answer_who_comes_from_another_node():
    need("curl")
    for who in everybody():
        for family, client in (("-4", "10.0.1.1"), ("-6", "fd00:0:0:1::1")):
            out = who.run(CHAIN, "curl", family, "-s", "http://dst/").out
            in_order(out.split(), ["host", "dst", "client", client], "the page")


@fact
def a_command_sees_its_own_processes_and_inherits_nothing_of_ours():
    for text in (CHAIN, DELAYED):
        for who in everybody():
            out = who.run(text, "python3", "-c", """if True:
                import os
                for fd in os.listdir("/proc/self/fd"):
                    try:
                        print(os.readlink("/proc/self/fd/" + fd))
                    except OSError:
                        pass
                print("first", open("/proc/1/comm").read())
                """).out
            names = [line for line in out.splitlines() if re.match(r"net:|socket:|anon_inode|/memfd", line)]
            same(names, [], "descriptors of ours")
            true("first sonde-lab\n" in out, f"the first process is not the keeper: {out!r}")


@fact
def what_a_command_leaves_behind_ends_with_it():
    for who in everybody():
        who.run(CHAIN, "sh", "-c", "sleep 1000 & setsid sleep 1001 & exit 0")
        nothing_is_left()


@fact
def a_signal_for_us_reaches_the_command():
    for who in everybody():
        path = write(CHAIN)
        with Running(who.argv("run", path, "--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.01; done"),
                     stdout=subprocess.PIPE, env=marked()) as running:
            same(running.process.stdout.readline(), b"up\n", "its first words")
            running.process.send_signal(signal.SIGTERM)
            same(running.process.wait(10), 9, "exit code")
        nothing_is_left()


@fact
def a_signal_at_any_moment_ends_the_command():
    need_root()
    path = write(CHAIN)
    for i in range(int(os.environ.get("SONDE_LAB_KILLS", "20"))):
        with Running(ROOT.argv("run", path, "--", "sleep", "1000"), env=marked()) as running:
            time.sleep(random.Random(i).random() * 0.08)
            running.process.send_signal(signal.SIGTERM)
            same(running.process.wait(10), -signal.SIGTERM, "exit code")
    nothing_is_left()


@fact
def an_interrupt_at_the_terminal_is_the_commands_alone():
    """The relay and the servers, which the terminal knows too, still work when it has been dealt with."""
    need("curl")
    for who in everybody():
        path = write(DELAYED)
        script = "trap 'curl -s -m 5 http://dst/; exit 4' INT; echo ready; while :; do sleep 0.01; done"
        pid, terminal = pty.fork()
        if not pid:
            argv = who.argv("run", path, "--", "sh", "-c", script)
            os.execvpe(argv[0], argv, marked())
        out = b""
        while b"ready" not in out:
            out += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        try:
            while got := os.read(terminal, 1000):
                out += got
        except OSError:
            pass  # the terminal's end
        same(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 4, "exit code")
        os.close(terminal)
        true(b"host dst" in out, f"no page from dst: {out!r}")
        nothing_is_left()


@fact
def a_lab_with_a_name_stays_until_it_is_told_to_go():
    need("ping")
    for who in everybody():
        with who.up(CHAIN) as lab:
            watch = Watch(lab.pid)
            same(len(watch.left), 4, "its namespaces")
            same(lab.line().split()[1:4], ["4", "3", "0"], "nodes, links, commands")
            same(lab.exec("r2", "hostname").out, "r2\n", "host name")
            lab.exec("src", "ping", "-q", "-c", "1", "-W", "1", "dst")
            lab.exec("src", "sh", "-c", "exit 5", code=5)
            lab.exec("src", "/nowhere", code=127)
            true("there is no node 'r9'" in lab.exec("r9", "true", code=2).err, "an unknown node")
            lab.down()
            same(lab.line(), None, "its line in the list")
            run = who.lab("down", lab.name, code=2)
            true("there is no lab" in run.err, run.err)
        nothing_is_left(watch)


@fact
def two_labs_of_one_name_cannot_be():
    for who in everybody():
        with who.up(CHAIN) as lab:
            run = who.lab("up", lab.path, "--name", lab.name, code=2)
            true(f"there is a lab '{lab.name}' already" in run.err, run.err)
            lab.exec("src", "true")
        who.lab("up", lab.path, "--name", lab.name)
        lab.down()
        run = who.lab("up", lab.path, "--name", "a/b", code=2)
        true("'a/b'" in run.err, run.err)
    nothing_is_left()


@fact
def labs_of_another_user_are_not_seen():
    need_root()
    with ROOT.up(CHAIN) as lab:
        for _ in everybody():
            pass
        same([l for l in NOBODY.lab("list").out.splitlines() if lab.name in l], [], "what nobody sees")
        NOBODY.lab("exec", lab.name, "src", "--", "true", code=2)


@fact
def commands_end_when_their_lab_does():
    for who in everybody():
        for how in ("down", "killed"):
            with who.up(CHAIN) as lab, \
                    Running(who.argv("exec", lab.name, "src", "--", "sh", "-c", "echo up; sleep 1000"),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=marked()) as command:
                same(command.process.stdout.readline(), b"up\n", "its first words")
                watch = Watch(lab.pid)
                same(lab.line().split()[3], "1", "commands")
                if how == "down":
                    lab.down()
                else:
                    os.kill(lab.pid, signal.SIGKILL)
                same(command.process.wait(10), 125, "exit code")
                true(b"the lab ended before the command did" in command.process.stderr.read(), "it is not said")
            nothing_is_left(watch)


@fact
def a_killed_exec_leaves_the_lab_and_nothing_else():
    for who in everybody():
        with who.up(CHAIN) as lab:
            with Running(who.argv("exec", lab.name, "src", "--", "sh", "-c", "echo up; sleep 1000 & sleep 1001"),
                         stdout=subprocess.PIPE, env=marked()) as command:
                same(command.process.stdout.readline(), b"up\n", "its first words")
                command.process.kill()
                command.process.wait(10)
            wait_until(lambda: lab.line().split()[3] == "0", "that no command is counted")
            wait_until(lambda: len(left()) == 3, f"that the holder, the keeper and the servers are left of {left()}")
            lab.exec("src", "true")
        nothing_is_left()


@fact
def what_is_set_holds_at_once_and_is_the_truth():
    for who in everybody():
        with who.up(DELAYED) as lab:
            for ms in (1, 30):
                who.lab("set", lab.name, "src-dst", f"delay={ms}ms")
                before = len(who.lab("truth", lab.name).out.splitlines())
                lab.exec("src", "curl", "-s", "http://dst/")
                records = [json.loads(line) for line in who.lab("truth", lab.name).out.splitlines()][before:]
                true(len(records) > 5, f"a session has {len(records)} packets")
                for r in records:
                    same((r["record"], r["verdict"]), ("truth", "pass"), "record")
                    same(r["due_ns"] - r["in_ns"], ms * 1000000, "delay")
                same({(r["from"], r["to"]) for r in records}, {("src", "dst"), ("dst", "src")}, "ways")
            for words, what in ((["src-dst", "dely=1ms"], "dely"), (["src-x", "delay=1ms"], "src-x")):
                true(what in who.lab("set", lab.name, *words, code=2).err, f"{what} is not named")


@fact
def a_run_leaves_the_truth_in_a_file():
    need("curl")
    for who in everybody():
        path = os.path.join(folder(), "truth")
        who.run(DELAYED, "curl", "-s", "http://dst/", options=("--truth", path))
        with open(path, encoding="utf-8") as file:
            true(len([json.loads(line) for line in file]) > 5, "there are no records")


@fact
def a_plain_cable_cannot_be_set():
    need_root()
    with ROOT.up(CHAIN) as lab:
        run = ROOT.lab("set", lab.name, "src-r1", "delay=1ms", code=2)
        true("plain cable" in run.err, run.err)
        run = ROOT.lab("truth", lab.name, code=2)
        true("no link" in run.err, run.err)


@fact
def a_capture_is_of_that_link():
    need("ping")
    for who in everybody():
        with who.up(CHAIN) as lab:
            path = os.path.join(folder(), "a.pcapng")
            with Running(who.argv("capture", lab.name, "r1-r2", "-w", path), stderr=subprocess.PIPE,
                         env=marked()) as running:
                running.process.stderr.readline()
                lab.exec("src", "ping", "-4", "-q", "-c", "1", "-W", "1", "dst")
                same(running.interrupt(), 0, "exit code")
            out = Result([SONDE, "read", path]).out
            for way in ("10.0.1.1 > 10.0.3.2: ICMP echo request", "10.0.3.2 > 10.0.1.1: ICMP echo reply"):
                true(way in out, f"{way} is not in {out!r}")
            same(out.count("echo request"), 1, "times that the request is seen")


@fact
def a_wrong_description_is_told_by_file_and_line():
    for text, line, what in (
            ("host a\nhots b\n", 2, "hots"),
            ("host a b\nlink a b\nhost a\n", 3, "a"),
            ("host a b\nlink a c\n", 2, "c"),
            ("host a b\nlink a b v4=10.0.0.0/30\nlink a b v4=10.0.0.0/30\n", 3, "overlap"),
            ("host a b\nlink a b delay=fast\n", 2, "fast"),
            ("host a b\nlink a b\nlink a a\n", 3, "a"),
            ("host a b\nlink a b\nserve a tcp 99999 http\n", 3, "99999"),
            ("host a b\nlink a b\nnft a { bogus }\n", 3, "bogus"),
    ):
        path = write(text, "wrong.lab")
        run = ROOT.lab("run", path, "--", "true", code=2)
        true(f"sonde lab: {path}:{line}: " in run.err and what in run.err.split(path, 1)[1] and run.err.count("\n") == 1,
             f"{text!r}: {run.err!r}")
    run = ROOT.lab("run", "/nowhere/a.lab", "--", "true", code=2)
    true("/nowhere/a.lab: No such file" in run.err, run.err)
    nothing_is_left()


@fact
def wrong_words_are_told():
    path = write(CHAIN)
    for words, what in (
            ([], "--help"), (["rnu", path], "'run'"), (["run", path], "usage: sonde lab run"), (["check"], "usage: sonde lab check"),
            (["check", path, "-n", "src"], "-n does not go with 'check'"), (["list", "--name", "x"], "--name does not go with"),
            (["up", write("host a\n")], "--name"), (["exec", "no-such-lab", "a", "--", "true"], "no-such-lab"),
    ):
        true(what in ROOT.lab(*words, code=2).err, f"{words}")


@fact
def who_may_make_no_namespaces_is_told_what_it_takes():
    need_root()
    need("setpriv")
    script = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
    run = Result(["unshare", "-Ur", "sh", "-c", script, "sh", *ROOT.argv("run", write(CHAIN), "--", "true")])
    same(run.code, 77, f"exit code ({run.err!r})")
    true("takes root, or a user namespace" in run.err and "max_user_namespaces" in run.err, run.err)


@fact
def a_setting_that_cannot_be_made_is_named():
    need_root()
    script = 'mount --bind -o ro /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"'
    run = Result(["unshare", "-m", "sh", "-c", script, "sh", *ROOT.argv("run", write(CHAIN), "--", "true")])
    same(run.code, 125, f"exit code ({run.err!r})")
    true(re.search(r"a.lab:2: .* on src, /proc/sys/net/\S+: Read-only file system", run.err), run.err)


@fact
def a_kernel_that_lacks_something_is_told_and_what_works_all_the_same():
    need_root()
    for sockets, ready, what, rest in (
            (("16", "12"), "nat", "nat.lab:\\d+: rules of nat: Protocol not supported", "box and nft still work"),
            (("17", "-1"), "lossy", "links that are impaired: Address family not supported", "delay, loss, rate"),
            (("16", "0"), "chain", "chain.lab:\\d+: src: Protocol not supported", None)):
        run = Result(script("without.py", *sockets, *ROOT.argv("run", f"tests/lab/{ready}.lab", "--", "true")))
        same(run.code, 125, f"{ready}: exit code ({run.err!r})")
        true(re.search(what, run.err), f"{ready}: {run.err}")
        true(("labs without " + rest if rest else "no lab works without it") in " ".join(run.err.split()), f"{ready}: {run.err}")


def kill_at_random(who, argv, seed):
    """SIGKILL somewhere between nothing and all."""
    choose = random.Random(seed)
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=marked())
    time.sleep(choose.random() * choose.choice((0.02, 0.06, 0.2)))
    watch = Watch(process.pid)
    process.kill()
    process.wait(10)
    nothing_is_left(watch)
    return len(watch.left)


def kills(who, times):
    labs = [write(text) for text in (CHAIN, CHAIN.replace("link r1 r2", "link r1 r2 delay=1ms"))]
    for i in range(times):
        kill_at_random(who, who.argv("run", labs[i % 2], "--", "sh", "-c", "sleep 1000 & sleep 1001"), i)


@fact
def killed_at_any_moment_it_leaves_nothing():
    for who in everybody():
        kills(who, int(os.environ.get("SONDE_LAB_KILLS", "20")))


@fact
def a_holder_killed_at_any_moment_leaves_nothing():
    """The lab is up or not; if it is, its holder is killed."""
    for who in everybody():
        labs = [write(DELAYED), write(CHAIN)]
        for i in range(int(os.environ.get("SONDE_LAB_KILLS", "20"))):
            name = f"test-{os.getpid()}-{next(count)}"
            process = subprocess.Popen(who.argv("up", labs[i % 2], "--name", name), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env=marked())
            time.sleep(random.Random(i).random() * 0.08)
            process.kill()
            process.wait(10)
            line = next((l for l in who.lab("list").out.splitlines() if l.split()[0] == name), None)
            watch = Watch(int(line.split()[5])) if line else None
            if line:
                os.kill(int(line.split()[5]), signal.SIGKILL)
            nothing_is_left(watch)


@fact
def up_and_down_again_and_again_leaves_nothing():
    for who in everybody():
        for i in range(int(os.environ.get("SONDE_LAB_ROUNDS", "10"))):
            if i % 2:
                who.run(DELAYED, "true")
                continue
            with who.up(CHAIN) as lab:
                watch = Watch(lab.pid)
                same(len(watch.left), 4, "its namespaces")
                lab.down()
            nothing_is_left(watch)
        nothing_is_left()
