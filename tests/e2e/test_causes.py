"""How each connection ended: one small program for every cause."""

import shlex
from concurrent.futures import ThreadPoolExecutor

from e2e import Follow, Missed, SONDE, Result, fact, inferred, need_root, nobody_can_run_it, same, \
    stim, true

# cause by program and part: (close_cause, released_by)
CAUSES = {
    "local-first": {"client": ("fin-local", "close"), "server": ("fin-remote", "close")},
    "peer-first": {"client": ("fin-remote", "close"), "server": ("fin-local", "close")},
    "simultaneous": {"client": ("fin-simultaneous", "close"), "server": ("fin-simultaneous", "close")},
    "half-close": {"client": ("fin-local", "close"), "server": ("fin-remote", "close")},
    "linger": {"client": ("rst-sent", "close"), "server": ("rst-received", "close")},
    "unread": {"client": ("rst-received", "close"), "server": ("rst-sent", "close")},
    "refused": {"client": ("refused", "close")},
    "unreachable": {"client": ("unreachable", "close")},
    "unreachable-icmp": {"client": ("unreachable", "close")},
    "timeout": {"client": ("timeout", "close")},
    "timeout-data": {"client": ("timeout", "close")},
    "exit": {"client": ("fin-local", "exit"), "server": ("fin-remote", "close")},
    "exec": {"client": ("fin-local", "exec"), "server": ("fin-remote", "close")},
    "kill": {"client": ("fin-local", "kill"), "server": ("fin-remote", "close")},
    "never-accepted": {"listener": ("closed", "close"), "client": ("rst-received", "close")},
    "passed": {"client": ("fin-local", "close"), "server": ("fin-remote", "close")},
    "lost-in-message": {"client": ("fin-local", "passed"), "server": ("fin-remote", "close")},
}
# Packets are carried by hand, or thrown away by a filter.
NEED_ROOT = ("simultaneous", "unreachable-icmp", "timeout-data")


def follow_all(names, *options, own=True, **how):
    """All programs under one follow: {program: {part: endpoint}}, and the run."""
    each = "; ".join(f"echo {n}; {shlex.join(stim('causes', *(['-n'] if own else []), n))} || exit" for n in names)
    run = Follow(["sh", "-c", each], *options, **how)
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    found, name = {}, None
    for line in run.out.splitlines():
        part, _, ino = line.partition(" ")
        if not ino:
            name = part
            found[name] = {}
        else:
            found[name][part] = int(ino)
    return found, run.report


def judge(names, found, report, lenient=False):
    """Says what is wrong, all of it. lenient: what is marked inferred may be wrong."""
    wrong = []
    for name in names:
        for part, (cause, release) in CAUSES[name].items():
            try:
                e = report.endpoint(found[name][part], f"{name}: {part}")
            except Missed as why:
                # Who says that it is blind may not see one that did nothing.
                if not (lenient and report.run["blind"]):
                    wrong.append(str(why))
                continue
            for member, want in (("close_cause", cause), ("released_by", release)):
                if e.get(member) != want and not (lenient and inferred(e, member)):
                    wrong.append(f"{name}: {part}: {member} is {e.get(member)!r} instead of {want!r}"
                                 f" (detail {e.get('close_detail')!r}, states {e.get('states')},"
                                 f" inferred {e.get('inferred')}, lost {report.run['lost']})")
    if wrong:
        raise Missed("; ".join(wrong))


@fact
def each_cause_is_named_right():
    need_root()
    found, report = follow_all(CAUSES)
    judge(CAUSES, found, report)


@fact
def who_sent_the_reset_met_no_error():
    need_root()
    _, report = follow_all(["linger"])
    sent = [e for e in report.endpoints if e["close_cause"] == "rst-sent"]
    same(len(sent), 1, "endpoints that sent a reset")
    same(sent[0].get("faults", []), [], "errors of the one that reset the connection itself")


@fact
def how_it_was_told_to_linger_stands_in_the_record():
    need_root()
    for backend in ("bpf", "ptrace"):
        _, report = follow_all(["linger"], "--backend", backend, "--calls", own=False)
        told = [e["arguments"] for e in report.events if "SO_LINGER" in e.get("arguments", "")]
        same(len(told), 1, f"{backend}: calls that set SO_LINGER")
        true(told[0].endswith(", SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}"), f"{backend}: {told}")


@fact
def the_child_that_nobody_accepted_is_reported():
    need_root()
    found, report = follow_all(["never-accepted"])
    client = report.endpoint(found["never-accepted"]["client"])
    child = [e for e in report.endpoints if e["close_cause"] == "never-accepted"]
    same(len(child), 1, "endpoints that were never accepted")
    same((child[0]["local"], child[0]["remote"]), (client["remote"], client["local"]), "its addresses")
    true(not child[0].get("ino"), "it has an inode, which it never got")


@fact
def a_passed_socket_has_both_processes_as_owners():
    need_root()
    found, report = follow_all(["passed"])
    client = report.endpoint(found["passed"]["client"])
    true(len({o.split()[0] for o in client["owners"]}) >= 2, f"owners are {client['owners']}")


@fact
def the_states_of_a_simultaneous_close_are_those_of_rfc_9293():
    need_root()
    found, report = follow_all(["simultaneous"])
    for part in ("client", "server"):
        e = report.endpoint(found["simultaneous"][part])
        true("CLOSING" in e["states"], f"{part} went through {e['states']}")


