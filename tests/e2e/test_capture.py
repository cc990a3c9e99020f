"""sonde capture, in namespaces and on cables that the tests make: nothing lost, nothing made up, and
whatever ends it, a file that can be read."""

import array
import fcntl
import glob
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time

from e2e import Missed, Result, SONDE, fact, folder, need, need_root, nobody, nobody_can_run_it, one_of, own_netns, \
    same, skip, true, wait_until

PORT = 4477
NOT_READY, VALID, SEGMENTED = 1 << 9, 1 << 10, 1 << 11  # epb_flags
IN, OUT = 1, 2


class Namespace:
    """A network namespace with its loopback up, as long as a process of ours sleeps in it."""

    def __init__(self):
        need_root()
        need("nsenter")
        self.sleeper = subprocess.Popen(["sleep", "1000"], preexec_fn=own_netns)
        self.path = f"/proc/{self.sleeper.pid}/ns/net"

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.sleeper.kill()
        self.sleeper.wait()

    def inside(self, argv):
        return ["nsenter", f"--net={self.path}", "--", *map(str, argv)]

    def run(self, *argv):
        done = subprocess.run(self.inside(argv), capture_output=True, text=True, timeout=30)
        true(not done.returncode, f"{' '.join(map(str, argv))}: {done.stderr}")
        return done.stdout

    def call(self, function):
        """function() with the sockets it makes inside."""
        here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(self.path, os.O_RDONLY)
        try:
            setns(there)
            return function()
        finally:
            setns(here)
            os.close(here)
            os.close(there)

    def socket(self, kind=socket.SOCK_DGRAM):
        return self.call(lambda: socket.socket(socket.AF_INET, kind))


def setns(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
        raise OSError("setns")


class Cable:
    """Two namespaces and a cable between them: veth0 in each, 10.77.0.1 and 10.77.0.2."""

    def __init__(self):
        self.near, self.far = Namespace(), Namespace()
        self.near.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns",
                      self.far.sleeper.pid)
        for space, address in ((self.near, "10.77.0.1/24"), (self.far, "10.77.0.2/24")):
            space.run("sysctl", "-qw", "net.ipv6.conf.veth0.disable_ipv6=1")
            space.run("ip", "address", "add", address, "dev", "veth0")
            space.run("ip", "link", "set", "veth0", "up")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.near.__exit__()
        self.far.__exit__()

    def offload(self, *commands):
        """ETHTOOL_S... to off, on both ends."""
        def put():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                for command in commands:
                    value = array.array("B", struct.pack("II", command, 0))
                    fcntl.ioctl(s, 0x8946, struct.pack("16sP16x", b"veth0", value.buffer_info()[0]))
        self.near.call(put)
        self.far.call(put)


class Capture:
    """sonde capture in a namespace, from when its ring is open."""

    def __init__(self, space, *options, argv=(), stdout=subprocess.PIPE):
        self.told = os.path.join(folder(), "told")
        words = [*argv, SONDE, "capture", *map(str, options)]
        with open(self.told, "w", encoding="utf-8") as told:
            self.process = subprocess.Popen(space.inside(words) if space else words, stdout=stdout, stderr=told,
                                            text=stdout == subprocess.PIPE)
        try:
            wait_until(lambda: "snaplen" in self.said() or self.process.poll() is not None, "the ring is open", 10)
        except Missed:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def said(self):
        with open(self.told, encoding="utf-8", errors="backslashreplace") as told:
            return told.read()

    def end(self, code=0, how=signal.SIGTERM):
        """Ends it and returns what it printed."""
        if how:
            self.process.send_signal(how)
        out = self.process.communicate(timeout=20)[0]
        same(self.process.returncode, code, f"exit code ({self.said().strip()[-300:]!r})")
        return out


