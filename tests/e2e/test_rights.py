"""The table of rights (sonde doctor --rights): every row is tried. With exactly these capabilities the
program does what the row says, as nobody; with any of them taken away it exits with 77 and names it,
or does what the row says that it does without."""

import grp
import json
import os
import re
import shutil
import subprocess

from e2e import SONDE, Result, Running, fact, folder, need, need_root, nobody_can_run_it, same, skip, true

BIN = os.path.dirname(SONDE)
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
LACKS_HOOK = "without the hook sock_create"

# What is tried of each row: arguments, and what its output has without the capabilities, where it
# works all the same. A row that is missing here fails the test.
CRAFT = "ip(dst=127.0.0.1)/{}(dport=9)"
TRIED = {
    ("demo", "sessions on two hosts of their own"): (["hello"], "on the loopback instead"),
    ("demo", "with kernel states and packets"): (["hello"], "ptrace sees calls, not the kernel"),
    ("follow", "by BPF, and the whole machine (-a)"): (["--backend=bpf", "--", "true"], None),
    ("follow", "by BPF, the first packet of a datagram socket"): (["--backend=bpf", "--", "true"], LACKS_HOOK),
    ("follow", "by ptrace, a command"): (["--backend=ptrace", "--", "true"], None),
    ("follow", "by ptrace, a process of another user"): (["--backend=ptrace", "-p", "PID"], None),
    ("ping", "ICMP"): (["-c1", "127.0.0.1"], None),
    ("ping", "TCP, ARP and neighbour solicitation"): (["-c1", "--tcp", "9", "127.0.0.1"], None),
    ("ping", "UDP"): (["-c1", "--udp", "9", "127.0.0.1"], None),
    ("trace", "ICMP and TCP"): (["-I", "127.0.0.1"], None),
    ("trace", "UDP"): (["127.0.0.1"], None),
    ("capture", "frames of an interface"): (["-i", "lo", "--duration", "0.1"], None),
    ("capture", "whose each packet is, of all users (--process)"):
        (["-i", "lo", "--duration", "0.1", "--process"], "by asking for them once a packet is seen"),
    ("craft", "sending"): (["--timeout", "0.1", CRAFT.format("udp")], None),
    ("craft", "sending with --no-rst"): (["--timeout", "0.1", "--no-rst", CRAFT.format("tcp")], None),
    ("craft", "writing to a file"): (["-w", "FILE", CRAFT.format("udp")], None),
    ("lab", "in the machine's own user namespace"): (["run", "tests/lab/chain.lab", "--", "readlink", "/proc/self/ns/user"], ""),
    ("lab", "in a user namespace of its own"): (["run", "tests/lab/chain.lab", "--", "readlink", "/proc/self/ns/user"], ""),
    ("read", "captures and runs"): (["FILE"], None),
    ("fields", "the reference"): (["udp"], None),
    ("doctor", "all it can see"): (["doctor"], None),
}


def rights():
    run = Result([SONDE, "doctor", "--rights", "--json"])
    same(run.code, 0, "exit code")
    return [json.loads(text) for text in run.out.splitlines()]


def with_caps(caps, argv):
    """As nobody with these capabilities alone, ambient: nothing else is within reach."""
    allowed = ",".join(["-all", *("+" + c.removeprefix("cap_") for c in caps)])
    return [*NOBODY, f"--inh-caps={allowed}", f"--ambient-caps={allowed}", f"--bounding-set={allowed}", "--", *argv]


def try_row(row, caps, pid, where):
    words, _ = TRIED[row["program"], row["mode"]]
    words = [{"PID": str(pid), "FILE": os.path.join(where, "a.pcap")}.get(w, w) for w in words]
    argv = [os.path.join(BIN, "sonde-" + row["program"]), *words]
    if "PID" in TRIED[row["program"], row["mode"]][0]:
        argv = ["timeout", "--preserve-status", "-s", "INT", "2", *argv]
    return Result(with_caps(caps, argv), timeout=30)


def works(row, run, seen):
    """seen: what the output has where the capabilities are missing."""
    here = os.readlink("/proc/self/ns/user") in run.out
    if row["program"] == "lab":
        same((run.code, here), (0, bool(row["capabilities"])), f"{row['program']}: {row['mode']} ({run.err!r})")
    elif row["program"] == "follow" and "another user" in row["mode"]:
        true(run.code in (0, 130) and "not permitted" not in run.err, f"{row['mode']}: exit {run.code}, {run.err!r}")
    else:
        same(run.code, 0, f"{row['program']}: {row['mode']} ({run.err!r})")
    if seen:
        true(seen not in run.err + run.out, f"{row['program']}: {row['mode']} does without: {seen!r}")


