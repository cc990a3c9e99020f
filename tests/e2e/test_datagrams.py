"""Datagrams: who lost how many, and who was told."""

from e2e import Follow, Result, SONDE, fact, need_root, same, stim, true


def follow(act, *options):
    need_root()
    run = Follow(stim("datagrams", "-n", act), *options)
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    parts = run.parts()
    return parts, {name: run.report.endpoint(ino, name) for name, ino in parts.items()
                   if name not in ("kept", "lost", "sent")}, run.report


def told_faults(endpoint):
    """The errors that a call of the program returned."""
    return [f for f in endpoint.get("faults") or [] if not f.endswith("untold")]


def overflow(act):
    told, ends, _ = follow(act)
    same(ends["sender"]["bytes_sent"], 20 * 1200, "bytes sent")
    same(ends["receiver"]["bytes_received"], told["kept"] * 1200, "bytes received")
    same(sum((ends["receiver"].get("drops") or {}).values()), told["lost"], "messages that the receiver lost")
    same(told_faults(ends["sender"]), [], "what the sender was told")


@fact
def a_full_receive_buffer_loses_and_tells_nobody_over_ipv4():
    overflow("overflow4")


@fact
def a_full_receive_buffer_loses_and_tells_nobody_over_ipv6():
    overflow("overflow6")


@fact
def the_report_says_in_words_who_lost_how_many():
    need_root()
    run = Result([SONDE, "follow", "--color=never", "--width", "160", "--"] + stim("datagrams", "-n", "overflow4"))
    lost = run.parts()["lost"]
    true(str(lost) in run.err and "buffer" in run.err, f"{lost} lost are not named:\n{run.err}")


@fact
def unix_datagrams_wait_instead():
    told, ends, _ = follow("unix-full")
    same((ends["sender"]["bytes_sent"], ends["receiver"]["bytes_received"]), (told["sent"], told["sent"]), "bytes")
    true(not ends["receiver"].get("drops"), "something was dropped")


@fact
def a_connected_sender_hears_of_a_refused_port():
    _, ends, _ = follow("refused-connected")
    true(any("ECONNREFUSED" in f and "recv" in f for f in told_faults(ends["sender"])), f"faults: {ends['sender'].get('faults')}")


@fact
def an_unconnected_sender_hears_nothing():
    _, ends, report = follow("refused-unconnected")
    same(told_faults(ends["sender"]), [], "what it was told")
    same(ends["sender"]["bytes_sent"], 24, "bytes sent")
    same(ends["sender"]["icmp"], 3, "ICMP errors that quote it")
    same(len([p for p in report.packets if p["protocol"] == 1]), 3, "ICMP errors among the packets")


@fact
def a_message_longer_than_the_buffer_is_seen_as_cut():
    _, ends, _ = follow("truncated")
    same(ends["receiver"]["truncated"], 1, "messages cut over UDP")
    same(ends["unix-dgram"]["truncated"], 1, "over Unix datagrams")
    same(ends["unix-seqpacket"]["truncated"], 1, "over Unix seqpacket")
    _, ends, _ = follow("truncated-msg")
    same(ends["receiver"]["truncated"], 1, "messages cut in recvmsg")


@fact
def connect_and_disconnect_of_a_datagram_socket_are_states():
    _, ends, _ = follow("disconnect")
    states = ends["sender"]["states"]
    true("CONNECTED" in states and "DISCONNECTED" in states, f"states {states}")
    same(ends["sender"]["calls"]["connect"], 2, "calls of connect")


@fact
def a_message_to_a_group_is_tied_to_its_receiver():
    for act, group in (("multicast", "233.252.0.1"), ("broadcast", "127.255.255.255")):
        _, ends, report = follow(act)
        same((ends["sender"]["bytes_sent"], ends["receiver"]["bytes_received"]), (6, 6), act)
        true(any(group in str(p) for p in report.packets), f"no packet to {group}")
        flow = [c for c in report.of("connection") if group in c["to"]]
        same([(f.get("server"), f.get("read")) for f in flow], [(ends["receiver"]["sid"], 1)], f"{act}: who read")
