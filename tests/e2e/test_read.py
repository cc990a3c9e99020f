"""sonde read: what a capture holds, packet by packet."""

import glob
import json
import os
import ssl
import socket
import struct
import subprocess
import sys

from e2e import SONDE, fact, folder, need, need_root, same, skip, true


def packet(payload=b"hi", source=1, port=4000):
    """A UDP datagram over Ethernet, its sums left out."""
    udp = struct.pack("!HHHH", port, 53000, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0, bytes([10, 0, 0, source]),
                     bytes([10, 0, 0, 9]))
    total = sum(struct.unpack("!10H", ip))
    ip = ip[:10] + struct.pack("!H", ~(total % 0xffff) & 0xffff) + ip[12:]
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
    for form in ("-t", "-tt", "-ttt", "-tttt", "-ttttt", "-e"):
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
    sentence(ran, 3, "2 complete packets", "record 3", f"at byte {os.path.getsize(path)}")


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


@fact
def an_empty_file_is_told_as_such():
    path = os.path.join(folder(), "empty.pcap")
    open(path, "w").close()
    sentence(read(path), 2, "empty.pcap", "is empty")


@fact
def words_behind_the_files_are_a_filter():
    same(read("--count", three(), "udp", "port", "4001").out, "1\n")
    same(read("--count", three(), "--", "udp port 4001 or udp port 4002").out, "2\n")
    same(read("--count", "-r", three(), "udp", "port", "4001").out, "1\n")


@fact
def dashes_divide_files_from_a_filter_that_has_the_name_of_one():
    path, here = three(), os.getcwd()
    os.chdir(folder())
    try:
        with open("udp", "w") as f:
            f.write("no capture")
        sentence(read("--count", path, "udp"), 2, "udp")
        same(read("--count", path, "--", "udp").out, "3\n")
    finally:
        os.unlink("udp")
        os.chdir(here)


@fact
def a_filter_that_does_not_parse_says_where():
    sentence(read(three(), "udp", "prot", "80"), 2, "'prot' at byte 5")


@fact
def an_expression_chooses_packets():
    same(read("--count", "--match", "udp.srcport > 4000 && frame.number < 3", three()).out, "1\n")


@fact
def an_expression_that_is_not_understood_names_the_nearest():
    sentence(read("--match", "udp.srcprt == 1", three()), 2, "byte 1", "udp.srcport")


@fact
def a_packet_is_explained():
    ran = read("--explain", "2", "--match", "udp.srcport == 4000", three())
    same(ran.returncode, 0, "exit code")
    true("4001" in ran.out and "does not match" in ran.out, ran.out)
    sentence(read("--explain", "9", "--match", "udp", three()), 2, "only 3 packets")


@fact
def csv_has_the_fields_asked_for_and_empty_cells():
    ran = read("--csv", "--fields", "frame.number,ip.src,udp.srcport,tcp.srcport,ip.addr", three())
    same(ran.stdout.splitlines()[:2], [b"frame.number,ip.src,udp.srcport,tcp.srcport,ip.addr",
                                       b"1,10.0.0.1,4000,,10.0.0.1 10.0.0.9"])
    sentence(read("--csv", "--fields", "ip.srk", three()), 2, "ip.srk", "ip.src")
    sentence(read("--csv", three()), 2, "--fields")


@fact
def a_tree_names_what_is_wrong():
    data = bytearray(packet())
    data[24] ^= 1  # the sum of the IP header
    ran = read("-v", capture("wrong.pcap", [(0, 0, bytes(data))]))
    wrong = [line.split()[0] for line in ran.out.splitlines() if line.endswith("wrong")]
    same(wrong, ["ip.checksum"], ran.out)


@fact
def a_tree_can_be_made_of_every_capture():
    for path in corpus()[::5]:
        for form in ("-v", "-XX", "-A"):
            ran = subprocess.run([SONDE, "read", form, path], capture_output=True, timeout=60)
            true(ran.returncode in (0, 2, 3), f"{path} {form}: {ran.returncode} {ran.stderr!r}")
            true(b"\x1b" not in ran.stdout, f"{path} {form}: an escape")