class File:
    """A pcapng file, read by nothing of ours. .frames are (interface, ns, bytes, wire length, options)."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.frames, self.interfaces, self.statistics, self.processes = [], [], {}, []
        at = 0
        while at < len(data):
            true(len(data) - at >= 12, f"{path} is cut at byte {at}")
            kind, size = struct.unpack_from("<II", data, at)
            true(size >= 12 and at + size <= len(data), f"{path} is cut inside the block at byte {at}")
            same(struct.unpack_from("<I", data, at + size - 4)[0], size, "the length behind the block")
            self.block(kind, data[at + 8:at + size - 4])
            at += size

    def block(self, kind, body):
        if kind == 1:
            self.interfaces.append(options(body, 8))
        elif kind == 6:
            n, high, low, kept, wire = struct.unpack_from("<IIIII", body)
            self.frames.append((n, high << 32 | low, body[20:20 + kept], wire, options(body, 20 + (kept + 3) // 4 * 4)))
        elif kind == 5:
            self.statistics[struct.unpack_from("<I", body)[0]] = options(body, 12)
        elif kind == 0xbad:
            self.processes.append((struct.unpack_from("<I", body, 12)[0], options(body, 16)))

    def numbers(self):
        """What the tests' datagrams say."""
        return [int(payload(frame[2])) for frame in self.frames]


def options(body, at):
    found = {}
    while at + 4 <= len(body):
        code, size = struct.unpack_from("<HH", body, at)
        if not code:
            break
        found.setdefault(code, []).append(body[at + 4:at + 4 + size])
        at += 4 + (size + 3) // 4 * 4
    return found


def flags(frame):
    return struct.unpack("<I", frame[4].get(2, [b"\0\0\0\0"])[0])[0]


def dropped(frame):
    return struct.unpack("<Q", frame[4].get(4, [b"\0" * 8])[0])[0]


def payload(frame, head=14 + 28):
    return frame[head:].rstrip(b"\0")


def tasks(frame):
    return [struct.unpack("<II", task)[0] for task in frame[4].get(8, [])]


def send(space, count, to="127.0.0.1", first=0, pause=0.0):
    """Datagrams that say 0, 1, 2 ..."""
    with space.socket() as s:
        for number in range(first, first + count):
            s.sendto(b"%d" % number, (to, PORT))
            if pause:
                time.sleep(pause)


def listen(space, address=""):
    s = space.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind((address, PORT))
    return s


@fact
def the_loopback_shows_each_packet_once():
    with Namespace() as space, listen(space):
        for interface, head in (("lo", 42), ("any", 48)):
            path = os.path.join(folder(), "f.pcapng")
            with Capture(space, "-i", interface, "-w", path, "udp") as capture:
                send(space, 5)
                capture.end()
            file = File(path)
            same([payload(f[2], head) for f in file.frames], [b"0", b"1", b"2", b"3", b"4"], interface)
            same({flags(f) & 3 for f in file.frames}, {IN}, "directions")


@fact
def each_packet_tells_its_direction_and_only_the_wanted_ones_come():
    with Cable() as cable, listen(cable.far), listen(cable.near):
        for wanted, expected in (("inout", {b"1", b"2"}), ("in", {b"2"}), ("out", {b"1"})):
            path = os.path.join(folder(), "f.pcapng")
            with Capture(cable.near, "-i", "veth0", "-Q", wanted, "-w", path, "udp") as capture:
                send(cable.near, 1, "10.77.0.2", 1)
                send(cable.far, 1, "10.77.0.1", 2)
                capture.end()
            frames = File(path).frames
            same({payload(f[2]) for f in frames}, expected, wanted)
            for f in frames:
                same(flags(f) & 3, OUT if payload(f[2]) == b"1" else IN, wanted)


