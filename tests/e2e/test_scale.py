"""Many sockets, and programs that run already."""

import os
import signal
import socket
import subprocess
import sys
import time

import e2e
from e2e import Follow, Report, Running, SONDE, fact, folder, need, need_root, same, stim, true, wait_until

MANY = 2000


def complete(report):
    same(report.run["lost"], 0, "lost events")
    inodes = [e["ino"] for e in report.endpoints if e.get("ino")]
    same(len(inodes), len(set(inodes)), "endpoints, each once")


def churn(*options, own=True, **how):
    run = Follow(stim("churn", *(["-n"] if own else []), "sockets"), *options, **how)
    same(run.code, 0, f"exit code ({run.err.strip()[-300:]})")
    complete(run.report)
    kinds = run.report.kinds()
    for kind, count in run.parts().items():
        same(kinds.get(kind), count, kind)
    return run.report


@fact
def every_short_socket_is_reported_once():
    report = churn()
    causes = {}
    for e in report.endpoints:
        if e["kind"] == "tcp4" and e["role"] != "listener":
            key = (e["role"], e["close_cause"], e["bytes_sent"], e["bytes_received"])
            causes[key] = causes.get(key, 0) + 1
    same(causes, {("client", "fin-local", 1, 0): MANY, ("server", "fin-remote", 0, 1): MANY}, "TCP endpoints")
    same({e["close_cause"] for e in report.endpoints if e["kind"] == "udp4"}, {"closed"}, "how UDP ended")
    true("open" not in {e["close_cause"] for e in report.endpoints}, "some are said to be open")


@fact
def nobody_sees_every_short_socket_too():
    e2e.nobody_can_run_it()
    same(churn(own=False, as_nobody=True).run["backend"], "ptrace", "backend")


def attached(file):
    """Until somebody is followed: what was there is told."""
    wait_until(lambda: os.path.exists(file) and b'"seed"' in open(file, "rb").read(), "a first seed", 20)


def sockets_of(pids):
    """The inodes of all sockets that these processes hold."""
    found = set()
    for pid in pids:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
            except FileNotFoundError:
                continue
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(p) for p in file.read().split()]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def attach(pid, pids, *options):
    """Follows a running program for a while; every socket it holds must be seeded, once."""
    file = os.path.join(folder(), "report.json")
    with Running([SONDE, "follow", "--json", "-o", file, *options, "-p", str(pid)]) as sonde:
        time.sleep(1)
        held = sockets_of(pids)
        true(sonde.process.poll() is None, f"sonde has ended by itself with {sonde.process.poll()}")
        same(sonde.interrupt(), 0, "exit code")
    with open(file, encoding="utf-8") as lines:
        report = Report(lines.read())
    complete(report)
    seeded = {e["ino"] for e in report.endpoints if e["seeded"]}
    missing = held - seeded
    same(len(missing), 0, f"sockets not seeded, of {len(held)}")
    return held, report


class Redis:
    def __enter__(self):
        need("redis-server")
        self.port = free_port()
        here = folder()
        self.running = Running(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                "--dir", here, "--maxclients", "4000", "--logfile", os.path.join(here, "log")])
        wait_until(lambda: answers(self.port), "redis")
        self.clients = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(MANY)]
        # All are accepted once the last one is answered.
        self.clients[-1].sendall(b"PING\r\n")
        self.clients[-1].recv(16)
        return self

    def __exit__(self, *_):
        for c in self.clients:
            c.close()
        self.running.__exit__()


def attach_to_redis(*options):
    with Redis() as redis:
        held, report = attach(redis.running.pid, [redis.running.pid], *options)
        true(len(held) > MANY, f"redis holds only {len(held)} sockets")
        one = next(e for e in report.endpoints if e["ino"] in held and e["kind"] == "tcp4" and e.get("remote"))
        same(one["states"][-1], "ESTABLISHED", "states of a seeded connection")
        same(one["close_cause"], "open", "its end")
        # It goes on unharmed.
        redis.clients[0].sendall(b"PING\r\n")
        same(redis.clients[0].recv(16), b"+PONG\r\n", "answer after sonde has gone")


@fact
def every_socket_of_a_running_redis_is_seeded():
    need_root()
    attach_to_redis()


@fact
def every_socket_of_a_running_redis_is_seeded_by_ptrace():
    need_root()
    attach_to_redis("--backend", "ptrace")