@fact
def several_files_are_one_by_time():
    early = capture("early.pcap", [(10, 0, packet(port=1)), (30, 0, packet(port=3))])
    late = capture("late.pcap", [(20, 0, packet(port=2)), (30, 0, packet(port=4))])
    out = read("-tt", early, late).out
    same([line.split()[2].split(".")[-1] for line in out.splitlines()], ["1", "2", "3", "4"])


@fact
def a_copy_holds_the_packets_chosen():
    need("tcpdump")
    place = folder()
    for name in ("copy.pcapng", "copy.pcap", "copy.pcap.gz"):
        copy = os.path.join(place, name)
        ran = read("-w", copy, three(), "udp port 4001 or udp port 4002")
        same((ran.returncode, ran.out, ran.err), (0, "", ""), name)
        same(read("-tt", copy).out, "".join(read("-tt", three()).out.splitlines(True)[1:]), name)
    ran = read("-w", copy, "--match", "udp.srcport == 4002", three())
    same(read("--count", copy).out, "1\n")
    with open(os.path.join(place, "copy.pcapng"), "rb") as f:
        theirs = subprocess.run(["tcpdump", "-r", "-", "--count"], stdin=f, capture_output=True, timeout=60).stdout
    true(theirs.startswith(b"2 packets"), f"{theirs!r}")


@fact
def a_copy_never_writes_over_what_is_read():
    path = three()
    sentence(read("-w", path, path), 2, "over what is read")
    same(read("--count", path).out, "3\n")


@fact
def a_copy_that_cannot_be_written_is_told():
    many = capture("many.pcap", [(0, 0, packet(bytes(1000)))] * 2000)
    ran = read("-w", "/dev/full", many)
    same(ran.returncode, 3, "exit code")
    true("No space left" in ran.err, ran.err)


@fact
def statistics_are_those_of_the_files():
    told = dict(line.rsplit(None, 1) for line in read("--stats", "--utc", three()).out.splitlines()[:4])
    same((told["packets"], told["bytes"]), ("3", str(3 * len(packet()))))


@fact
def events_of_programs_are_counted_in_a_note():
    evidence = os.path.join(folder(), "run.pcapng")
    subprocess.run([SONDE, "follow", "--save", evidence, "-o", "/dev/null", "--", "true"], timeout=60, check=False)
    ran = read(evidence)
    same(ran.returncode, 0, ran.err)
    true("events of programs" in ran.err, ran.err)
    true("event: " in read("-v", evidence).out, "no line for an event")


def ip4(proto, body, ident=7, flags=0, source=1, to=9, ttl=64):
    """An IPv4 packet over Ethernet."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, flags, ttl, proto, 0, bytes([10, 0, 0, source]),
                     bytes([10, 0, 0, to]))
    total = sum(struct.unpack("!10H", ip))
    ip = ip[:10] + struct.pack("!H", ~(total % 0xffff) & 0xffff) + ip[12:]
    return bytes.fromhex("020000000002" "020000000001" "0800") + ip + body


def segment(seq, ack, flags, body=b"", turned=False):
    ports = (80, 4000) if turned else (4000, 80)
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 1000, 0, 0) + body
    return ip4(6, tcp, source=9 if turned else 1, to=1 if turned else 9)


@fact
def fragments_are_put_together():
    udp = struct.pack("!HHHH", 4000, 53000, 8 + 40, 0) + bytes(40)
    path = capture("fragments.pcap", [(0, 0, ip4(17, udp[:24], flags=0x2000)), (0, 1, ip4(17, udp[24:], flags=3))])
    out = read("-t", path).out.splitlines()
    same(out[-1], "  put together from 2 fragments, packets 1 to 2: "
                  "IP 10.0.0.1.4000 > 10.0.0.9.53000: UDP, length 40")
    whole = json.loads(read("--json", path).out.splitlines()[1])["reassembled"]
    same((whole["first"], whole["last"], whole["pieces"], whole["overlap"], whole["layers"][1]["udp.length"]),
         (1, 2, 2, False, 48))
    same(read("--count", "--match", "udp.length == 48 && frame.number == 2", path).out, "1\n")


def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def padded(data):
    return data + bytes(-len(data) % 4)


def option(code, data):
    return struct.pack("<HH", code, len(data)) + padded(data)


def told(pid, *options):
    """Wireshark's process information."""
    entry = struct.pack("<I", pid) + b"".join(option(*o) for o in options) + option(0, b"")
    return block(0xbad, struct.pack("<III", 32622, 3, len(entry)) + entry)


