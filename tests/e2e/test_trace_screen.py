"""sonde trace --live on a screen that tmux keeps, in the lab of a chain and on the loopback."""

import os
import re
import sys
import time

from e2e import HERE, SONDE, Result, fact, folder, need_root, same, skip, true
from screen import Screen

CHAIN = os.path.join(os.path.dirname(HERE), "lab", "chain.lab")
HEAD = re.compile(r"HOP +HOST +LOSS")
ROUTERS = [f"10.0.{i}.2" for i in range(1, 8)]


class Live(Screen):
    """One on which a trace draws."""
    patience = 20

    def __init__(self, command, term="xterm", locale="C.UTF-8", **how):
        if "ncursesw" not in Result(["ldd", f"{SONDE}-trace"]).out:
            skip("sonde was built without ncursesw")
        super().__init__(f"TERM={term} LC_ALL={locale} {command}", **how)

    def press(self, *keys):
        for key in keys:
            self.tmux("send-keys", key)

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", columns, "-y", lines)

    def until_sent(self, least, hop=7):
        return self.wait(lambda rows: sent(rows, hop) >= least, f"{least} probes of hop {hop}")


def hops(rows):
    """The rows of the table, by their hops: the words behind the hop."""
    found = {}
    for row in rows:
        words = row.split()
        if words and words[0].isdigit():
            found[int(words[0])] = words[1:]
    return found


def sent(rows, hop=7):
    """Where the usual columns are shown, the second."""
    words = hops(rows).get(hop)
    return int(words[2]) if words and len(words) > 2 and words[2].isdigit() else -1


def in_chain(*words):
    return f"{SONDE} lab run {CHAIN} -- {SONDE} trace --live -4 -n -I --interval 0.2 {' '.join(words)} dst"


@fact
def a_live_table_grows_with_every_round():
    with Live(in_chain()) as screen:
        rows = screen.until_sent(3)
        true(rows[0].startswith("dst (10.0.7.2): round ") and HEAD.match(rows[1]), f"{rows}")
        same([hops(rows)[i][0] for i in range(1, 8)], ROUTERS, "who answers")
        same([words[1] for words in hops(rows).values()], ["0%"] * 7, "loss")
        true(rows[-1].startswith("q quit"), f"the last row is {rows[-1]!r}")
        screen.until_sent(sent(rows) + 3)


@fact
def a_pause_stops_it_and_a_space_goes_on():
    with Live(in_chain()) as screen:
        screen.until_sent(2)
        screen.press("p")
        screen.wait(lambda rows: ": paused," in rows[0], "a pause")
        before = sent(screen.rows())
        time.sleep(0.8)  # in which four rounds would have been sent
        screen.press("Down")  # the screen still listens
        screen.wait(lambda rows: chosen(screen) == 2, "another hop")
        same(sent(screen.rows()), before, "probes of hop 7")
        screen.press("Space")
        rows = screen.until_sent(before + 2)
        true("paused" not in rows[0], f"{rows[0]!r}")


def chosen(screen):
    """The hop whose row stands out, by the attribute of its text."""
    for row in screen.rows("-e"):
        found = re.match(r"\x1b\[(?:\d+;)*7m *(\d+) ", row)
        if found:
            return int(found.group(1))
    return None


@fact
def a_reset_makes_every_count_zero():
    with Live(in_chain()) as screen:
        screen.until_sent(3)
        screen.press("p", "r")
        rows = screen.wait(lambda rows: sent(rows) == 0, "no probe")
        same([hops(rows)[i] for i in range(1, 8)], [[who, "-", "0"] + ["-"] * 5 for who in ROUTERS], "rows")
        screen.press("Space")
        screen.until_sent(2)