def attach_to_a_listener_with_a_queue(*options):
    """Two wait at a listener of one process, the peer of one has gone already; then the first is
    accepted under our eyes."""
    program = """import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.readline()
accepted = s.accept()
print("accepted", flush=True)
sys.stdin.readline()
"""
    file = os.path.join(folder(), "report.json")
    with Running([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        port = int(server.process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as first, \
                socket.create_connection(("127.0.0.1", port)) as second:
            names = ["%s:%d" % s.getsockname() for s in (first, second)]
            second.shutdown(socket.SHUT_WR)
            with Running([SONDE, "follow", "--json", "-o", file, *options, "-p", str(server.pid)]) as sonde:
                attached(file)
                server.process.stdin.write(b"\n")
                server.process.stdin.flush()
                server.process.stdout.readline()
                same(sonde.interrupt(), 0, "exit code")
    with open(file, encoding="utf-8") as lines:
        report = Report(lines.read())
    complete(report)
    same(len(report.endpoints), 3, "endpoints")
    for name, states in zip(names, (["ESTABLISHED"], ["ESTABLISHED", "CLOSE_WAIT"])):
        found = [e for e in report.endpoints if e.get("remote") == name]
        same(len(found), 1, f"endpoints of {name}")
        same((found[0]["seeded"], found[0]["role"]), (True, "server"), f"what {name} is")
        same(found[0]["states"], states, f"states of {name}")
        same("ino" in found[0] and found[0]["ino"] is not None, name == names[0], f"{name} was accepted")


@fact
def what_waits_at_a_listener_is_seeded():
    need_root()
    attach_to_a_listener_with_a_queue()


@fact
def what_waits_at_a_listener_is_seeded_by_ptrace():
    need_root()
    attach_to_a_listener_with_a_queue("--backend", "ptrace")


@fact
def who_follows_its_own_maker_does_not_follow_itself():
    need_root()
    for backend in ("bpf", "ptrace"):
        file = os.path.join(folder(), "report.json")
        follow = f"{SONDE} follow --backend {backend} --json -o {file} -p $$ & sonde=$!; read line; kill $sonde; wait $sonde"
        ours, held = socket.socketpair()
        with ours, held, Running(["sh", "-c", follow], stdin=held) as shell:
            wait_until(lambda: os.path.exists(file) and b'"seed"' in open(file, "rb").read(), f"{backend}: a seed")
            ours.sendall(b"\n")
            same(shell.process.wait(20), 0, f"exit code with {backend}")
        with open(file, encoding="utf-8") as lines:
            report = Report(lines.read())
        same({e.get("comm") for e in report.endpoints}, {"sh"}, f"who holds sockets, with {backend}")


@fact
def every_socket_of_a_running_nginx_is_seeded():
    need_root()
    need("nginx")
    here, port = folder(), free_port()
    conf = os.path.join(here, "nginx.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"""daemon off; user root; worker_processes 2; pid {here}/pid; error_log {here}/error.log;
events {{ worker_connections 2000; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{ return 200 "yes"; }} }} }}
""")
    with Running(["nginx", "-c", conf, "-p", here]) as nginx:
        wait_until(lambda: answers(port), "nginx")
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        for c in clients:
            c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            c.recv(1024)
        attach(nginx.pid, [nginx.pid, *children(nginx.pid)])
        for c in clients:
            c.close()
        nginx.process.send_signal(signal.SIGQUIT)
        nginx.process.wait(10)


@fact
def what_happens_after_attaching_is_followed():
    need_root()
    file = os.path.join(folder(), "report.json")
    with Redis() as redis:
        with Running([SONDE, "follow", "--json", "-o", file, "-p", str(redis.running.pid)]) as sonde:
            attached(file)
            with socket.create_connection(("127.0.0.1", redis.port)) as new:
                name = "%s:%d" % new.getsockname()
                new.sendall(b"PING\r\n")
                new.recv(16)
            time.sleep(0.3)
            sonde.interrupt()
    with open(file, encoding="utf-8") as lines:
        report = Report(lines.read())
    found = [e for e in report.endpoints if e.get("remote") == name]
    same(len(found), 1, "endpoints of the new connection")
    same((found[0]["seeded"], found[0]["bytes_received"], found[0]["bytes_sent"]), (False, 6, 7), "what it did")
    same(found[0]["close_cause"], "fin-remote", "how it ended")