def remarked(name, *before):
    """A pcapng of one packet with two comments and two processes, and one with neither."""
    path = os.path.join(folder(), name)
    data = packet()

    def frame(*options):
        return block(6, struct.pack("<IIIII", 0, 0, 0, len(data), len(data)) + padded(data) +
                     b"".join(option(*o) for o in options) + option(0, b""))

    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) +
                block(1, struct.pack("<HHI", 1, 0, 0)) + b"".join(before) +
                told(7, (2, b"cu\x1brl"), (3, b"/bin/curl"), (4, b"curl\0-s\0x\0"), (5, struct.pack("<I", 3)),
                     (6, struct.pack("<I", 1000)), (7, b"ann"), (9, struct.pack("<Q", 1700000000 * 10**9))) +
                frame((1, b"one"), (1, b"two"), (8, struct.pack("<II", 7, 8)), (8, struct.pack("<II", 9, 9))) +
                frame())
    return path


@fact
def all_comments_and_processes_of_a_packet_are_told():
    path = remarked("remarks.pcapng")
    first, second = map(json.loads, read("--json", path).out.splitlines())
    same((first["frame.comment"], first["frame.comments"]), ("one", ["one", "two"]))
    same((first["frame.process.pid"], first["frame.process.name"]), (7, "cu\x1brl"))
    same(first["frame.processes"],
         [{"pid": 7, "tid": 8, "name": "cu\x1brl", "path": "/bin/curl", "cmdline": "curl -s x", "ppid": 3,
           "uid": 1000, "user": "ann", "start": "2023-11-14T22:13:20.000000000Z"}, {"pid": 9, "tid": 9}])
    true(not [key for key in second if "comment" in key or "process" in key], f"{second}")
    for text in ('frame.comment == "two"', "frame.process.pid == 9", 'frame.process.path contains "curl"',
                 "frame.process.uid == 1000 && frame.process.tid == 8"):
        same(read("--count", "--match", text, path).out, "1\n", text)
    same(read("--count", "--match", 'frame.process.name == "one"', path).out, "0\n")
    same(read("--csv", "--fields", "frame.process.pid,frame.comment,frame.process.name", path).out.split("\r\n")[1:],
         ["7 9,one two,cu\\x1brl", ",,", ""])
    true("7, 9" in read("--explain", "1", "--match", "frame.process.pid == 9", path).out, "the values explained")
    tree = read("-v", path).out.splitlines()
    same(tree[1:5], ["  comment: one", "  comment: two",
                     "  process: cu\\x1brl[7], thread 8, path /bin/curl, arguments curl -s x, parent 3, uid 1000, "
                     "user ann", "  process: [9]"])


@fact
def packets_are_shown_and_chosen_by_their_process():
    path = remarked("owned.pcapng")
    out = read("-t", "--process", path).out.splitlines()
    same([line.partition(" (of ")[2] for line in out], ["cu\\x1brl[7], [9])", ""])
    for who, count in (("7", 1), ("9", 1), ("cu\x1brl", 1), ("curl", 0), ("8", 0), ("[9]", 0)):
        same(read("--count", f"--process={who}", path).out, f"{count}\n", who)
    copy = os.path.join(folder(), "copy.pcapng")
    same(read(f"--process=9", "-w", copy, path).returncode, 0, "exit code")
    same(read("--count", copy).out, "1\n")
    ran = read("--process", three())
    true("whose" in ran.err and ran.returncode == 0, f"{ran.returncode} {ran.err!r}")


def dns_answer(name, address):
    labels = b"".join(bytes([len(part)]) + part for part in name.split(b".")) + b"\0"
    return (struct.pack("!HHHHHH", 1, 0x8180, 1, 1, 0, 0) + labels + struct.pack("!HH", 1, 1) + b"\xc0\x0c" +
            struct.pack("!HHIH", 1, 1, 60, 4) + bytes(address))


