#!/usr/bin/env python3
"""Writes a table of autonomous systems in MaxMind's format, version 2: a search tree over the bits of
addresses, the data its leaves point to, and what describes both.

    mmdb.py FILE PREFIX KEY=VALUE... [PREFIX KEY=VALUE...]

A value of digits is a number. With a prefix of IPv6, IPv4 lies in ::/96, as usual.
"""

import ipaddress
import sys

STRING, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11


def head(kind, size):
    """The control byte of a value, RFC-less: MaxMind DB File Format Specification, "Output Data Section"."""
    more = b""
    if size >= 29:
        size, more = 29, bytes([size - 29])
    return (bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])) + more


def number(kind, n):
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return head(kind, len(octets)) + octets


def value(v):
    if isinstance(v, dict):
        return head(MAP, len(v)) + b"".join(value(k) + value(x) for k, x in v.items())
    if isinstance(v, list):
        return head(ARRAY, len(v)) + b"".join(map(value, v))
    if isinstance(v, tuple):
        return number(*v)
    if isinstance(v, int):
        return number(UINT32, v)
    text = v.encode() if isinstance(v, str) else v
    return head(STRING, len(text)) + text


def put(node, bits, leaf):
    """Sets the leaf of a prefix; one that lies in a wider one splits it."""
    for bit in bits[:-1]:
        if not isinstance(node[bit], list):
            node[bit] = [node[bit], node[bit]]
        node = node[bit]
    node[bits[-1]] = leaf


def table(entries, kind="Test-ASN"):
    """entries: (prefix, {key: value}). The bytes of the file."""
    nets = sorted(((ipaddress.ip_network(p), v) for p, v in entries), key=lambda e: e[0].prefixlen)
    version = max(net.version for net, _ in nets)
    tree, data = [None, None], b""
    for net, v in nets:
        bits = f"{int(net.network_address):0{net.max_prefixlen}b}"[: net.prefixlen]
        if version == 6 and net.version == 4:
            bits = "0" * 96 + bits
        put(tree, [int(b) for b in bits], len(data))
        data += value(v)
    nodes = [tree]
    for node in nodes:
        nodes += [child for child in node if isinstance(child, list)]
    place = {id(node): i for i, node in enumerate(nodes)}
    record = lambda r: len(nodes) if r is None else place[id(r)] if isinstance(r, list) else len(nodes) + 16 + r
    about = {
        "node_count": len(nodes), "record_size": (UINT16, 24), "ip_version": (UINT16, version),
        "database_type": kind, "languages": [], "binary_format_major_version": (UINT16, 2),
        "binary_format_minor_version": (UINT16, 0), "build_epoch": (UINT64, 1700000000), "description": {},
    }
    return (b"".join(record(r).to_bytes(3, "big") for node in nodes for r in node) + bytes(16) + data
            + b"\xab\xcd\xefMaxMind.com" + value(about))


def main(file, *words):
    entries = []
    for word in words:
        if "=" in word:
            k, v = word.split("=", 1)
            entries[-1][1][k] = int(v) if v.isdigit() else v
        else:
            entries.append((word, {}))
    with open(file, "wb") as f:
        f.write(table(entries))


if __name__ == "__main__":
    main(*sys.argv[1:])
