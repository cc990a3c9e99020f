"""What happens to a descriptor between its making and its end."""

from e2e import Follow, fact, need_root, nobody_can_run_it, same, stim, true


def judge(**how):
    for act in ("copies", "replaced", "range", "inherited", "threads"):
        run = Follow(stim("handles", act), **how)
        same(run.code, 0, f"exit code of {act} ({run.err.strip()[-300:]})")
        parts = run.parts()
        one, two = (run.report.endpoint(parts[name], f"{act}: {name}") for name in ("one", "two"))
        same((one["peer"], two["peer"]), (two["sid"], one["sid"]), f"{act}: peers")
        same((one["released_by"], two["released_by"]),
             ("exit" if act == "inherited" else "close", "close"), f"{act}: released_by")
        if act in ("copies", "inherited", "threads"):
            true(one["closed_ns"] < two["closed_ns"], f"{act}: one was closed after two")
        same(run.report.kinds(), {"unix-stream": 2}, f"{act}: endpoints")


@fact
def the_last_copy_is_the_end():
    need_root()
    judge()


@fact
def the_last_copy_is_the_end_for_nobody_too():
    nobody_can_run_it()
    judge(as_nobody=True)
