#!/usr/bin/env python3
"""A peer inside TLS that shares no line of code with ductworks: Python's ssl, and so OpenSSL.

    tls_peer.py [--ready FILE] [OPTION...] listen  PORT 'STEP; STEP'
    tls_peer.py [OPTION...]                connect PORT 'STEP; STEP'

It is at 127.0.0.1. With --ready it writes the address tls:127.0.0.1:PORT to FILE once it can be connected to, PORT 0
being one that is free. It accepts one peer, makes the handshake and takes one step after another. It drives TLS over
memory, so that it decides what travels when.

    --cert FILE, --key FILE    what it shows
    --ca FILE                  whom it trusts; a listener demands a certificate then
    --name NAME                what a listener's certificate has to name (127.0.0.1)
    --tls12                    speak TLS 1.2 at most

    send JSON      as a message                     fill N        a payload of N bytes `x`
    recv [N]       print N messages (1)             drain         print messages until the peer says goodbye
    half-close     say goodbye, and read on         wait-eof      fail unless the peer says goodbye now
    close          say goodbye and close            cut           close without a goodbye
    cut-inside     close in the middle of a record  await FILE    wait until FILE exists

A handshake that fails, or an alert, ends it with status 3 and `refused: REASON` on stderr, a stream that the peer
has cut with status 4.
"""

import argparse
import json
import os
import socket
import ssl
import struct
import sys
import time

HEADER = struct.Struct(">cI")
TIMEOUT = 30


class Stream:
    """A TCP connection inside TLS."""

    def __init__(self, sock, context, **role):
        self.sock, self.context = sock, context
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, **role)
        self.drive(self.tls.do_handshake)

    def flush(self):
        self.sock.sendall(self.outgoing.read())

    def drive(self, step, *arguments):
        """Takes a step of TLS, giving it what arrives until it has enough."""
        while True:
            try:
                result = step(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
            except ssl.SSLError:
                self.flush_alert()
                raise
            data = self.sock.recv(1 << 16)
            if data:
                self.incoming.write(data)
            else:
                self.incoming.write_eof()

    def flush_alert(self):
        try:
            self.flush()
        except OSError:
            pass

    def read(self, size):
        """Returns as many bytes, or fewer at the peer's goodbye."""
        data = bytearray()
        while len(data) < size:
            try:
                piece = self.drive(self.tls.read, size - len(data))
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                break
            data += piece
        return bytes(data)

    def write(self, data):
        self.drive(self.tls.write, data)

    def say_goodbye(self):
        """Sends close_notify, and does not wait for the peer's as unwrap() alone would."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()


class Duct:
    def __init__(self, stream):
        self.stream = stream

    def send(self, payload):
        self.stream.write(HEADER.pack(b"T", len(payload)) + payload)

    def recv(self):
        """Returns a payload, or None at the peer's goodbye."""
        header = self.stream.read(HEADER.size)
        if not header:
            return None
        magic, size = HEADER.unpack(header)
        if magic != b"T":
            sys.exit("tls_peer: a frame began with %r" % magic)
        payload = self.stream.read(size)
        if len(payload) < size:
            sys.exit("tls_peer: the stream ended inside a payload")
        return payload

    def show(self):
        payload = self.recv()
        if payload is None:
            sys.exit("tls_peer: the stream ended where a message was due")
        print(json.dumps(json.loads(payload)), flush=True)

    def drain(self):
        for payload in iter(self.recv, None):
            print(json.dumps(json.loads(payload)), flush=True)

    def expect_eof(self):
        if self.recv() is not None:
            sys.exit("tls_peer: a message came where the end of the stream was due")

    def close(self):
        self.stream.say_goodbye()
        self.stream.sock.close()

    def cut(self, rest=b""):
        self.stream.sock.sendall(rest)
        self.stream.sock.close()


def await_file(name):
    while not os.path.exists(name):
        time.sleep(0.01)


STEPS = {
    "send": lambda duct, text: duct.send(json.dumps(json.loads(text)).encode()),
    "fill": lambda duct, size: duct.send(b"x" * int(size)),
    "recv": lambda duct, count: [duct.show() for _ in range(int(count or 1))],
    "drain": lambda duct, _: duct.drain(),
    "half-close": lambda duct, _: duct.stream.say_goodbye(),
    "wait-eof": lambda duct, _: duct.expect_eof(),
    "close": lambda duct, _: duct.close(),
    "cut": lambda duct, _: duct.cut(),
    "cut-inside": lambda duct, _: duct.cut(b"\x17\x03\x03\x00\x40half"),
    "await": lambda duct, name: await_file(name),
}


def make_context(options):
    listens = options.role == "listen"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listens else ssl.PROTOCOL_TLS_CLIENT)
    if options.tls12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if options.cert:
        context.load_cert_chain(options.cert, options.key)
    if options.ca:
        context.load_verify_locations(options.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def open_duct(options):
    context = make_context(options)
    if options.role == "connect":
        sock = socket.create_connection(("127.0.0.1", options.port), TIMEOUT)
        return Duct(Stream(sock, context, server_hostname=options.name))
    with socket.create_server(("127.0.0.1", options.port)) as listener:
        if options.ready:
            with open(options.ready + ".new", "w") as file:
                print("tls:127.0.0.1:%d" % listener.getsockname()[1], file=file)
            os.rename(options.ready + ".new", options.ready)
        listener.settimeout(TIMEOUT)
        sock, _ = listener.accept()
    sock.settimeout(TIMEOUT)
    return Duct(Stream(sock, context, server_side=True))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("--ready", "--cert", "--key", "--ca"):
        parser.add_argument(name)
    parser.add_argument("--name", default="127.0.0.1")
    parser.add_argument("--tls12", action="store_true")
    parser.add_argument("role", choices=("listen", "connect"))
    parser.add_argument("port", type=int)
    parser.add_argument("steps")
    options = parser.parse_args()
    try:
        duct = open_duct(options)
        for step in filter(None, map(str.strip, options.steps.split(";"))):
            name, _, argument = step.partition(" ")
            STEPS[name](duct, argument.strip())
    except ssl.SSLEOFError:
        print("cut", file=sys.stderr)
        return 4
    except ssl.SSLError as error:
        print("refused: %s" % (error.reason or error), file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
