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
DATAGRAM = 512
FOUND = 0x8180
NOT_FOUND = 3
TRUNCATED = 0x0200
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

    A name that is not there does not exist; one without an address of the type asked for has none. An answer
    that is too long for a datagram is cut, and whole over TCP. RFC 1035, RFC 7766"""

    def __init__(self, network, address, names):
        self.names = names
        self.asked = []
        self.datagrams = network.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stream = network.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for each in (self.datagrams, self.stream):
            each.bind((address, 53))
        self.stream.listen()

    def __enter__(self):
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self._serve, self._serve_stream)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *reason):
        for each in (self.datagrams, self.stream):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.datagrams.close()
        self.stream.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while query := self.datagrams.recvfrom(DATAGRAM):
                if not query[0]:
                    return  # shut down
                answer = self._answer(query[0])
                if answer is not None:
                    self.datagrams.sendto(answer if len(answer) <= DATAGRAM else cut(answer), query[1])

    def _serve_stream(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.stream.accept()
                with client:
                    answer = self._answer(client.recv(DATAGRAM)[2:])  # behind its length
                    client.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, query):
        name, kind, question = question_of(query)
        self.asked.append(name)
        if self.names is None:
            return None
        addresses = [ipaddress.ip_address(address) for address in self.names.get(name, [])]
        records = [address.packed for address in addresses if TYPES[address.version] == kind]
        flags = FOUND if name in self.names else FOUND | NOT_FOUND
        header = query[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0)
        answers = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(record)) + record for record in records)
        return header + question + answers


def cut(answer):
    """The header alone, which says that the answer is truncated."""
    flags, = struct.unpack_from("!H", answer, 2)
    return answer[:2] + struct.pack("!5H", flags | TRUNCATED, 0, 0, 0, 0)