def works_less(row, cap, run, seen):
    if row.get("without"):
        if row["program"] == "lab":
            # Each of the first three is needed; the fourth for the port that this lab serves.
            if cap == "cap_net_bind_service":
                true(run.code == 125 and "port 80" in run.err, f"exit {run.code}, {run.err!r}")
            else:
                same((run.code, os.readlink("/proc/self/ns/user") in run.out), (0, False), f"lab without {cap} ({run.err!r})")
        elif "first packet" in row["mode"] and cap != "cap_net_admin":
            same((run.code, cap in run.err), (77, True), f"follow without {cap} ({run.err!r})")
        elif "--process" in row["mode"] and cap == "cap_net_raw":
            same((run.code, cap in run.err), (77, True), f"capture without {cap} ({run.err!r})")
        else:
            true(run.code == 0 and seen in run.err + run.out, f"{row['mode']} without {cap}: exit {run.code}, {run.err!r}")
    else:
        same(run.code, 77, f"{row['program']}: {row['mode']} without {cap} ({run.err!r})")
        true(cap in run.err, f"{row['program']}: {row['mode']} without {cap}: {run.err!r} names it not")


@fact
def every_row_of_the_table_is_exactly_what_it_takes():
    nobody_can_run_it()
    where = folder()
    with open(os.path.join(where, "a.pcap"), "wb") as file:
        file.write(bytes.fromhex("d4c3b2a102000400000000000000000000000400") + (1).to_bytes(4, "little"))
    os.chmod(os.path.join(where, "a.pcap"), 0o666)
    table, lacking = rights(), 0
    same([k for k in ((r["program"], r["mode"]) for r in table) if k not in TRIED], [], "rows that nobody tries")
    with Running(["sleep", "60"]) as other:
        for row in table:
            if not os.path.exists(os.path.join(BIN, "sonde-" + row["program"])):
                continue
            seen = TRIED[row["program"], row["mode"]][1]
            caps = row["capabilities"]
            works(row, try_row(row, caps, other.pid, where), seen)
            for cap in caps:
                works_less(row, cap, try_row(row, [c for c in caps if c != cap], other.pid, where), seen)
                lacking += 1
    true(lacking >= 20, f"only {lacking} ways of lacking one were tried")


@fact
def a_lab_without_user_namespaces_names_what_it_lacks():
    need_root()
    need("setpriv")
    script = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-net_admin --inh-caps=-all "$@"'
    run = Result(["unshare", "-Ur", "sh", "-c", script, "sh", os.path.join(BIN, "sonde-lab"), "run", "tests/lab/chain.lab", "--", "true"])
    same(run.code, 77, f"exit code ({run.err!r})")
    true("lacks cap_net_admin" in run.err, run.err)


def install(root, *words, argv=()):
    """What is built, into root; nothing is built anew."""
    return Result([*argv, "tests/house/setcap.sh", os.path.join(BIN, "sonde-doctor"), root, *words])


def prepared():
    need_root()
    need("getcap")
    root = folder()
    for verb in os.listdir(BIN):
        if verb.startswith("sonde"):
            shutil.copy(os.path.join(BIN, verb), root)
    return root


def caps_of(root):
    out = subprocess.run(["getcap", "-r", root], capture_output=True, text=True).stdout
    return {os.path.basename(path): sorted(re.split("[,=+]", caps)[:-1])
            for path, caps in (line.split() for line in out.splitlines()) if caps.endswith("=ep")}


def table_of(*given):
    wanted = {}
    for row in rights():
        if row["given"] in given and row["capabilities"] and os.path.exists(os.path.join(BIN, "sonde-" + row["program"])):
            wanted.setdefault("sonde-" + row["program"], set()).update(row["capabilities"])
    return {program: sorted(caps) for program, caps in wanted.items()}


@fact
def what_is_installed_has_exactly_the_capabilities_of_the_table():
    root = prepared()
    run = install(root)
    if "could not be given" in run.out:
        skip(run.out)
    same(caps_of(root), table_of("all"), "without a group")
    true("sonde-capture: without cap_net_raw" in run.out and "GROUP=NAME" in run.out, run.out)
    install(root, "games")
    same(caps_of(root), table_of("all", "group"), "with a group")
    for name in os.listdir(root):
        mode = os.stat(os.path.join(root, name)).st_mode
        same(mode & 0o6000, 0, f"set-user-id and set-group-id of {name}")
        same(mode & 0o777, 0o750 if name in table_of("group") else 0o755, f"mode of {name}")
    ping = [*NOBODY, "--inh-caps=-all", "--", os.path.join(root, "sonde-ping"), "-c1", "127.0.0.1"]
    same(Result(ping).code, 0, "nobody pings")
    capture = ["sh", "-c", '"$@" || exit $?', "sh", os.path.join(root, "sonde-capture"), "-i", "lo", "--duration", "0.1"]
    same(Result([*NOBODY, "--", *capture]).code, 126, "nobody, outside of the group")
    games = grp.getgrnam("games").gr_gid
    same(Result(["setpriv", "--reuid=65534", "--regid=65534", f"--groups={games}", "--", *capture]).code, 0, "in the group")


@fact
def where_capabilities_cannot_be_given_it_is_said_and_how():
    root = prepared()
    run = install(root, argv=["setpriv", "--bounding-set=-setfcap", "--"])
    same(run.code, 0, "exit code: what is installed works, with less")
    same(caps_of(root), {}, "capabilities")
    true("sonde-ping: could not be given cap_net_raw" in run.out and f"  setcap cap_net_raw+ep {root}/sonde-ping\n" in run.out, run.out)
