"""What goes wrong is told in one sentence and with the documented exit code; no program is harmed."""

import os
import subprocess
import sys
import time

from e2e import Follow, Report, Result, Running, SONDE, fact, folder, need_root, nobody, nobody_can_run_it, one_of, \
    same, stim, true, wait_until


def sentence(run, code, *words):
    same(run.code, code, f"exit code ({run.err.strip()[-300:]!r})")
    said = [line for line in run.err.splitlines() if line.startswith("sonde")]
    true(said, f"no sentence: {run.err!r}")
    for word in words:
        true(word in run.err, f"{word!r} is not in {run.err!r}")


@fact
def a_command_that_does_not_exist():
    sentence(Result([SONDE, "follow", "--", "/no/such/command"]), 127, "/no/such/command")


@fact
def a_command_that_may_not_be_run():
    sentence(Result([SONDE, "follow", "--", "/etc/passwd"]), 126, "/etc/passwd")


@fact
def a_process_that_is_gone():
    gone = subprocess.Popen(["true"])
    gone.wait()
    sentence(Result([SONDE, "follow", "-p", str(gone.pid)]), 2, str(gone.pid))


@fact
def a_process_that_is_not_ours():
    nobody_can_run_it()
    sentence(Result(nobody([SONDE, "follow", "-p", "1"])), 77, "1")


@fact
def options_that_make_no_sense():
    for options in (["--color=blue", "--", "true"], ["--no-such-option", "--", "true"], ["--backend", "magic", "--", "true"],
                    ["-s", "many", "--", "true"], ["-p", "one"], ["-p", "-5"], []):
        sentence(Result([SONDE, "follow", *options]), 2)


@fact
def a_capability_that_is_missing():
    nobody_can_run_it()
    sentence(Result(nobody([SONDE, "follow", "--backend", "bpf", "--", "true"])), 77)
    sentence(Result(nobody([SONDE, "follow", "-a"])), 77)


def evidence():
    file = os.path.join(folder(), "run.pcapng")
    run = Follow(stim("causes", "unread"), "--save", file)
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    return file


def replay(file):
    return Result([SONDE, "follow", "--from", file, "--json", "-o", "-"])


@fact
def a_file_that_is_no_evidence():
    for content in (b"hello\n" * 100, b"\0" * 4096, b"\xff" * 100):
        file = os.path.join(folder(), "file")
        with open(file, "wb") as out:
            out.write(content)
        sentence(replay(file), 2, file)
    sentence(replay("/no/such/file"), 2, "/no/such/file")
    one_of(replay("/dev/null").code, (2, 3), "exit code for an empty file")


@fact
def a_cut_file_gives_what_is_left():
    file = evidence()
    size = os.path.getsize(file)
    for part in (0.3, 0.6, 0.95):
        os.truncate(file, int(size * part))
        run = replay(file)
        sentence(run, 3, file)
        true(Report(run.out).run, f"no report of the first {part:.0%}")


@fact
def a_damaged_file_gives_what_came_before():
    file, at = evidence(), 0
    with open(file, "r+b") as out:
        # The length of a block that begins behind two thirds of the file.
        while at < os.path.getsize(file) * 2 // 3:
            out.seek(at + 4)
            at += int.from_bytes(out.read(4), sys.byteorder)
        out.seek(at + 4)
        out.write(b"\xff" * 4)
    run = replay(file)
    one_of(run.code, (2, 3), f"exit code ({run.err.strip()})")
    true(Report(run.out).run, "no report")