@fact
def a_vlan_tag_is_put_back_and_can_be_asked_for():
    """The kernel takes it off before anybody sees the packet."""
    inner = b"\x08\x00" + b"\x45\x00\x00\x1c" + b"\0" * 24
    with Cable() as cable, cable.near.call(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as raw:
        cable.near.call(lambda: raw.bind(("veth0", 0)))
        # libpcap has no words for tags in cooked frames.
        for interface, at, filters in (("veth0", 12, ()), ("veth0", 12, ("vlan", "7")), ("any", 0, ())):
            path = os.path.join(folder(), "f.pcapng")
            with Capture(cable.far, "-i", interface, "-w", path, *filters) as capture:
                for tag in (b"\x81\x00\xe0\x07", b"\x81\x00\x00\x08", b"\x88\xa8\x00\x07"):
                    raw.send(b"\xff" * 6 + b"\2" + b"\0" * 5 + tag + inner)
                capture.end()
            frames = File(path).frames
            tag = 14 if at else 20
            got = [f[2][at:at + 2] + f[2][tag:tag + 2] for f in frames]
            same(got, [b"\x81\x00\xe0\x07", b"\x88\xa8\x00\x07"] if filters else
                 [b"\x81\x00\xe0\x07", b"\x81\x00\x00\x08", b"\x88\xa8\x00\x07"], f"{interface} {filters}")
            for f in frames:
                same(f[2][tag + 2:tag + 2 + len(inner)], inner, "behind the tag")
                same((f[3], f[2][:6]), (len(f[2]), f[2][:6] if not at else b"\xff" * 6), "length, address")


@fact
def interfaces_of_several_namespaces_are_in_one_order():
    with Cable() as cable, listen(cable.far), listen(cable.near):
        path = os.path.join(folder(), "f.pcapng")
        with Capture(None, "-i", f"{cable.near.path}/veth0", "-i", f"{cable.far.path}/veth0", "-w", path,
                     "udp") as capture:
            for number in range(50):
                send(cable.near, 1, "10.77.0.2", number)
                send(cable.far, 1, "10.77.0.1", number)
            capture.end()
        file = File(path)
        same(len(file.frames), 200, "each packet at both ends")
        same([f[1] for f in file.frames], sorted(f[1] for f in file.frames), "order of times")
        same({f[0] for f in file.frames}, {0, 1}, "interfaces")
        same([i[2][0].decode() for i in file.interfaces],
             [f"{cable.near.path}/veth0", f"{cable.far.path}/veth0"], "names")


@fact
def the_snapshot_length_is_cut_in_the_kernel():
    with Namespace() as space, listen(space):
        path = os.path.join(folder(), "f.pcapng")
        with Capture(space, "-i", "lo", "-s", 60, "-w", path, "udp") as capture:
            with space.socket() as s:
                s.sendto(b"x" * 1000, ("127.0.0.1", PORT))
            capture.end()
        frame = File(path).frames[0]
        same((len(frame[2]), frame[3]), (60, 1042), "captured, on the wire")


@fact
def files_turn_by_the_clock_without_a_packet():
    with Namespace() as space:
        where = folder()
        before = time.monotonic()
        with Capture(space, "-i", "lo", "-G", "0.2s", "-w", os.path.join(where, "f.pcapng")) as capture:
            started = time.monotonic()
            time.sleep(1.1)
            first = time.monotonic()
            names = sorted(os.listdir(where))
            last = time.monotonic()
            capture.end()
        done = len([n for n in names if not n.endswith(".part")])
        true((first - started) / 0.2 - 2 < done <= (last - before) / 0.2 + 1,
             f"{done} finished files after {first - started:.1f} s")
        same(len([n for n in names if n.endswith(".part")]), 1, "unfinished files")
        same([n for n in os.listdir(where) if n.endswith(".part")], [], "unfinished at the end")
        for path in glob.glob(where + "/*"):
            same(len(File(path).interfaces), 1, path)


@fact
def files_turn_by_size_and_hold_everything_together():
    with Namespace() as space, listen(space):
        where = folder()
        with Capture(space, "-i", "lo", "-C", "10K", "-w", os.path.join(where, "f.pcapng"), "udp") as capture:
            send(space, 1000)
            capture.end()
        paths = sorted(glob.glob(where + "/*"))
        true(len(paths) > 8, f"{len(paths)} files")
        for path in paths:
            true(os.path.getsize(path) <= 10240, f"{path} has {os.path.getsize(path)} bytes")
        same([n for path in paths for n in File(path).numbers()], list(range(1000)), "packets")


@fact
def only_the_newest_files_stay():
    with Namespace() as space, listen(space):
        where = folder()
        with Capture(space, "-i", "lo", "--file-packets", 10, "-W", 3, "-w", os.path.join(where, "f.pcap.gz"),
                     "udp") as capture:
            send(space, 95)
            capture.end()
        same(sorted(os.listdir(where)), ["f-00008.pcap.gz", "f-00009.pcap.gz", "f-00010.pcap.gz"])
        for number, expected in ((8, 10), (9, 10), (10, 5)):
            run = Result([SONDE, "read", "--count", os.path.join(where, f"f-{number:05}.pcap.gz")])
            same((run.code, run.out.split()[0]), (0, str(expected)), run.err)


@fact
def it_ends_after_as_many_packets_and_as_much_time_as_was_asked():
    with Namespace() as space, listen(space):
        path = os.path.join(folder(), "f.pcapng")
        with Capture(space, "-i", "lo", "-c", 7, "-w", path, "udp") as capture:
            send(space, 20)
            capture.end(how=None)
        same(File(path).numbers(), list(range(7)))
        began = time.monotonic()
        with Capture(space, "-i", "lo", "--duration", "0.5s") as capture:
            capture.end(how=None)
        true(0.4 < time.monotonic() - began < 3, "half a second")


@fact
def it_ends_with_the_packet_that_was_waited_for():
    with Namespace() as space, listen(space):
        path = os.path.join(folder(), "f.pcapng")
        with Capture(space, "-i", "lo", "--until", "udp.length == 10", "-w", path, "udp") as capture:
            send(space, 20)
            capture.end(how=None)
        same(File(path).numbers(), list(range(11)), "10 is the first of two digits")


@fact
def lines_and_records_are_those_of_read():
    with Namespace() as space, listen(space):
        path = os.path.join(folder(), "f.pcapng")
        for options in (("-tt",), ("-v",), ("-X",), ("--json",), ("--csv", "--fields", "frame.time,ip.src")):
            with Capture(space, "-i", "lo", "-c", 3, *options, "udp") as shown, \
                    Capture(space, "-i", "lo", "-c", 3, "-w", path, "udp") as kept:
                send(space, 3)
                out = shown.end(how=None)
                kept.end(how=None)
            again = Result([SONDE, "read", *options, path]).out
            # Each capture has times of its own.
            same(*(re.sub(r"[0-9]+:[0-9:.]+Z?|[0-9]+\.[0-9]{6}", "TIME", text) for text in (out, again.replace("\r\n", "\n"))), f"{options}")


@fact
def fragments_and_messages_are_put_together_as_in_read():
    with Namespace() as space:
        sink = listen(space, "127.0.0.1")
        sender = space.socket()
        space.run("ip", "link", "set", "lo", "mtu", "1500")
        with Capture(space, "-i", "lo", "-t", "-c", "3", "udp or ip[6:2] & 0x1fff != 0") as capture:
            sender.sendto(b"x" * 4000, sink.getsockname())
            out = capture.end(how=None)
        true("put together from 3 fragments, packets 1 to 3" in out and "length 4000" in out, out)


def interrupts(times):
    """Whatever moment it is ended at: the file is whole, in order, and holds what came before."""
    with Namespace() as space, listen(space), space.socket() as marker:
        code = ("import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nn = 0\n"
                f"while True:\n s.sendto(b'%d' % n, ('127.0.0.1', {PORT}))\n n += 1\n"
                " if n % 20 == 0: time.sleep(0.001)\n")
        sender = subprocess.Popen(space.inside([sys.executable, "-c", code]))
        try:
            for number in range(times):
                path = os.path.join(folder(), "f.pcapng")
                with Capture(space, "-i", "lo", "-w", path, "udp") as capture:
                    time.sleep(random.random() * 0.05)
                    marker.sendto(b"999999999", ("127.0.0.1", PORT))
                    capture.end(how=random.choice((signal.SIGINT, signal.SIGTERM)))
                file = File(path)
                os.unlink(path)
                numbers = file.numbers()
                true(999999999 in numbers, f"time {number}: what was sent before the signal is missing")
                numbers.remove(999999999)
                if numbers:
                    same(numbers, list(range(numbers[0], numbers[0] + len(numbers))), f"time {number}: numbers")
                same(struct.unpack("<Q", file.statistics[0][8][0])[0], len(file.frames), "statistics")
        finally:
            sender.kill()
            sender.wait()


@fact
def whenever_it_is_interrupted_the_file_is_whole():
    interrupts(int(os.environ.get("SONDE_INTERRUPTS", "50")))


@fact
def an_interface_may_go_down_and_come_back_and_be_deleted():
    with Cable() as cable, listen(cable.far):
        path = os.path.join(folder(), "f.pcapng")
        with Capture(cable.near, "-i", "veth0", "-w", path, "udp") as capture:
            send(cable.near, 1, "10.77.0.2", 1)
            cable.near.run("ip", "link", "set", "veth0", "down")
            wait_until(lambda: "went down" in capture.said(), "it was said that it went down")
            cable.near.run("ip", "link", "set", "veth0", "up")
            send(cable.near, 1, "10.77.0.2", 2)
            wait_until(lambda: "is up again" in capture.said(), "it was said that it is up again")
            cable.near.run("ip", "link", "delete", "veth0")
            capture.end(3, how=None)
            true("is gone" in capture.said(), capture.said())
        same(File(path).numbers(), [1, 2])


@fact
def a_full_disk_leaves_a_readable_file():
    with Namespace() as space, listen(space):
        for name in ("f.pcapng", "f.pcap"):
            where = folder()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", where], check=True)
            try:
                with Capture(space, "-i", "lo", "-w", os.path.join(where, name), "udp") as capture:
                    send(space, 3000)
                    capture.end(3, how=None)
                    true("No space left" in capture.said(), capture.said())
                run = Result([SONDE, "read", "--count", os.path.join(where, name)])
                same(run.code, 0, run.err)
                true(400 < int(run.out.split()[0]) < 3000, f"{run.out} packets fitted")
                if name.endswith("ng"):
                    numbers = File(os.path.join(where, name)).numbers()
                    same(numbers, list(range(len(numbers))), "numbers")
            finally:
                subprocess.run(["umount", where], check=True)


def transfer(cable):
    """A megabyte by TCP from near to far; the frames as near sent them and as far got them."""
    paths = [os.path.join(folder(), "f.pcapng") for _ in range(2)]
    server = cable.far.socket(socket.SOCK_STREAM)
    with server, cable.near.socket(socket.SOCK_STREAM) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", PORT))
        server.listen()
        with Capture(cable.near, "-i", "veth0", "-Q", "out", "-w", paths[0], "tcp") as near, \
                Capture(cable.far, "-i", "veth0", "-Q", "in", "-w", paths[1], "tcp") as far:
            client.connect(("10.77.0.2", PORT))
            peer = server.accept()[0]
            pid = os.fork()
            if not pid:
                client.sendall(b"x" * 1_000_000)
                os._exit(0)
            left = 1_000_000
            while left:
                left -= len(peer.recv(65536))
            os.waitpid(pid, 0)
            peer.close()
            near.end()
            far.end()
    return [File(path).frames for path in paths]


@fact
def the_kernels_verdicts_are_in_the_file():
    with Cable() as cable:
        sent, got = transfer(cable)
        same({flags(f) & NOT_READY for f in sent}, {NOT_READY}, "sent, checksums offloaded")
        same({flags(f) & NOT_READY for f in got}, {NOT_READY}, "received, never filled in")
        large = [f for f in sent if f[3] > 1514]
        true(large, "no super-packet with segmentation offloaded")
        same({flags(f) & SEGMENTED for f in large}, {SEGMENTED}, "super-packets")
        same({flags(f) & SEGMENTED for f in sent if f[3] < 1400}, {0}, "small ones")
        cable.offload(0x1f, 0x17, 0x24, 0x2c)  # TSO, transmit checksums, GSO, GRO
        sent, got = transfer(cable)
        same({flags(f) & (NOT_READY | SEGMENTED) for f in sent}, {0}, "sent, nothing offloaded")
        same({flags(f) & (NOT_READY | SEGMENTED) for f in got}, {0}, "received, nothing offloaded")
        true(max(f[3] for f in sent) <= 1514, "a frame larger than the wire's")


@fact
def a_checksum_that_is_not_filled_in_is_not_called_wrong():
    with Namespace() as space, listen(space):
        for options, said in ((("-v",), "not filled in yet"), (("--json",), '"frame.sums":"not-ready"')):
            with Capture(space, "-i", "lo", "-c", 1, *options, "udp") as capture:
                send(space, 1)
                out = capture.end(how=None)
            true(said in out and "wrong" not in out, out)


@fact
def what_was_lost_is_told_where_it_is_missing():
    with Namespace() as space, listen(space):
        path = os.path.join(folder(), "f.pcapng")
        with Capture(space, "-i", "lo", "-B", "1M", "-s", 200, "-w", path, "udp") as capture:
            send(space, 10)
            time.sleep(0.1)
            capture.process.send_signal(signal.SIGSTOP)
            send(space, 20000, first=10)
            capture.process.send_signal(signal.SIGCONT)
            time.sleep(0.3)
            send(space, 10, first=20010)
            capture.end(3)
            true("lost here" in capture.said(), capture.said())
        file = File(path)
        numbers, gaps = file.numbers(), {int(payload(f[2])): dropped(f) for f in file.frames if dropped(f)}
        true(gaps, "no epb_dropcount")
        missing = {b: b - a - 1 for a, b in zip(numbers, numbers[1:]) if b != a + 1}
        same(gaps, missing, "lost by number")
        same(struct.unpack("<Q", file.statistics[0][7][0])[0], sum(missing.values()), "isb_osdrop")


@fact
def a_reader_that_leaves_early_ends_it():
    with Namespace() as space, listen(space):
        for options in ((), ("-w", "-")):
            with Capture(space, "-i", "lo", *options, "udp") as capture:
                send(space, 3)
                capture.process.stdout.buffer.read(8)
                capture.process.stdout.close()
                capture.process.stdout = None
                wait_until(lambda: send(space, 3) or capture.process.poll() is not None, f"the end of {options}")
                same(capture.process.returncode, 3, f"{options}: {capture.said()[-300:]}")


@fact
def usr1_tells_how_much_was_captured():
    with Namespace() as space, listen(space):
        with Capture(space, "-i", "lo", "udp") as capture:
            send(space, 3)

            def told():
                capture.process.send_signal(signal.SIGUSR1)
                return "3 packets captured, 0 lost" in capture.said()

            wait_until(told, "statistics")
            out = capture.end()
        same(len(out.splitlines()), 3, "lines")
        true(all(f"127.0.0.1.{PORT}: UDP, length 1" in line for line in out.splitlines()), out)


@fact
def privileges_are_given_up_and_files_turn_still():
    with Namespace() as space:
        where = folder()
        os.chown(where, 65534, 65534)
        os.chmod(where, 0o755)
        for options, kept in (((), 0), (("-G", "0.1s"), 1 << 1)):  # CAP_DAC_OVERRIDE
            with Capture(space, "-i", "lo", "-w", os.path.join(where, "f.pcapng"), *options) as capture:
                time.sleep(0.35)
                with open(f"/proc/{capture.process.pid}/status", encoding="ascii") as status:
                    words = dict(line.split(":\t", 1) for line in status.read().splitlines())
                for row in ("CapEff", "CapPrm", "CapBnd"):
                    same(int(words[row], 16), kept if row != "CapBnd" else 0, f"{row} with {options}")
                same(words["NoNewPrivs"], "1", "no_new_privs")
                capture.end()
        true(len(os.listdir(where)) >= 3, f"{os.listdir(where)}")


@fact
def without_privilege_the_fix_is_said():
    nobody_can_run_it()
    run = Result(nobody([SONDE, "capture", "-i", "lo"]))
    same(run.code, 77, run.err)
    true(f"setcap cap_net_raw+ep {os.path.dirname(SONDE)}/sonde-capture" in run.err, run.err)


@fact
def mistakes_are_told():
    with Namespace() as space:
        for words, code, said in ((("-i", "none0"), 2, "none0: there is no such interface"),
                                  (("-i", "lo", "tcp", "prt", "80"), 2, "'prt'"),
                                  (("-i", "any", "vlan", "7"), 2, "no VLAN support"),
                                  (("-i", "no-such-space/lo"), 2, "no-such-space"),
                                  (("-i", "lo", "--until", "udp.prt == 1"), 2, "nearest name is udp.port"),
                                  (("-i", "lo", "-i", "any", "-w", "f.pcap"), 2, "differ in link type"),
                                  (("-G", "1s"), 2, "go with -w"),
                                  (("-i", "lo", "-w", "/no/such/folder/f"), 2, "/no/such/folder/f"),
                                  (("-i", "lo", "-j", "device"), 1, "lo: ")):
            run = Result(space.inside([SONDE, "capture", *words]))
            same(run.code, code, f"{words}: {run.err}")
            true(said in run.err, f"{said!r} is not in {run.err!r}")
        true("lo " in Result(space.inside([SONDE, "capture", "-D"])).out, "lo is not listed")


@fact
def libpcap_gives_the_same_packets():
    with Namespace() as space, listen(space):
        paths = [os.path.join(folder(), "f.pcapng") for _ in range(2)]
        with Capture(space, "-i", "lo", "-w", paths[0], "udp") as ring, \
                Capture(space, "-i", "lo", "--backend", "libpcap", "-w", paths[1], "udp") as libpcap:
            send(space, 100)
            ring.end()
            libpcap.end()
        ours, theirs = ([(f[1], f[2], f[3]) for f in File(path).frames] for path in paths)
        same([f[1:] for f in ours], [f[1:] for f in theirs])
        same(len(ours), 100)


CLIENT = """
import os, socket, sys, time
c = socket.socket()
c.connect(("127.0.0.1", %d))
c.send(b"x")
time.sleep(float(sys.argv[1]))
c.close()
""" % PORT


def serve(space, times, seconds):
    """Clients, each with one connection for so long. Their pids."""
    pids = []
    with space.socket(socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", PORT))
        server.listen()
        for _ in range(times):
            client = subprocess.Popen(space.inside([sys.executable, "-c", CLIENT, str(seconds)]))
            peer = server.accept()[0]
            while peer.recv(10):
                pass
            peer.close()
            client.wait(20)
            pids.append(client.pid)
    return pids


@fact
def the_process_of_a_socket_that_lived_five_milliseconds():
    with Namespace() as space:
        path = os.path.join(folder(), "f.pcapng")
        with Capture(space, "-i", "lo", "--process", "-w", path, "tcp") as capture:
            wait_until(lambda: "processes:" in capture.said(), "it was said how")
            if "by the events of sockets" not in capture.said():
                capture.end()
                skip("BPF is not allowed here")
            pids = serve(space, 5, 0.005)
            capture.end()
        file = File(path)
        true(len(file.frames) >= 5 * 6, f"{len(file.frames)} frames")
        clients = []
        for frame in file.frames:
            client, = set(tasks(frame)) - {os.getpid()}
            same(tasks(frame)[0] == client, struct.unpack_from(">H", frame[2], 34)[0] != PORT, "the sender is first")
            clients += [client] if client not in clients else []
        same(clients, pids)
        told = {pid: words for pid, words in file.processes}
        for pid in pids:
            true(told[pid][2][0].startswith(b"python"), f"{told[pid]}")
            true(b"python" in told[pid][3][0], f"{told[pid]}")


@fact
def lines_are_of_the_process_asked_for():
    with Namespace() as space:
        with Capture(space, "-i", "lo", "--process=0", "tcp") as nobodys, \
                Capture(space, "-i", "lo", f"--process={os.getpid()}", "-c", "3", "tcp") as ours:
            for capture in (nobodys, ours):
                wait_until(lambda c=capture: "processes:" in c.said(), "it was said how")
            serve(space, 1, 0.3)
            lines = ours.end(how=None).splitlines()
            same(nobodys.end(), "", "what is of no process")
        same(len(lines), 3, "lines")
        for line in lines:
            true(re.search(r" \(of [^)]*\[%d\]" % os.getpid(), line), line)


@fact
def a_socket_of_one_version_of_ip_has_no_packets_of_the_other():
    code = """if True:
        import socket
        s = socket.socket(); s.bind(("0.0.0.0", 4488)); s.listen()
        t = socket.socket(socket.AF_INET6); t.bind(("::", 4489)); t.listen()
        print(flush=True); input()"""
    with Namespace() as space:
        server = subprocess.Popen(space.inside([sys.executable, "-c", code]), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        server.stdout.readline()
        with Capture(space, "-i", "lo", "--process", "-t", "tcp") as capture:
            wait_until(lambda: "processes:" in capture.said(), "it was said how")
            for family, address, port in ((socket.AF_INET6, "::1", 4488), (socket.AF_INET, "127.0.0.1", 4488),
                                          (socket.AF_INET, "127.0.0.1", 4489)):
                client = space.call(lambda f=family: socket.socket(f))
                client.connect_ex((address, port))
                client.close()
            time.sleep(0.6)
            out = capture.end()
        server.communicate(b"\n", timeout=10)
        for address, owned in (("::1.4488", False), ("127.0.0.1.4488", True), ("127.0.0.1.4489", True)):
            lines = [line for line in out.splitlines() if f" {address} > " in line]
            true(lines, f"nothing from {address} in {out}")
            same(any(f"[{server.pid}]" in line for line in lines), owned, f"{address} is the server's")


@fact
def without_bpf_a_process_is_found_by_asking_and_it_is_said():
    need("setpriv")
    with Namespace() as space:
        path = os.path.join(folder(), "f.pcapng")
        with Capture(space, "-i", "lo", "--process", "-w", path, "tcp",
                     argv=["setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--"]) as capture:
            wait_until(lambda: "by asking" in capture.said(), "it was said how")
            pids = serve(space, 1, 0.6)
            capture.end()
        found = [(tasks(f), f[4].get(1)) for f in File(path).frames if tasks(f)]
        true(found, "no process")
        true(any(pids[0] in pid for pid, _ in found), f"{found} without {pids}")
        same({words[0][:11] for _, words in found if words}, {b"sonde: how="}, "comments")
