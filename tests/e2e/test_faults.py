"""System calls that fail, one at a time, at every place: nobody crashes or hangs, an exit code is one that is documented,
and who says that all went well has lost nothing. SONDE_FAULTS=all: all of them; else every so many."""
import concurrent.futures
import os
import subprocess

from e2e import SONDE, fact, folder, need, need_root, true

EVERY = 1 if os.environ.get("SONDE_FAULTS") == "all" else 23
PATIENCE = 20  # seconds; a machine under load takes its time, a program that hangs does not end at all
ERRORS = ("EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "EPERM", "ENETDOWN", "ENETUNREACH", "EMSGSIZE", "ENOSPC", "EPIPE", "EIO")
CALLS = ("socket", "bind", "sendto", "sendmsg", "sendmmsg", "recvmsg", "recvmmsg", "recvfrom", "ppoll", "poll", "mmap",
         "setsockopt", "getsockopt", "write", "openat", "read", "close", "ioctl", "newfstatat", "getrandom")
# These the loader makes as well, before there is a program, and what it makes of a failure is its own affair.
LOADER = ("mmap", "openat", "read", "close", "newfstatat")


def capture():
    """A file of a few packets."""
    path = os.path.join(folder(), "in.pcapng")
    done = subprocess.run([SONDE, "craft", "--seed", "1", "-w", path, "ip(dst=10.0.0.0/28)/udp(dport={53, 80})/\"hello\""],
                          stdout=subprocess.DEVNULL, check=False)
    true(done.returncode == 0, "no packets to read")
    return path


def commands():
    """(name, words, a file that it writes or None, whether its output is the same each time)"""
    source, there = capture(), folder()
    out = os.path.join(there, "out-{}.pcapng")
    return [
        ("read", ["read", "-t", source], None, True),
        ("read --json", ["read", "--json", source], None, True),
        ("read -w", ["read", source, "-w", out], out, True),
        ("fields", ["fields", "tcp"], None, True),
        ("craft -w", ["craft", "-q", "--seed", "1", "-w", out, "ip(dst=10.0.0.0/28)/tcp(dport=1-9)"], out, False),
        ("craft", ["craft", "--timeout", "0.1", "ip(dst=127.0.0.1)/icmp/icmp_echo(id=1)"], None, False),
        ("ping", ["ping", "-n", "-c", "2", "-i", "0.01", "-W", "0.2", "127.0.0.1"], None, False),
        ("trace", ["trace", "-n", "-q", "1", "-w", "0.2", "127.0.0.1"], None, False),
        ("craft --ports", ["craft", "-n", "--timeout", "0.2", "--ports", "1-9", "127.0.0.1"], None, False),
    ]


def run(words, inject=None):
    program = os.path.join(os.path.dirname(SONDE), f"sonde-{words[0]}")
    argv = [program, *words[1:]]
    if inject:
        argv = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=" + inject, *argv]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=False)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return None, b"", ""


def packets(path):
    """What a file holds, without its times."""
    code, out, _ = run(["read", "-t", path])
    return out if code == 0 else None


def wrong(name, words, file, same, call, error, when, whole):
    """What is wrong with how it bears that failure, or None."""
    place = None
    if file:
        place = file.format(f"{call}-{error}-{when}")
        words = [place if w == file else w for w in words]
    code, out, err = run(words, f"{call}:error={error}:when={when}")
    what = f"{name}, {call} {when} fails with {error}: "
    try:
        if code is None:
            return what + f"it did not end in {PATIENCE} s"
        if code not in (0, 1, 2, 3, 77):
            return what + f"exit code {code}: {err[-300:]}"
        if code in (2, 3, 77) and not err.strip() and error != "EPIPE":  # nobody is there to be told
            return what + f"exit code {code} without a word"
        if code == 0 and place and packets(place) != whole:
            return what + "it says that all is written, and it is not"
        if code == 0 and same and not place and out != whole:
            return what + "it says that all is well, and its output is another one"
        return None
    finally:
        if place and os.path.exists(place):
            os.unlink(place)


def loader(program):
    """How often each of those is called until the program begins."""
    log = os.path.join(folder(), "loader")
    subprocess.run(["strace", "-f", "-qq", "-o", log, os.path.join(os.path.dirname(SONDE), f"sonde-{program}"), "--version"],
                   stdout=subprocess.DEVNULL, check=False)
    with open(log, encoding="utf-8", errors="replace") as file:
        names = [line.split()[1].partition("(")[0] for line in file]
    return {call: names.count(call) for call in LOADER}


def cases():
    n = 0
    for name, words, file, same in commands():
        if file:
            run([file.format("whole") if w == file else w for w in words])
            whole = packets(file.format("whole"))
            true(whole, f"{name}: nothing was written")
        else:
            whole = run(words)[1]
        before = loader(words[0])
        for call in CALLS:
            for error in ERRORS:
                for when in (1, 2, 3, 5, 8):
                    n += 1
                    if n % EVERY == 0:
                        yield name, words, file, same, call, error, when + before.get(call, 0), whole


@fact
def no_failing_system_call_breaks_a_program_or_loses_a_byte():
    need_root()
    need("strace")
    tried, found = 0, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for answer in pool.map(lambda case: wrong(*case), list(cases())):
            tried += 1
            if answer:
                found.append(answer)
    print(f"faults: {tried} system calls failed, {len(found)} were borne badly", flush=True)
    true(not found, "\n".join(found[:12]))
