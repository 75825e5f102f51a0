"""A network of a test's own, and name servers in it."""

import contextlib
import ctypes
import ipaddress
import os
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
NOT_FOUND = 3
TYPES = {4: 1, 6: 28}  # A and AAAA


class Network:
    """A network namespace with nothing but loopback. prefix: the words that run a command in it."""

    def __enter__(self):
        words = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"]
        self.holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"up\n"
        self.path = f"/proc/{self.holder.pid}/ns/net"
        self.prefix = ("nsenter", f"--net={self.path}")
        return self

    def __exit__(self, *reason):
        self.holder.communicate()

    def socket(self, *words):
        """A socket of this network; made by a thread, because setns(2) moves the one that calls it."""
        made = []

        def make():
            namespace = os.open(self.path, os.O_RDONLY)
            if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) == 0:
                made.append(socket.socket(*words))
            os.close(namespace)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]


def question_of(query):
    """The name and the type that a query asks for, and the bytes of its question. RFC 1035, 4.1.2"""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind, = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels), kind, query[12:at + 5]


class NameServer:
    """Answers on port 53 of address in network; names: {name: [address ...]}, None: it never answers.

    A name that is not there does not exist; one without an address of the type asked for has none."""

    def __init__(self, network, address, names):
        self.names = names
        self.asked = []
        self.socket = network.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))

    def __enter__(self):
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *reason):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            if not query:
                return
            name, kind, question = question_of(query)
            self.asked.append(name)
            if self.names is not None:
                self.socket.sendto(self._answer(query[:2], name, kind, question), client)

    def _answer(self, number, name, kind, question):
        addresses = [ipaddress.ip_address(address) for address in self.names.get(name, [])]
        records = [address.packed for address in addresses if TYPES[address.version] == kind]
        flags = 0x8180 if name in self.names else 0x8180 | NOT_FOUND
        header = number + struct.pack("!5H", flags, 1, len(records), 0, 0)
        answers = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(record)) + record for record in records)
        return header + question + answers