@fact
def a_window_that_changes_shows_what_it_has_room_for():
    """Narrower, there are fewer columns; lower, the chosen hop is among those that are shown."""
    with Live(in_chain()) as screen:
        screen.until_sent(2)
        screen.resize(44, 20)
        rows = screen.wait(lambda rows: HEAD.match(rows[1]) and "STDEV" not in rows[1], "fewer columns")
        same(len(hops(rows)), 7)
        screen.resize(100, 6)
        rows = screen.wait(lambda rows: len(rows) == 6 and "STDEV" in rows[1] and len(hops(rows)) == 3, "three hops")
        same(sorted(hops(rows)), [1, 2, 3])
        screen.press("End")
        screen.wait(lambda rows: sorted(hops(rows)) == [5, 6, 7], "the last hops")
        screen.resize(100, 3)
        screen.wait(lambda rows: HEAD.match(rows[0]) and sorted(hops(rows)) == [6, 7], "the middle alone")
        screen.resize(10, 2)
        screen.resize(100, 20)
        screen.wait(lambda rows: sorted(hops(rows)) == list(range(1, 8)), "all hops")
        screen.until_sent(sent(screen.rows()) + 2)


@fact
def a_hop_is_chosen_and_told_in_full():
    with Live(in_chain()) as screen:
        screen.until_sent(4)
        screen.press("Down", "Down", "Enter")
        rows = screen.wait(lambda rows: any("3 of 7: answers" in row for row in rows), "hop 3")
        text = "\n".join(rows)
        true(re.search(r"answered by +10\.0\.3\.2: \d+ answers", text), text)
        true(re.search(r"loss +nothing is missing", text), text)
        true(re.search(r"percentiles +P50 [\d.]+, P90 [\d.]+, P99 [\d.]+ ms", text), text)
        screen.press("Escape")
        screen.wait(lambda rows: HEAD.match(rows[1]), "the table again")
        screen.press("o", *"SLP", "Enter")
        screen.wait(lambda rows: rows[1].split() == ["HOP", "HOST", "SENT", "LOSS", "P99", "ms"], "columns that were typed")


@fact
def q_leaves_the_table_behind_where_the_screen_was_before():
    with Live(in_chain(), before="echo what was there before") as screen:
        least = sent(screen.until_sent(3))
        screen.press("q")
        rows = screen.wait(lambda rows: "ended 0" in rows, "an end, with code 0")
        same(rows[:2], ["what was there before", "traceroute to dst (10.0.7.2), 30 hops max, 60 byte packets"])
        true(HEAD.match(rows[2]), f"{rows}")
        true(sent(rows) >= least, f"the table does not tell all: {rows}")


@fact
def an_interrupt_ends_it_like_q():
    with Live(in_chain()) as screen:
        least = sent(screen.until_sent(2))
        screen.press("C-c")
        rows = screen.wait(lambda rows: any(row.startswith("ended") for row in rows), "an end")
        true(HEAD.match(rows[1]) and sent(rows) >= least, f"{rows}")


@fact
def a_run_that_was_kept_is_told_as_it_was_watched():
    """With the pause and the reset in it: the same table, byte for byte."""
    path = os.path.join(folder(), "live.pcapng")
    with Live(in_chain("--save", path)) as screen:
        screen.until_sent(3)
        screen.press("p", "r", "Space", "-")
        screen.until_sent(4)
        screen.press("q")
        rows = screen.wait(lambda rows: "ended 0" in rows, "an end, with code 0")
    told = Result([SONDE, "trace", "-n", "--report", "--width", "100", "--color=never", "--from", path])
    same((told.code, told.err), (0, ""), "telling it again")
    same(told.out.splitlines(), rows[:rows.index("ended 0")], "the table")


def with_file(path, text, command):
    """The command where this file of the machine says something else."""
    instead = os.path.join(folder(), "instead")
    with open(instead, "wb") as file:
        file.write(text)
    return f"unshare --mount --propagation private sh -c 'mount --bind {instead} {path}; {command}'"


