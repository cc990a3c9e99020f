"""sonde doctor: what it says of a machine is true, and each fix that it prints works."""

import csv
import io
import json
import os
import shutil
import subprocess

from e2e import SONDE, Missed, Result, fact, folder, need, need_root, nobody, nobody_can_run_it, same, skip, true

BIN = os.path.dirname(SONDE)
DOCTOR = os.path.join(BIN, "sonde-doctor")


def lines(argv, **how):
    """The records of a doctor, by topic and name; and its exit code."""
    run = Result(argv + ["--json"], **how)
    if run.code not in (0, 1):
        raise Missed(f"exit {run.code}: {run.err!r}")
    records = [json.loads(line) for line in run.out.splitlines()]
    true(all(r["record"] == "doctor" and r["v"] == 1 for r in records), "each is a record of the doctor")
    true(all(r["state"] in ("ok", "missing", "unknown") for r in records), "states are three words")
    same(run.code, int(any(r["state"] == "missing" for r in records)), "exit code")
    return records


def line(records, topic, name):
    found = [r for r in records if (r["topic"], r["name"]) == (topic, name)]
    same(len(found), 1, f"lines of {topic} {name}")
    return found[0]


def state(records, topic, name):
    return line(records, topic, name)["state"]


def copies(*verbs):
    """Programs in a folder of their own, which may be given capabilities; their doctor too."""
    need("setcap")
    where = folder()
    for verb in ("doctor", *verbs):
        shutil.copy(os.path.join(BIN, f"sonde-{verb}"), where)
    return where


def as_nobody(argv):
    """As nobody; what a file gives may still be had."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--"] + argv


def carry_out(fix):
    done = subprocess.run(["sh", "-c", fix], capture_output=True, text=True)
    if done.returncode:
        skip(f"{fix}: {done.stderr.strip()}") if "not supported" in done.stderr else None
        raise Missed(f"{fix}: {done.stderr}")


@fact
def text_json_and_csv_say_the_same():
    records = lines([DOCTOR])
    text = Result([DOCTOR])
    table = list(csv.DictReader(io.StringIO(Result([DOCTOR, "--csv"]).out, newline="")))
    same(len(table), len(records), "rows")
    for record, row in zip(records, table):
        for name in ("topic", "name", "state", "what"):
            same(row[name], record[name], name)
        said = f"  {record['state']:7}  {record['name']}{' = ' + record['value'] if 'value' in record else ''}: {record['what']}\n"
        true(said in text.out, f"the text lacks {said!r}")
        if "fix" in record:
            true(f"# {record['fix']}\n" in text.out, f"the text lacks the fix {record['fix']!r}")


@fact
def a_verb_is_asked_for_alone_and_none_is_invented():
    topics = {r["topic"] for r in lines([DOCTOR, "read"])}
    true("read" in topics and not topics & {"ping", "lab", "bpf", "interface"}, f"{topics}")
    for argv, what in ((["pin"], "there is no verb 'pin'"), (["ping", "trace"], "one verb at a time"),
                       (["--json", "--csv"], "exclude each other"), (["--no"], "--no")):
        run = Result([DOCTOR, *argv])
        same(run.code, 2, f"{argv}")
        true(what in run.err, run.err)


@fact
def as_root_each_hook_of_the_tracer_is_tried_and_nothing_stays():
    need_root()
    need("setpriv")
    def programs():
        held = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                held += sum("bpf" in os.readlink(f"/proc/{pid}/fd/{fd}") and open(f"/proc/{pid}/comm").read() == "sonde-doctor\n"
                            for fd in os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                pass
        return held
    settings = ["net.ipv4.ping_group_range", "user.max_user_namespaces", "net.core.rmem_max"]
    read = lambda: [open("/proc/sys/" + s.replace(".", "/")).read() for s in settings]
    before = read()
    follow = lines([DOCTOR, "follow"])
    hooks = [r for r in follow if r["topic"] == "bpf" and r["name"] != "BTF"]
    if len(hooks) == 1:
        skip(hooks[0]["what"])
    same(len(hooks), 20, "hooks")
    same((read(), programs()), (before, 0), "settings, and programs held")
    denied = ["--bounding-set=-net_admin,-sys_admin"]
    less = lines(["setpriv", *denied, "--", DOCTOR, "follow"])
    same(state(less, "bpf", "sock_create"), "missing", "the hook that takes cap_net_admin, without it")
    same(state(less, "bpf", "sys_exit"), "ok", "another")


@fact
def nobody_is_told_what_is_missing_and_unknown_stays_unknown():
    nobody_can_run_it()
    records = lines(nobody([DOCTOR]))
    same(state(records, "trace", "ICMP and TCP"), "missing")
    true("cap_net_raw" in line(records, "trace", "ICMP and TCP")["what"], "it names the capability")
    same(state(records, "trace", "UDP"), "ok")
    hooks = line(records, "bpf", "hooks")
    same(hooks["state"], "unknown", "what takes a capability to try")


@fact
def a_fix_by_setcap_works_and_no_fix_undoes_another():
    need_root()
    need("setpriv")
    where = copies("ping", "trace", "capture", "follow")
    doctor = as_nobody([os.path.join(where, "sonde-doctor")])
    records = lines(doctor)
    fixes = [r for r in records if r.get("fix", "").startswith("setcap")]
    same(sorted({r["topic"] for r in fixes}), ["capture", "follow", "ping", "trace"], "verbs that setcap helps")
    for record in fixes:
        carry_out(record["fix"])
    after = lines(doctor)
    for record in fixes:
        same(state(after, record["topic"], record["name"]), "ok", f"{record['topic']} {record['name']}")
    for argv in (["ping", "-c1", "127.0.0.1"], ["ping", "-c1", "--tcp", "9", "127.0.0.1"], ["trace", "-I", "127.0.0.1"],
                 ["capture", "-i", "lo", "--duration", "0.1"], ["follow", "--backend=bpf", "--", "true"]):
        run = Result(as_nobody([os.path.join(where, "sonde-" + argv[0]), *argv[1:]]))
        same(run.code, 0, f"{argv} ({run.err!r})")
    inside = lines(as_nobody(["setpriv", "--no-new-privs", "--", os.path.join(where, "sonde-doctor"), "ping"]))
    tcp = line(inside, "ping", "TCP, ARP and neighbour solicitation")
    same((tcp["state"], "no_new_privs" in tcp["what"], tcp.get("fix")), ("missing", True, None), "under no_new_privs")


@fact
def a_fix_by_the_ping_group_works_and_its_line_changes():
    need_root()
    for program in ("unshare", "setpriv"):
        need(program)
    # In a network namespace of its own, which has its own range.
    script = """set -e