def hooks():
    """The names that --deny-hook takes: sonde lists them when it is given another one."""
    refusal = Result([SONDE, "follow", "--deny-hook", "no-such-hook", "--", "true"])
    same(refusal.code, 2, f"exit code for an unknown hook ({refusal.err.strip()[:300]})")
    names = refusal.err.replace(",", " ").split(":")[-1].split()
    true(len(names) > 3, f"the hooks are not listed: {refusal.err.strip()!r}")
    return [n.strip(".'\"") for n in names if "_" in n]


def deny(names, at_once=1):
    """Each hook denied in turn, or so many at once where the programs do little but wait."""
    need_root()

    def without(hook):
        try:
            found, report = follow_all(names, "--backend", "bpf", "--deny-hook", hook)
            judge(names, found, report, lenient=True)
        except Missed as why:
            return f"without {hook}: {why}"

    with ThreadPoolExecutor(at_once) as pool:
        wrong = [w for w in pool.map(without, hooks()) if w]
    if wrong:
        raise Missed("; ".join(wrong))


@fact
def without_any_one_hook_a_cause_is_right_or_marked_inferred():
    deny([n for n in CAUSES if not n.startswith("timeout")])


@fact
def without_any_one_hook_a_timeout_is_right_or_marked_inferred():
    deny(["timeout", "timeout-data"], at_once=8)


@fact
def ptrace_names_the_same_causes():
    """As root, for those too whose packets are carried by hand."""
    need_root()
    found, report = follow_all(CAUSES, "--backend", "ptrace")
    same(report.run["backend"], "ptrace", "backend")
    order_unseen(report, found)
    judge(CAUSES, found, report)


@fact
def a_reset_that_comes_after_a_timeout_is_not_its_cause():
    """Where ptrace has packets too: the late FIN of the peer is answered by a reset."""
    need_root()
    names = ("timeout-data",)
    found, report = follow_all(names, "--backend", "ptrace", own=False)
    judge(names, found, report)
    server = report.endpoint(found["timeout-data"]["server"])
    true(server["close_cause"] != "rst-received" or "close_cause" in server["inferred"], str(server))


@fact
def ptrace_counts_the_bytes_of_what_exec_closed_and_of_what_was_reset():
    """Without its calls: a FIN is no byte, and a reset does not undo what was sent."""
    need_root()
    found, report = follow_all(["exec", "linger"], "--backend", "ptrace", own=False)
    for name, part, want in (("exec", "client", (8, 5)), ("exec", "server", (5, 8)),
                             ("linger", "client", (5, 0)), ("linger", "server", (0, 5))):
        e = report.endpoint(found[name][part], f"{name}: {part}")
        same((e["bytes_sent"], e["bytes_received"]), want, f"bytes of {name}: {part}, sent and received")


@fact
def ptrace_counts_what_bpf_counts():
    """Without its calls, what the program read: no FIN, nothing that was thrown away unread."""
    need_root()
    for act in ("local-first", "peer-first", "half-close", "linger", "unread", "refused", "exit", "exec", "kill", "passed"):
        told = {}
        for backend in ("bpf", "ptrace"):
            found, report = follow_all([act], "--backend", backend, own=False)
            told[backend] = {part: (e["bytes_sent"], e["bytes_received"], e["close_cause"], e["released_by"],
                                    [s for s in e.get("states") or [] if s != "SYN_RECV"])
                             for part, ino in found[act].items() for e in [report.endpoint(ino, part)]}
        same(told["ptrace"], told["bpf"], act)


@fact
def every_socket_that_a_packet_names_is_reported():
    """A SYN that a full listener let go unanswered has no socket, and yet somebody it was for."""
    need_root()
    found, report = follow_all(["timeout"])
    client = report.endpoint(found["timeout"]["client"])
    told = {e["sid"]: e for e in report.endpoints}
    for p in report.packets:
        for end in ("sid", "sid2", "listener"):
            true(p.get(end) is None or p[end] in told, f"{end} of packet {p['number']} is {p.get(end)}, of which nothing is told")
    to = [e for e in report.endpoints if e["close_cause"] == "never-accepted" and e.get("remote") == client["local"]]
    same([(e.get("states"), e["close_detail"]) for e in to], [(None, "its SYN got no answer")], "whom the SYN was for")


def order_unseen(report, found):
    """Where ptrace could not see whose FIN was first it takes one, and says so in the detail."""
    for name, parts in found.items():
        for part, ino in parts.items():
            e = report.endpoint(ino, f"{name}: {part}")
            want = CAUSES[name].get(part, (None,))[0]
            if e["close_cause"] in ("fin-local", "fin-remote") and str(want).startswith("fin-") and \
                    "order" in (e.get("close_detail") or ""):
                e["close_cause"] = want


@fact
def nobody_gets_the_same_endpoints_and_causes():
    nobody_can_run_it()
    names = [n for n in CAUSES if n not in NEED_ROOT]
    found, report = follow_all(names, own=False, as_nobody=True)
    same(report.run["backend"], "ptrace", "backend")
    true(report.run["blind"], "the run states no blind spot")
    order_unseen(report, found)
    judge(names, found, report)
    rooted, full = follow_all(names, own=False)
    for name in names:
        for part in found[name]:
            less = report.endpoint(found[name][part])
            more = full.endpoint(rooted[name][part])
            for member in ("kind", "role", "family", "type"):
                same(less[member], more[member], f"{name}: {part}: {member}")