@fact
def names_come_from_the_file_first():
    names = block(4, struct.pack("<HH", 1, 12) + bytes([10, 0, 0, 9]) + b"a.b\x1b >\0" +
                  struct.pack("<HH", 1, 12) + bytes([10, 0, 0, 1]) + b"1.2.3.4\0" + bytes(4))
    path = remarked("names.pcapng", names)
    same(read("-t", "-N", "-c1", path).out, "IP 10.0.0.1.4000 > a.b\\x1b\\x20\\x3e.53000: UDP, length 2\n")
    same(read("-t", "-c1", path).out, "IP 10.0.0.1.4000 > 10.0.0.9.53000: UDP, length 2\n")
    same(read("-t", "-n", "-N", "-c1", path).out, read("-t", "-c1", path).out, "-n with -N")


@fact
def names_are_what_answers_said_and_numbers_until_then():
    answer = packet(dns_answer(b"web.example", (10, 0, 0, 1)), port=53)
    path = capture("answer.pcap", [(0, 0, packet()), (0, 0, answer), (0, 0, packet(port=80))])
    out = read("-t", "-N", path).out.splitlines()
    same(out[0], "IP 10.0.0.1.4000 > 10.0.0.9.53000: UDP, length 2")
    try:  # as this machine's /etc/services has it
        port = socket.getservbyport(53, "udp")
    except OSError:
        port = 53
    true(out[1].startswith(f"IP web.example.{port} > 10.0.0.9.53000: "), out[1])
    true(out[2].startswith("IP web.example."), out[2])
    same(read("-t", "-N", path, "udp", "port", "80").out, out[2] + "\n", "what a filter leaves out says names too")
    same(read("-t", "-N", "--match", "frame.number == 3", path).out, out[2] + "\n", "and what does not match")
    same(json.loads(read("-N", "--json", path).out.splitlines()[2])["layers"][1]["ip.src"], "10.0.0.1", "JSON has numbers")


@fact
def a_quick_line_is_that_of_tcpdump():
    need("tcpdump")
    path = capture("quick.pcap", [(0, 0, packet()), (0, 0, segment(1, 1, 0x18, b"GET")), (0, 0, ip4(2, bytes(8)))])
    for form in (["-q"], ["-q", "-e"]):
        theirs = subprocess.run(["tcpdump", "-nn", "-t", *form, "-r", path], capture_output=True, timeout=60).stdout
        same(read("-t", *form, path).out, theirs.decode(), form)


@fact
def times_inside_packets_are_dates_everywhere():
    sent = struct.pack("!II", 2763234513, 33237777)  # and 0.0077387 s
    ntp = bytes([0x23, 1, 6, 0xec]) + bytes(36) + sent
    path = capture("ntp.pcap", [(0, 0, packet(ntp, port=123))])
    when = "1987-07-25T21:08:33.0077387"
    layer = json.loads(read("--json", path).out)["layers"][3]
    true(layer["ntp.xmt"].startswith(when) and "ntp.org" not in layer, f"{layer}")
    true(read("--csv", "--fields", "ntp.xmt", path).out.split("\r\n")[1].startswith(when), "CSV")
    true(when in read("-v", path).out, "the tree")
    for text, count in (('ntp.xmt > "1987-07-25 21:08:33"', 1), ("ntp.xmt >= 1987-07-26", 0)):
        same(read("--count", "--match", text, path).out, f"{count}\n", text)
    sentence(read("--match", "ntp.xmt > soon", path), 2, "a time such as", "at byte 15")


def talk(conversations):
    """A capture of what was sent over the loopback of a namespace: (port, pieces) each."""
    path = os.path.join(folder(), "talk.pcap")
    code = """if True:
        import socket, subprocess, sys, time
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        path, conversations = sys.argv[1], eval(sys.argv[2])
        dump = subprocess.Popen(["tcpdump", "-Z", "root", "-i", "lo", "-U", "-s", "2048", "-B", "8192", "--immediate-mode", "-w",
                                 path],
                                stderr=subprocess.PIPE)
        dump.stderr.readline()
        for port, pieces in conversations:
            with socket.create_server(("127.0.0.1", port)) as server:
                with socket.create_connection(("127.0.0.1", port)) as far, server.accept()[0] as near:
                    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for piece in pieces:
                        far.send(piece)
                        near.recv(len(piece), socket.MSG_WAITALL)
        until = time.monotonic() + 10
        while b"the end" not in open(path, "rb").read() and time.monotonic() < until:
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"the end", ("127.0.0.1", 9))
            time.sleep(0.05)
        dump.terminate()
        dump.communicate()
    """
    subprocess.run(["unshare", "-n", sys.executable, "-c", code, path, repr(conversations)], timeout=60, check=True)
    return path


