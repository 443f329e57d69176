"""The wire and its payloads, in Python alone: what ductworks is held against."""
from __future__ import annotations

import base64
import hashlib
import os
import random
import socket
import ssl
import struct
from pathlib import Path
from typing import Iterable, Iterator

HEADER = struct.Struct(">cI")
PATIENCE = 90  # seconds for any one thing; a machine that is busy with other work is slow
WITHOUT_LF = bytes(11 if byte == 10 else byte for byte in range(256))
# At and around these, buffers end and other ways are taken.
EDGES = (0, 1, 255, 4091, 4096, 65535, 262139, 262144, 1048575, 1048576, 1048577)


class Mismatch(Exception):
    """Something arrived that was not sent, or did not arrive, or nothing ended."""


class Digest:
    """A hash over a sequence of messages that tells where each ends."""

    def __init__(self, messages: Iterable[bytes] = ()) -> None:
        self.count = 0
        self.size = 0
        self.hash = hashlib.sha256()
        for message in messages:
            self.add(message)

    def add(self, message: bytes) -> None:
        self.count += 1
        self.size += len(message)
        self.hash.update(struct.pack(">Q", len(message)) + message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and self.hash.digest() == other.hash.digest()


def size(chance: random.Random) -> int:
    kind = chance.random()
    if kind < 0.80:
        return chance.randrange(200)
    if kind < 0.93:
        return chance.randrange(20_000)
    if kind < 0.98:
        return chance.choice(EDGES)
    return chance.randrange(4 << 20)


def payloads(chance: random.Random, form: str) -> list[bytes]:
    """Messages of mixed sizes, some MiB in all, that the format can hold."""
    if form == "whole":
        return [payload(chance, form)]
    count = chance.choice((1, 10, 100, 1000))
    made: list[bytes] = []
    left = 6 << 20
    while len(made) < count and left > 0:
        made.append(payload(chance, form))
        left -= len(made[-1])
    return made


def payload(chance: random.Random, form: str) -> bytes:
    data = chance.randbytes(size(chance))
    if form == "raw":
        return data.translate(WITHOUT_LF)
    if form in ("json", "text"):
        return b'"' + base64.b64encode(data) + b'"'
    return data


def records(messages: list[bytes], form: str) -> bytes:
    """What stands on stdin or stdout for the messages."""
    write = {
        "json": lambda m: m + b"\n",
        "text": lambda m: m[1:-1] + b"\n",
        "raw": lambda m: m + b"\n",
        "base64": lambda m: base64.b64encode(m) + b"\n",
        "hex": lambda m: m.hex().encode() + b"\n",
        "frame": lambda m: HEADER.pack(b"T", len(m)) + m,
        "whole": lambda m: m,
    }[form]
    return b"".join(map(write, messages))


FORMS = ("json", "text", "raw", "base64", "hex", "frame", "whole")


class Duct:
    """One end of a duct, for one thread."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.seen = Digest()
        sock.settimeout(PATIENCE)

    def send(self, message: bytes) -> None:
        self.sock.sendall(HEADER.pack(b"T", len(message)) + message)

    def read(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            piece = self.sock.recv(min(length - len(data), 1 << 20))
            if not piece:
                break
            data += piece
        return bytes(data)

    def receive(self) -> bytes | None:
        """The next message, or None where the stream ends between two."""
        header = self.read(HEADER.size)
        if not header:
            return None
        if len(header) < HEADER.size:
            raise ConnectionError("torn header")
        magic, length = HEADER.unpack(header)
        if magic != b"T":
            raise Mismatch(f"message {self.seen.count + 1} begins with {magic!r}")
        message = self.read(length)
        if len(message) < length:
            raise ConnectionError("torn payload")
        self.seen.add(message)
        return message

    def messages(self) -> Iterator[bytes]:
        while (message := self.receive()) is not None:
            yield message

    def echo(self) -> None:
        for message in self.messages():
            self.send(message)
        self.end()

    def end(self) -> None:
        """Ends sending. Inside TLS that is close_notify, which does not wait for the other's."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock = self.sock.unwrap()
        else:
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()


class Transport:
    """A way to connect and to be connected to: unix, abstract, tcp or tls."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.listens: list[str] = []  # the flags of a program that does
        self.connects: list[str] = []
        if name == "tls":
            self.listens = ["--tls-ca", self.file("ca"), "--tls-cert", self.file("server"), "--tls-key", self.file("server-key")]
            self.connects = ["--tls-ca", self.file("ca"), "--tls-cert", self.file("client"), "--tls-key", self.file("client-key")]
            self.client = self.context(ssl.PROTOCOL_TLS_CLIENT, "client")
            self.server = self.context(ssl.PROTOCOL_TLS_SERVER, "server")

    def file(self, name: str) -> str:
        return str(self.folder / f"{name}.pem")

    def context(self, role: int, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(role)
        context.load_verify_locations(self.file("ca"))
        context.load_cert_chain(self.file(name), self.file(f"{name}-key"))
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def fresh(self, number: int) -> str:
        """An address to listen at that nobody has used."""
        return {
            "unix": f"unix:{self.folder}/{number}.sock",
            "abstract": f"unix:@soak-{os.getpid()}-{number}",
            "tcp": "tcp:127.0.0.1:0",
            "tls": "tls:127.0.0.1:0",
        }[self.name]

    def connect(self, address: str) -> Duct:
        kind, _, rest = address.partition(":")
        sock = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
        sock.settimeout(PATIENCE)
        try:
            sock.connect(place(kind, rest))
            if kind == "tls":
                sock = self.client.wrap_socket(sock, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
        except OSError:
            sock.close()
            raise
        return Duct(sock)

    def bind(self, number: int) -> tuple[socket.socket, str]:
        """A listening socket and its address."""
        kind, _, rest = self.fresh(number).partition(":")
        listener = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
        listener.settimeout(PATIENCE)
        listener.bind(place(kind, rest))
        listener.listen(1)
        if kind == "unix":
            return listener, f"{kind}:{rest}"
        return listener, "%s:%s:%d" % (kind, *listener.getsockname())

    def accept(self, listener: socket.socket) -> Duct:
        with listener:
            sock, _ = listener.accept()
        sock.settimeout(PATIENCE)
        if self.name == "tls":
            sock = self.server.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)
        return Duct(sock)


def place(kind: str, rest: str):
    if kind == "unix":
        return "\0" + rest[1:] if rest.startswith("@") else rest
    host, _, port = rest.rpartition(":")
    return host, int(port)
