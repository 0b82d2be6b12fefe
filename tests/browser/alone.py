"""Runs a command where there is no network at all but this machine's own: `unshare -rn python -m tests.browser.alone …`."""

import fcntl
import os
import socket
import struct
import sys

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 0x1


def wake_loopback() -> None:
    """Let 127.0.0.1 work in a network of our own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


if __name__ == "__main__":
    wake_loopback()
    os.execvp(sys.argv[1], sys.argv[1:])