def client_hello(name):
    out = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


@fact
def a_message_in_several_segments_is_told_with_the_last():
    need("tcpdump")
    need_root()
    ask = bytes.fromhex("0019 0007 0100 0001 0000 0000 0000") + b"\x07example\0" + bytes.fromhex("0001 0001")
    hello = client_hello("sonde.example")
    path = talk([(53, (ask[:16], ask[16:20], ask[20:])), (443, (hello[:90], hello[90:]))])
    lines = [x for x in read("-t", path, "tcp").out.splitlines() if not x.endswith("length 0")]
    same([x.split(", length ")[1] for x in lines],
         ["16", "4", "7 7+ A? example. (25)", "90", f"{len(hello) - 90}: TLS ClientHello sonde.example"])
    frames = [json.loads(x) for x in read("--json", path, "tcp").out.splitlines()]
    sent = [x["frame.number"] for x in frames if x["layers"][2].get("tcp.flags.push")]
    same([x["frame.message_frames"] for x in frames if "frame.message_frames" in x], [sent[:3], sent[3:]])
    same([x["stop"] for x in frames if x["frame.number"] in sent], ["more", "more", "end", "more", "end"])
    same(read("--csv", "--fields", "frame.number,dns.qry.name", "--match", "tcp.dstport == 53 && dns", path).out,
         f"frame.number,dns.qry.name\r\n{sent[2]},example\r\n")
    tree = read("-v", "--match", "tls", path).out
    true(f"came in packets {sent[3]},{sent[4]}\n" in tree and "  wrong" not in tree.split("tls: ")[1], tree)


@fact
def an_error_names_the_packet_it_is_about():
    asked = ip4(17, struct.pack("!HHHH", 4000, 33434, 8, 0), ident=77)
    error = ip4(1, struct.pack("!BBHI", 3, 3, 0, 0) + asked[14:42], source=9, to=1)
    path = capture("error.pcap", [(0, 0, packet()), (0, 1, asked), (0, 2, error)])
    true(read("--number", path).out.splitlines()[2].endswith(" (about packet 2)"), read("--number", path).out)
    frame = json.loads(read("--json", path).out.splitlines()[2])
    same((frame["frame.cause"], frame["frame.cause.exact"]), (2, True))


@fact
def a_conversation_is_told_in_order_and_once():
    path = capture("stream.pcap", [
        (0, 0, segment(100, 0, 2)), (0, 1, segment(500, 101, 0x12, turned=True)), (0, 2, segment(101, 501, 0x10)),
        (0, 3, segment(104, 501, 0x18, b"lo\n")), (0, 4, segment(101, 501, 0x18, b"hel")),
        (0, 5, segment(104, 501, 0x18, b"lo\n")), (0, 6, segment(501, 107, 0x18, b"ok\x1b[1m\n", turned=True))])
    ran = read("--stream", "0", path)
    same([line for line in ran.out.splitlines() if line and not line.startswith("---")], ["hello", "ok.[1m"] if
         "hello" in ran.out else ["hel", "lo", "ok.[1m"])
    same(ran.out.count("lo\n"), 1, ran.out)
    sentence(read("--stream", "1", path), 2, "conversations here: 1")


@fact
def a_port_carries_what_one_says():
    asked = segment(1, 1, 0x18, b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
    asked = asked[:36] + struct.pack("!H", 8081) + asked[38:]
    path = capture("hint.pcap", [(0, 0, asked)])
    same(read("--count", "--match", "http.request.method == GET", path).out, "0\n")
    hint = ("--decode-as", "tcp.port==8081,http")
    same(read("--count", *hint, "--match", "http.request.method == GET", path).out, "1\n")
    true("GET /x HTTP/1.1" in read(*hint, path).out, read(*hint, path).out)
    sentence(read("--decode-as", "tcp.port=8081,http", path), 2, "--decode-as", "expected")