ip link set lo up; sysctl -qw net.ipv4.ping_group_range='1 0'
as() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"; }
as $DOCTOR ping --json || true
fix=$(as $DOCTOR ping --json | sed -n 's/.*"fix":"\\(sysctl -w net.ipv4.ping[^"]*\\)".*/\\1/p' | head -n 1)
as $PING -c1 -W1 127.0.0.1 >/dev/null 2>&1 && exit 9
eval "$fix"
echo; as $DOCTOR ping --json || true
as $PING -c1 -W1 127.0.0.1 >/dev/null"""
    run = Result(["unshare", "-n", "sh", "-c", script], env={**os.environ, "DOCTOR": DOCTOR, "PING": os.path.join(BIN, "sonde-ping")})
    same(run.code, 0, f"exit code ({run.err!r})")
    before, after = ([json.loads(x) for x in part.splitlines() if x.startswith("{")] for part in run.out.split("\n\n" if "\n\n" in run.out else "\nnet."))
    for topic, name in (("kernel", "net.ipv4.ping_group_range"), ("ping", "ICMP")):
        same((state(before, topic, name), state(after, topic, name)), ("missing", "ok"), name)
    same(line(after, "kernel", "net.ipv4.ping_group_range")["value"], "65534 65534", "value")


@fact
def a_user_namespace_is_not_taken_for_the_machine():
    need("unshare")
    if subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode:
        skip("no user namespaces")
    foreign = lines(["unshare", "-Ur", DOCTOR])
    same(state(foreign, "ping", "TCP, ARP and neighbour solicitation"), "missing", "the network of the machine")
    same(state(foreign, "follow", "by BPF, and the whole machine (-a)"), "missing", "BPF")
    own = lines(["unshare", "-Urn", DOCTOR])
    same(state(own, "ping", "TCP, ARP and neighbour solicitation"), "ok", "a network of its own")
    same(Result(["unshare", "-Ur", os.path.join(BIN, "sonde-ping"), "-c1", "--tcp", "9", "127.0.0.1"]).code, 77, "and so it is")


@fact
def a_fix_for_labs_and_demos_works():
    nobody_can_run_it()
    script = """echo 0 >/proc/sys/user/max_user_namespaces
as() { setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all -- "$@"; }
as $DOCTOR lab --json
fix=$(as $DOCTOR lab --json | sed -n 's/.*"fix":"\\(sysctl[^"]*\\)".*/\\1/p' | head -n 1)
as $LAB run tests/lab/chain.lab -- true 2>/dev/null; echo "{\\"code\\":$?}"
eval "$fix" >/dev/null
as $DOCTOR lab --json
as $LAB run tests/lab/chain.lab -- true; echo "{\\"code\\":$?}" """
    inside = ["unshare", "-U", "--map-user=65534", "--map-group=65534", "--keep-caps"]  # not root: that may not be mapped again
    run = Result(nobody([*inside, "sh", "-c", script]), env={**os.environ, "DOCTOR": DOCTOR, "LAB": os.path.join(BIN, "sonde-lab")})
    records = [json.loads(x) for x in run.out.splitlines()]
    same([r["code"] for r in records if "code" in r], [77, 0], f"labs before and after ({run.err!r})")
    same([r["state"] for r in records if r.get("name") == "user.max_user_namespaces"], ["missing", "ok"], "its line")
    demo = line(lines(nobody([DOCTOR, "demo"])), "demo", "sessions on two hosts of their own")
    run = Result(nobody(["sh", "-c", demo["fix"]]))
    same((run.code, "no hosts of its own" in run.err), (0, False), f"demo ({run.err!r})")


@fact
def what_is_not_installed_is_not_spoken_of():
    need_root()
    where = copies("ping")
    topics = {r["topic"] for r in lines([os.path.join(where, "sonde-doctor")])}
    true("ping" in topics and "lab" not in topics, f"{topics}")
