"""An app that looks for a way back to root, and prints each that it finds."""

import ctypes
import os
import struct
import sys

PTRACE_SEIZE = 0x4206  # attaches without a stop
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
VERSION_3 = 0x20080522
libc = ctypes.CDLL(None, use_errno=True)


def capset():
    return libc.capset(struct.pack("=Ii", VERSION_3, 0), struct.pack("=6I", *[1 << 7, 1 << 7, 0, 0, 0, 0]))


# capset is the last: where it succeeds, it leaves one capability.
WAYS = {
    "ptrace": lambda: libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None),
    "kill": lambda: libc.kill(int(sys.argv[1]), 0),
    "environment": lambda: open(f"/proc/{sys.argv[1]}/environ", "rb").close() or 0,
    "memory": lambda: open(f"/proc/{sys.argv[1]}/mem", "rb").close() or 0,
    "root": lambda: os.open(f"/proc/{sys.argv[1]}/root/", os.O_RDONLY) * 0,
    "setuid": lambda: libc.setuid(0),
    "seteuid": lambda: libc.seteuid(0),
    "setresuid": lambda: libc.setresuid(-1, 0, -1),
    "setgid": lambda: libc.setgid(0),
    "setresgid": lambda: libc.setresgid(-1, 0, -1),
    "setgroups": lambda: libc.setgroups(0, None),
    "securebits": lambda: libc.prctl(PR_SET_SECUREBITS, 0, 0, 0, 0),
    "ambient": lambda: libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 7, 0, 0),
    "capset": capset,
}

for name, way in WAYS.items():
    try:
        if way() == 0:
            print(name)
    except PermissionError:
        pass
print("tried")
