#!/usr/bin/env python3
"""A name server for one command, in a network namespace that is there already: the command sees it in
its resolv.conf, and only localhost in its hosts file.

    nameserver.py NAMES COMMAND...

NAMES is JSON: {"192.0.2.1": ["r1", "example"], ...}, the labels of the name of each address, a character
a byte. Of an address that is not in it, no name exists; of one with null, nothing is ever answered. What
stands under "hosts" is the hosts file.
"""

import ctypes
import ipaddress
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading


def labels(question):
    at, found = 12, []
    while question[at]:
        found.append(question[at + 1:at + 1 + question[at]].decode())
        at += question[at] + 1
    return found, at + 5


def answer(question, names):
    """RFC 1035 section 4.1; None: stay silent."""
    asked, end = labels(question)
    known = {ipaddress.ip_address(a).reverse_pointer: name for a, name in names.items()}
    key = ".".join(asked).lower()
    name = known.get(key, ())
    if name is None:
        return None
    head = question[:2] + (b"\x81\x80" if name else b"\x81\x83") + b"\0\1\0" + (b"\1" if name else b"\0") + bytes(4)
    data = b"".join(bytes([len(x)]) + x.encode("latin-1") for x in name) + b"\0"
    return head + question[12:end] + (b"\xc0\x0c\0\x0c\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data if name else b"")


def serve(sock, names):
    while True:
        question, peer = sock.recvfrom(2000)
        reply = answer(question, names)
        if reply:
            sock.sendto(reply, peer)


def hide(libc, path, text):
    with tempfile.NamedTemporaryFile("w", delete=False, encoding="latin-1") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    if libc.mount(file.name.encode(), path, None, 0x1000, None):
        raise OSError(ctypes.get_errno(), path)
    os.unlink(file.name)


def main():
    libc, names = ctypes.CDLL(None, use_errno=True), json.loads(sys.argv[1])
    if libc.unshare(0x20000) or libc.mount(None, b"/", None, 0x44000, None):
        raise OSError(ctypes.get_errno(), "a mount namespace")
    hide(libc, b"/etc/resolv.conf", "nameserver 127.0.0.1\n")
    hide(libc, b"/etc/hosts", "127.0.0.1 localhost\n" + names.pop("hosts", ""))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    threading.Thread(target=serve, args=(sock, names), daemon=True).start()
    sys.exit(subprocess.run(sys.argv[2:]).returncode)


main()