@fact
def a_file_damaged_anywhere_never_kills_sonde():
    file = evidence()
    with open(file, "rb") as whole:
        content = whole.read()
    for at in range(0, len(content), max(1, len(content) // 60)):
        with open(file, "wb") as out:
            out.write(content[:at] + bytes([content[at] ^ 0xff]) + content[at + 1:])
        one_of(replay(file).code, (0, 2, 3), f"exit code with byte {at} turned")


@fact
def a_full_disk_stops_neither_the_program_nor_the_report():
    need_root()
    small = folder()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", small], check=True)
    try:
        file = os.path.join(small, "run.pcapng")
        run = Follow(stim("churn", "-n", "sockets"), "--save", file)
        true("unix-stream 4000" in run.out, "the program did not end well")
        same(run.report.kinds()["unix-stream"], 4000, "endpoints in the report")
        sentence(run, 3, file, "space")
        one_of(replay(file).code, (0, 3), "exit code of the replay")
    finally:
        subprocess.run(["umount", small], check=True)


@fact
def a_report_that_cannot_be_written():
    sentence(Result([SONDE, "follow", "-o", "/no/such/folder/report", "--", "true"]), 2, "/no/such/folder/report")
    sentence(Result([SONDE, "follow", "--save", "/no/such/folder/run", "--", "true"]), 2, "/no/such/folder/run")
    if os.path.exists("/dev/full"):
        run = Result([SONDE, "follow", "-o", "/dev/full", "--", "sh", "-c", "echo ran"])
        same(run.out, "ran\n", "the program's output")
        sentence(run, 3)


@fact
def a_reader_that_goes_away_harms_nobody():
    done = os.path.join(folder(), "done")
    churn = " ".join(stim("churn", "sockets"))
    run = Result(["sh", "-c", f"{SONDE} follow --calls -o - -- sh -c '{churn} && echo yes >{done}' | head -n 1"])
    same(run.code, 0, "exit code of head")
    wait_until(lambda: os.path.exists(done) and os.path.getsize(done), "the end of the program")


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


@fact
def killing_sonde_leaves_the_program_running():
    need_root()
    done = os.path.join(folder(), "done")
    with Running([SONDE, "follow", "--save", done + ".pcapng", "-o", "/dev/null", "--", "sh", "-c",
                  f"echo up; sleep 1; {' '.join(stim('handles', 'copies'))} && echo yes >{done}"],
                 stdout=subprocess.PIPE) as sonde:
        same(sonde.process.stdout.readline(), b"up\n", "the program's line")
        time.sleep(0.3)  # what is a few milliseconds old is in the file
        sonde.process.kill()
        sonde.process.wait()
        wait_until(lambda: os.path.exists(done) and os.path.getsize(done), "the end of the program")
    one_of(replay(done + ".pcapng").code, (0, 3), "exit code of a replay")


@fact
def killing_sonde_leaves_an_attached_program_running():
    need_root()
    for backend in ("bpf", "ptrace"):
        with Running(["sh", "-c", "while :; do sleep 0.01; done"]) as program:
            with Running([SONDE, "follow", "--backend", backend, "-o", "/dev/null", "-p", str(program.pid)]) as sonde:
                time.sleep(0.5)
                true(sonde.process.poll() is None, f"sonde has ended with {sonde.process.poll()}")
                sonde.process.kill()
                sonde.process.wait()
            time.sleep(0.2)
            true(program.process.poll() is None, f"the program has ended, with {backend}")
            true(state(program.pid) in "RSD", f"the program is left in state {state(program.pid)}, with {backend}")


@fact
def a_program_that_never_rests_does_not_keep_sonde_from_ending():
    need_root()
    for backend in ("bpf", "ptrace"):
        with Running(["yes"]) as program:
            with Running([SONDE, "follow", "--backend", backend, "-o", "/dev/null", "-p", str(program.pid)]) as sonde:
                time.sleep(0.5)
                same(sonde.interrupt(), 0, f"exit code with {backend}")
            true(program.process.poll() is None, f"the program has ended, with {backend}")


@fact
def interrupting_sonde_leaves_an_attached_program_running():
    need_root()
    for backend in ("bpf", "ptrace"):
        with Running(["sh", "-c", "while :; do sleep 0.01; done"]) as program:
            with Running([SONDE, "follow", "--backend", backend, "-o", "/dev/null", "-p", str(program.pid)]) as sonde:
                time.sleep(0.5)
                same(sonde.interrupt(), 0, f"exit code with {backend}")
            time.sleep(0.2)
            true(program.process.poll() is None, f"the program has ended, with {backend}")
            true(state(program.pid) in "RSD", f"the program is left in state {state(program.pid)}, with {backend}")


@fact
def closed_standard_files_stay_closed_to_the_command_and_get_no_report():
    need_root()
    for backend in ("bpf", "ptrace"):
        run = Result(["sh", "-c", 'exec "$0" follow --backend "$1" -- sh -c "[ -e /proc/self/fd/2 ] && exit 5; exit 6" <&- >&- 2>&-',
                      SONDE, backend])
        same(run.code, 6, f"exit code with {backend}")
