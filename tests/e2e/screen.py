"""A terminal that tmux keeps: what somebody who sits there sees."""

import os
import subprocess

from e2e import Missed, folder, need, need_root, own_netns, true, wait_until


class Screen:
    """A window of tmux, by a server of its own in a namespace of its own; it stays when the command ends."""
    patience = 15

    def __init__(self, command, columns=100, lines=20, before="true"):
        need_root()
        need("tmux")
        self.at = os.path.join(folder(), "tmux")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", lines,
                  f"{before}; {command}; echo ended $?; exec sleep 1000")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.at, *map(str, words)], capture_output=True, text=True, timeout=20,
                              env=dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm"), preexec_fn=own_netns, check=False)
        true(not done.returncode, f"tmux {words}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def rows(self, *how):
        return self.tmux("capture-pane", "-p", *how).rstrip("\n").split("\n")

    def wait(self, condition, what):
        """The rows of which the condition holds; where there are none, the last ones are told."""
        seen = []

        def look():
            seen[:] = self.rows()
            return condition(seen)
        try:
            wait_until(look, what, self.patience)
        except Missed as why:
            raise Missed(f"{why}: " + "\n".join(seen))
        return list(seen)
