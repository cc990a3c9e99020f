"""sonde read: what a capture holds, packet by packet."""

import glob
import json
import os
import struct
import subprocess

from e2e import SONDE, fact, folder, need, same, skip, true


def packet(payload=b"hi", source=1, port=4000):
    """A UDP datagram over Ethernet, its sums left out."""
    udp = struct.pack("!HHHH", port, 53000, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0, bytes([10, 0, 0, source]),
                     bytes([10, 0, 0, 9]))
    return bytes.fromhex("020000000002" "020000000001" "0800") + ip + udp


def capture(name, packets, link=1, head=None):
    """A pcap file of (seconds, microseconds, bytes)."""
    path = os.path.join(folder(), name)
    with open(path, "wb") as f:
        f.write(head or struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
        for seconds, micro, data in packets:
            f.write(struct.pack("<IIII", seconds, micro, len(data), len(data)) + data)
    return path


def three():
    return capture("three.pcap", [(1700000000 + i, 5 * i, packet(port=4000 + i)) for i in range(3)])


def read(*args, stdin=None, env=None):
    ran = subprocess.run([SONDE, "read", *args], stdin=stdin or subprocess.DEVNULL, capture_output=True, timeout=60,
                         env={**os.environ, "TZ": "UTC0", **(env or {})})
    ran.out, ran.err = ran.stdout.decode(), ran.stderr.decode()
    return ran


def sentence(ran, code, *words):
    same(ran.returncode, code, f"exit code ({ran.err.strip()[-300:]!r})")
    same(len(ran.err.splitlines()), 1, f"sentences in {ran.err!r}")
    for word in words:
        true(word in ran.err, f"{word!r} is not in {ran.err!r}")


@fact
def a_packet_is_a_line():
    ran = read(three())
    same(ran.returncode, 0, "exit code")
    same(ran.out.splitlines()[1], "22:13:21.000005 IP 10.0.0.1.4001 > 10.0.0.9.53000: UDP, length 2")
    same(len(ran.out.splitlines()), 3, "lines")


@fact
def times_are_those_of_tcpdump():
    need("tcpdump")
    path = three()
    for form in ("-t", "-tt", "-ttt", "-tttt", "-ttttt"):
        theirs = subprocess.run(["tcpdump", "-nn", form, "-r", path], capture_output=True, timeout=60,
                                env={**os.environ, "TZ": "UTC0"}).stdout.decode()
        same(read(form, path).out, theirs, form)


@fact
def dumps_are_those_of_tcpdump():
    need("tcpdump")
    path = capture("dump.pcap", [(0, 0, packet(b"GET / HTTP/1.0\r\n\tx\x1b\xff\r\r\n")), (0, 0, packet(b"odd"))])
    for form in ("-x", "-xx", "-X", "-XX", "-A", "-AA"):
        theirs = subprocess.run(["tcpdump", "-nn", "-t", form, "-r", path], capture_output=True, timeout=60).stdout
        same(read("-t", form, path).out, theirs.decode(), form)


@fact
def a_pipe_is_read_as_a_file_is():
    with open(three(), "rb") as f:
        same(read("--count", "-", stdin=f).out, "3\n")


@fact
def a_count_ends_the_reading():
    same(read("-c", "2", "--count", three()).out, "2\n")


@fact
def a_cut_file_gives_its_whole_packets():
    path = three()
    os.truncate(path, os.path.getsize(path) - 1)
    ran = read(path)
    same(len(ran.out.splitlines()), 2, "lines")
    sentence(ran, 3, "2 complete packets", "record 3")


@fact
def a_file_that_is_not_there_is_no_filter():
    sentence(read("no-such.pcap"), 2, "no-such.pcap", "No such file")
    sentence(read(three(), "no-such.pcap"), 2, "no-such.pcap", "No such file")


@fact
def what_is_no_capture_is_refused():
    text = os.path.join(folder(), "text")
    with open(text, "w") as f:
        f.write("this is not a capture\n")
    sentence(read(text), 2, "text")
    sentence(read(folder()), 2, "directory")


@fact
def a_reader_that_leaves_early_ends_it_quietly():
    ran = subprocess.run(f"'{SONDE}' read '{capture('many.pcap', [(0, 0, packet())] * 20000)}' | head -n 1",
                         shell=True, capture_output=True, timeout=60)
    same(ran.stderr, b"")
    same(len(ran.stdout.splitlines()), 1, "lines")


@fact
def a_full_disk_is_told():
    with open("/dev/full", "w") as full:
        ran = subprocess.run([SONDE, "read", three()], stdout=full, stderr=subprocess.PIPE, timeout=60)
    same(ran.returncode, 3, "exit code")
    true(b"No space left" in ran.stderr, f"{ran.stderr!r}")


def corpus():
    path = os.environ.get("SONDE_CORPUS", "../shared/corpus")
    files = [f for f in sorted(glob.glob(os.path.join(path, "**"), recursive=True))
             if f.endswith((".pcap", ".pcapng", ".cap", ".ntar"))]
    if not files:
        skip(f"no captures at {path}")
    return files


def once(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"twice the same name: {names}")
    return dict(pairs)


@fact
def json_is_valid_for_every_capture():
    lines = 0
    for path in corpus():
        ran = subprocess.run([SONDE, "read", "--json", path], capture_output=True, timeout=60)
        true(ran.returncode in (0, 2, 3), f"{path}: {ran.returncode} {ran.stderr!r}")
        for line in ran.stdout.splitlines():
            try:
                frame = json.loads(line.decode("utf-8"), object_pairs_hook=once)
            except ValueError as e:
                true(False, f"{path}: {e}: {line[:300]!r}")
            same((frame["record"], frame["v"]), ("frame", 1), path)
            lines += 1
    true(lines > 10000, f"only {lines} lines")


@fact
def json_has_the_members_that_are_documented():
    told = subprocess.run([SONDE, "fields", "--records"], capture_output=True, timeout=60).stdout.decode()
    named = {line.split()[0] for line in told.split("\nframe\n")[1].split("\n\n")[0].splitlines()}
    for path in corpus()[::20]:
        for line in read("--json", path).out.splitlines():
            extra = set(json.loads(line)) - named - {"record", "v"}
            true(not extra, f"{path}: {extra}")
