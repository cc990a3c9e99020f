"""Every kind of socket, and every way to connect, send and receive."""

from e2e import Follow, Missed, fact, need_root, nobody_can_run_it, same, skip, stim, true

KINDS = {"raw4": "AF_INET", "raw6": "AF_INET6", "ping4": "AF_INET", "ping6": "AF_INET6", "netlink": "AF_NETLINK",
         "packet": "AF_PACKET", "tcp4": "AF_INET", "tcp6": "AF_INET6", "udp4": "AF_INET", "udp6": "AF_INET6",
         "other": "AF_ALG"}


def kinds(*options, own=True, **how):
    run = Follow(stim("kinds", *(["-n"] if own else []), "all"), *options, **how)
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    wrong = []
    for word, ino in run.parts().items():
        try:
            e = run.report.endpoint(ino, word)
            kind = word if word in KINDS else word.rpartition("-")[0]
            same(e["kind"], kind, f"kind of {word}")
            same(e["family"], KINDS.get(word, "AF_UNIX"), f"family of {word}")
            true(e["calls"], f"no calls of {word}")
            same(e["released_by"], "close", f"released_by of {word}")
            if word.endswith("path"):
                true(e["remote"].startswith("/tmp/kinds-"), f"remote of {word} is {e['remote']!r}")
            if word.endswith("abstract"):
                true(e["remote"].startswith("@kinds-"), f"remote of {word} is {e['remote']!r}")
            if kind in KINDS or kind.startswith("unix"):
                if kind not in ("netlink", "packet", "other") and kind[:3] != "raw" and kind[:4] != "ping":
                    same(e["bytes_sent"], 5, f"bytes_sent of {word}")
                elif kind[:3] == "raw" or kind[:4] == "ping":
                    same(e["bytes_sent"], 8, f"bytes_sent of {word}")
        except Missed as why:
            wrong.append(str(why))
    if wrong:
        raise Missed("; ".join(wrong))
    return run


@fact
def every_kind_is_called_by_its_name():
    need_root()
    run = kinds()
    for word in ("raw4", "raw6", "ping4", "ping6", "packet"):
        true(word in run.parts(), f"{word} could not be tried")


@fact
def ptrace_calls_them_by_the_same_names():
    need_root()
    kinds("--backend", "ptrace", "--calls")


@fact
def nobody_gets_the_same_names():
    nobody_can_run_it()
    kinds("--calls", own=False, as_nobody=True)


WAYS = ("plain", "vectors", "messages", "file", "splice", "peek", "nonblocking", "again", "blocked")


def ways(names, size, *options):
    wrong = []
    for name in names:
        run = Follow(stim("ways", name), *options)
        same(run.code, 0, f"exit code of {name} ({run.err.strip()[-300:]})")
        parts = run.parts()
        for part, member in (("client", "bytes_sent"), ("server", "bytes_received")):
            try:
                same(run.report.endpoint(parts[part], f"{name}: {part}")[member], size, f"{name}: {part}: {member}")
            except Missed as why:
                wrong.append(str(why))
    if wrong:
        raise Missed("; ".join(wrong))


@fact
def bytes_are_counted_whichever_way_they_go():
    ways(WAYS, 10)


@fact
def ptrace_counts_them_too_when_it_sees_all_calls():
    need_root()
    ways(WAYS, 10, "--backend", "ptrace", "--calls")


@fact
def ptrace_counts_a_stream_without_seeing_its_calls():
    need_root()
    ways([w for w in WAYS if w != "messages"], 10, "--backend", "ptrace")


@fact
def a_megabyte_is_a_megabyte():
    ways(["bulk"], 1 << 20)


@fact
def a_connection_in_progress_is_a_connection():
    run = Follow(stim("ways", "nonblocking"))
    parts = run.parts()
    client, server = (run.report.endpoint(parts[p], p) for p in ("client", "server"))
    same((client["peer"], server["peer"]), (server["sid"], client["sid"]), "peers")
    same(client["role"], "client", "role")
    if run.report.run["backend"] != "bpf":
        skip("ptrace does not see the reads that would have to wait")
    same(server["call_again"], 1, "reads that would have to wait")


@fact
def a_second_attempt_with_the_same_socket_is_the_same_endpoint():
    run = Follow(stim("ways", "again"))
    client = run.report.endpoint(run.parts()["client"], "client")
    same(client["calls"]["connect"], 2, "calls of connect")
    same(client["close_cause"], "fin-local", "how it ended")
    true(any("ECONNREFUSED" in f for f in client["faults"] or []), f"faults {client['faults']}")
