"""The live table of sonde ping, on a screen that tmux keeps: what somebody who sits there sees."""

import re

from e2e import SONDE, fact, same, true
from screen import Screen

HEAD = re.compile("TARGET ")


class Table(Screen):
    """One with the table of a ping."""

    def __init__(self, *words, **how):
        super().__init__(" ".join([SONDE, "ping", "--color=never", *map(str, words)]), **how)

    def sent(self, rows, target="127.0.0.1"):
        """How many probes the row of a target tells of: the second column."""
        found = [row.split() for row in rows if row.startswith(f"{target} ")]
        return int(found[0][1]) if found and found[0][1].isdigit() else 0

    def after(self, more, target="127.0.0.1"):
        """The rows once so many more probes are told of, which is some drawings later."""
        least = self.sent(self.rows(), target) + more
        return self.wait(lambda rows: self.sent(rows, target) >= least, f"that {least} probes are told of")


def one_table(rows, targets, above=()):
    """Nothing stands there but these lines above, one head, and a row for each target."""
    same(rows[:len(above)], list(above), "lines above")
    table = rows[len(above):]
    true(HEAD.match(table[0]), f"the head is {table[0]!r} in {rows}")
    same([row.split()[0] for row in table[1:]], targets, "rows of the table")


THREE = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


@fact
def a_screen_shows_one_table_that_changes():
    with Table("-i", "0.1", *THREE, before="echo what was there before") as screen:
        for _ in range(3):
            one_table(screen.after(5), THREE, ["what was there before"])


@fact
def a_summary_and_the_end_leave_one_table_below_what_was_told():
    """The terminal echoes ^\\ and ^C where the table begins; none of it stays in there."""
    with Table("-i", "0.1", *THREE) as screen:
        screen.after(3)
        screen.tmux("send-keys", "C-\\")
        told = screen.wait(lambda rows: any("packets" in row for row in rows), "a summary")
        rows = screen.after(5)
        above = [row for row in rows if "packets" in row]
        for target, row in zip(THREE, above):
            true(re.fullmatch(rf"{target}: \d+/\d+ packets, 0% loss, min/avg/max = [\d./]+ ms", row), f"{row!r} in {told}")
        same(len(above), 3, "lines of the summary")
        one_table(rows, THREE, above)
        screen.tmux("send-keys", "C-c")
        rows = screen.wait(lambda rows: rows and rows[-1] == "ended 0", "an end, with code 0")
        one_table(rows[:-1], THREE, above)
        true(screen.sent(rows) >= 8, f"the end does not tell all: {rows}")


@fact
def a_table_keeps_to_a_window_that_is_made_smaller_and_larger():
    """Narrower, there are fewer columns; lower, fewer rows, and how many are missing."""
    with Table("-i", "0.1", *THREE) as screen:
        wide = screen.after(3)
        screen.tmux("resize-window", "-x", 50, "-y", 20)
        rows = screen.wait(lambda rows: rows and HEAD.match(rows[0]) and "SENT" not in rows[0], "fewer columns")
        one_table(rows, THREE)
        screen.tmux("resize-window", "-x", 14, "-y", 20)
        one_table(screen.wait(lambda rows: len(rows) == 4 and rows[0].startswith("TARGET"), "four rows"), THREE)
        screen.tmux("resize-window", "-x", 100, "-y", 4)
        rows = screen.wait(lambda rows: rows and rows[-1] == "and 2 more targets", "two targets that are not shown")
        one_table(rows[:-1], THREE[:1])
        screen.tmux("resize-window", "-x", 100, "-y", 20)
        rows = screen.wait(lambda rows: len(rows) == 4 and rows[0] == wide[0], "all columns again")
        one_table(screen.after(5), THREE)


@fact
def where_not_all_fit_those_that_are_silent_come_first_and_the_end_has_all():
    """In a namespace with a loopback alone 192.0.2.1 has no way; of 31 seven are shown on ten lines."""
    mute = "192.0.2.1"
    with Table("-i", "0.3", "127.0.1.1-127.0.1.30", mute, lines=10) as screen:
        rows = screen.wait(lambda rows: len(rows) == 9 and screen.sent(rows, "127.0.1.1") >= 3, "nine lines")
        one_table(rows[:-1], [mute] + [f"127.0.1.{i}" for i in range(1, 7)])
        same(rows[-1], "and 24 more targets")
        screen.tmux("resize-window", "-x", 100, "-y", 40)
        screen.wait(lambda rows: len(rows) == 32, "all of them")
        screen.tmux("send-keys", "C-c")
        rows = screen.wait(lambda rows: rows and rows[-1] == "ended 1", "an end, with code 1")
        one_table(rows[:-1], [f"127.0.1.{i}" for i in range(1, 31)] + [mute])