@fact
def a_name_is_shown_when_it_arrives_and_nothing_waits_for_it():
    live = f"{SONDE} trace --live -4 -I --interval 0.2 127.0.0.9"
    server = f"{sys.executable} {HERE}/programs/name_server.py & sleep 0.5; {live}; kill $!"
    with Live(with_file("/etc/resolv.conf", b"nameserver 127.0.0.1\n", server)) as screen:
        screen.wait(lambda rows: sent(rows, 1) >= 2 and hops(rows)[1][0] == "127.0.0.9", "two rounds without a name")
        screen.wait(lambda rows: hops(rows)[1][:2] == ["slow.example", "(127.0.0.9)"], "the name")
        screen.press("n")
        screen.wait(lambda rows: hops(rows)[1][0] == "127.0.0.9", "the address alone")
        screen.press("n")
        screen.wait(lambda rows: hops(rows)[1][0] == "slow.example", "the name again")
        screen.press("n", "q")
        rows = screen.wait(lambda rows: any(row.startswith("ended") for row in rows), "an end")
        same(hops(rows)[1][0], "127.0.0.9", "without names at the end, too")


@fact
def a_hostile_name_is_shown_escaped():
    """What would clear the screen and ring the bell; it stays in one row."""
    live = f"{SONDE} trace --live -4 -I --interval 0.2 127.0.0.9"
    with Live(with_file("/etc/hosts", b"127.0.0.9 ev\033[2J\007il.example\n", live), columns=120) as screen:
        rows = screen.wait(lambda rows: sent(rows, 1) < 0 and "il.example" in "\n".join(rows), "a name")
        true(HEAD.match(rows[1]) and rows[2].split()[1:3] == [r"ev\x1b[2J\x07il.example", "(127.0.0.9)"], f"{rows}")
        screen.press("Enter")
        rows = screen.wait(lambda rows: "answered by" in "\n".join(rows), "the hop")
        true(r"ev\x1b[2J\x07il.example (127.0.0.9):" in "\n".join(rows), f"{rows}")


@fact
def a_poor_terminal_shows_the_same_table():
    """Without colours, without UTF-8."""
    for term, locale in (("vt100", "C"), ("xterm-mono", "POSIX"), ("linux", "C.UTF-8")):
        with Live(in_chain(), term=term, locale=locale) as screen:
            rows = screen.until_sent(2)
            same([hops(rows)[i][0] for i in range(1, 8)], ROUTERS, f"on {term}")


@fact
def several_targets_are_shown_one_at_a_time():
    with Live(f"{SONDE} trace --live -n -I --interval 0.2 127.0.0.1 127.0.0.2") as screen:
        screen.wait(lambda rows: rows[0].startswith("127.0.0.1") and "target 1 of 2" in rows[0], "the first")
        screen.press("Tab")
        screen.wait(lambda rows: rows[0].startswith("127.0.0.2") and hops(rows).get(1, [""])[0] == "127.0.0.2", "the second")


@fact
def what_cannot_be_live_is_said():
    need_root()
    for words, why in ((["--live", "127.0.0.1"], "--live takes a terminal; --report writes a table"),
                       (["--live", "--json", "127.0.0.1"], "--live excludes --json, --csv, --report, --paths, --dot and --mtu"),
                       (["--live", "--from", "x"], "--live is for a live run; --report tells one that was kept"),
                       (["-r", "-o", "LSQ", "127.0.0.1"], "-o: there is no column Q"),
                       (["-r", "-o", " ", "127.0.0.1"], "-o takes letters of columns: LSNABWV")):
        told = Result([SONDE, "trace", *words])
        same(told.code, 2, f"code of {words}")
        true(f"sonde trace: {why}\n" in told.err, f"{words}: {told.err!r}")
    with Live(f"{SONDE} trace --live 127.0.0.1", term="nonsense") as screen:
        rows = screen.wait(lambda rows: any(row.startswith("ended") for row in rows), "an end")
        same(rows[0], "sonde trace: the live screen: TERM names no terminal that can be drawn on")
