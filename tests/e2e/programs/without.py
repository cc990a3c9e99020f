"""without.py FAMILY PROTOCOL COMMAND...: the command, on a kernel that has no such sockets.

seccomp(2) stands in for a kernel that was built without: socket(2) fails as it would there.
PROTOCOL -1: whatever it is.
"""

import ctypes
import errno
import os
import struct
import sys

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
NUMBER, ARGUMENTS = 0, 16  # of struct seccomp_data
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
SOCKET = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2

family, protocol = int(sys.argv[1]), int(sys.argv[2])
asked = [(NUMBER, SOCKET), (ARGUMENTS, family)] + ([(ARGUMENTS + 16, protocol)] if protocol >= 0 else [])
code = []
for n, (at, value) in enumerate(asked):
    code += [(LOAD, 0, 0, at), (EQUAL, 0, 2 * (len(asked) - n) - 1, value)]
code += [(RETURN, 0, 0, ERRNO | (errno.EPROTONOSUPPORT if protocol >= 0 else errno.EAFNOSUPPORT)), (RETURN, 0, 0, ALLOW)]
filters = b"".join(struct.pack("HBBI", *c) for c in code)
held = ctypes.create_string_buffer(filters)
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(held))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0):
    sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[3], sys.argv[3:])
