#!/usr/bin/env python3
"""A peer that speaks the wire of ductworks without sharing a line of its code.

    peer.py [--ready FILE] listen  ADDRESS BEHAVIOUR
    peer.py [--ready FILE] connect ADDRESS BEHAVIOUR
    peer.py spawn BEHAVIOUR -- CMD [ARG...]     (CMD inherits its end as $DUCTWORKS_FD)

It keeps to what the Python library does: the parent (`listen`) binds a Unix or an IPv4 TCP socket, accepts one
peer, closes and unlinks; the child (`connect`) tries again for a while; a frame is 0x54, a big-endian 32-bit length
and the payload, by default what json.dumps writes; every socket call times out after 30 seconds.

Behaviours:

    echo                      every message back as it came, until the end of the stream or a `null`
    send [--raw] FILE|-       each line as a message: a JSON document by json.dumps, or (--raw) the line's bytes
    recv [--raw|--hex]        prints each message: by json.loads and json.dumps, as bytes, or as hex digits
    script 'STEP; STEP; ...'  one of these after another, then close:

        send JSON      raw TEXT      fill N (a payload of N bytes `x`)      bytes HEX (on the wire as they are)
        split N        from now on, write in pieces of N bytes
        recv [N]       print N messages (1)         drain     print messages until the end of the stream
        recv-size      print how large the next message is
        dump           print as hex all bytes that come until the end of the stream
        wait-eof       fail unless the stream ends now      wait-data   until something can be read
        quiet SECONDS  fail if within so long anything can be read, be it the end
        half-close     close         reset (RST on TCP; on a Unix socket, close with unread data)
        kill           die by SIGKILL               urgent    send one byte out of band
        mark FILE      create FILE                  await FILE    wait until FILE exists
        sleep SECONDS
"""

import json
import os
import select
import signal
import socket
import struct
import sys
import time

HEADER = struct.Struct(">cI")
TIMEOUT = 30


class Duct:
    """One end of the wire. Whoever makes it closes it."""

    def __init__(self, sock):
        self.sock = sock
        self.piece = 0
        sock.settimeout(TIMEOUT)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data):
        if not self.piece:
            return self.sock.sendall(data)
        for start in range(0, len(data), self.piece):
            self.sock.sendall(data[start:start + self.piece])

    def send(self, payload):
        self.write(HEADER.pack(b"T", len(payload)) + payload)

    def read(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.sock.recv(min(size - len(data), 1 << 20))
            if not piece:
                break
            data += piece
        return bytes(data)

    def recv(self):
        """Returns a payload, or None where the stream ends between two frames."""
        header = self.read(HEADER.size)
        if not header:
            return None
        if len(header) < HEADER.size:
            sys.exit("peer: the stream ended inside a header")
        magic, size = HEADER.unpack(header)
        if magic != b"T":
            sys.exit("peer: a frame began with %r" % magic)
        payload = self.read(size)
        if len(payload) < size:
            sys.exit("peer: the stream ended inside a payload")
        return payload

    def messages(self):
        return iter(self.recv, None)

    def reset(self):
        if self.sock.family == socket.AF_UNIX:
            select.select([self.sock], [], [], TIMEOUT)
        else:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def parse(address):
    """Returns the family and what connect(2) takes; for fd:N no family and N."""
    kind, _, rest = address.partition(":")
    if kind == "fd":
        return None, int(rest)
    if kind == "unix" or "/" in address or address.startswith("@"):
        path = rest if kind == "unix" else address
        return socket.AF_UNIX, "\0" + path[1:] if path.startswith("@") else path
    host, _, port = (rest if kind == "tcp" else address).rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(port))


def announce(ready, text):
    """The file appears whole, so that whoever waits for it reads all of it."""
    if ready:
        with open(ready + ".new", "w") as file:
            print(text, file=file)
        os.rename(ready + ".new", ready)


def listen(address, ready):
    family, place = parse(address)
    listener = socket.socket(fileno=place) if family is None else socket.socket(family)
    if family is not None:
        listener.bind(place)
        listener.listen(1)
    if family in (socket.AF_INET, socket.AF_INET6):
        place = "tcp:%s:%d" % listener.getsockname()[:2]
    announce(ready, place)
    listener.settimeout(TIMEOUT)
    peer, _ = listener.accept()
    listener.close()
    if family == socket.AF_UNIX and not place.startswith("\0"):
        os.unlink(place)
    return Duct(peer)


def connect(address, ready, tries=100, pause=0.1):
    family, place = parse(address)
    sock = None
    while sock is None:
        sock = socket.socket(fileno=place) if family is None else socket.socket(family)
        try:
            if family is not None:
                sock.connect(place)
        except OSError:
            tries -= 1
            if not tries:
                raise
            sock.close()
            sock = None
            time.sleep(pause)
    announce(ready, address)
    return Duct(sock)


def show(payload, how="--json"):
    if how == "--json":
        payload = json.dumps(json.loads(payload)).encode()
    elif how == "--hex":
        payload = payload.hex().encode()
    sys.stdout.buffer.write(payload + b"\n")
    sys.stdout.buffer.flush()


def echo(duct):
    for payload in duct.messages():
        duct.send(payload)
        if payload == b"null":
            return


def send(duct, name, raw=False):
    with sys.stdin.buffer if name == "-" else open(name, "rb") as lines:
        for line in lines:
            duct.send(line.rstrip(b"\n") if raw else json.dumps(json.loads(line)).encode())


def expect_eof(duct):
    if duct.recv() is not None:
        sys.exit("peer: a message came where the end of the stream was due")


def expect_nothing(duct, seconds):
    if select.select([duct.sock], [], [], seconds)[0]:
        sys.exit("peer: something can be read where nothing was due")


def await_file(name):
    while not os.path.exists(name):
        time.sleep(0.01)


STEPS = {
    "send": lambda duct, text: duct.send(json.dumps(json.loads(text)).encode()),
    "raw": lambda duct, text: duct.send(text.encode()),
    "fill": lambda duct, size: duct.send(b"x" * int(size)),
    "bytes": lambda duct, digits: duct.write(bytes.fromhex(digits)),
    "split": lambda duct, size: setattr(duct, "piece", int(size)),
    "recv": lambda duct, count: [show(duct.recv()) for _ in range(int(count or 1))],
    "recv-size": lambda duct, _: print(len(duct.recv()), flush=True),
    "drain": lambda duct, _: [show(payload) for payload in duct.messages()],
    "dump": lambda duct, _: show(duct.read(1 << 40), "--hex"),
    "wait-eof": lambda duct, _: expect_eof(duct),
    "quiet": lambda duct, seconds: expect_nothing(duct, float(seconds)),
    "wait-data": lambda duct, _: select.select([duct.sock], [], [], TIMEOUT),
    "half-close": lambda duct, _: duct.sock.shutdown(socket.SHUT_WR),
    "close": lambda duct, _: duct.sock.close(),
    "reset": lambda duct, _: duct.reset(),
    "kill": lambda duct, _: os.kill(os.getpid(), signal.SIGKILL),
    "urgent": lambda duct, _: duct.sock.send(b"!", socket.MSG_OOB),
    "mark": lambda duct, name: open(name, "w").close(),
    "await": lambda duct, name: await_file(name),
    "sleep": lambda duct, seconds: time.sleep(float(seconds)),
}


def script(duct, steps):
    for step in filter(None, map(str.strip, steps.split(";"))):
        name, _, argument = step.partition(" ")
        STEPS[name](duct, argument.strip())


def behave(duct, behaviour, *words):
    if behaviour == "echo":
        echo(duct)
    elif behaviour == "send":
        send(duct, words[-1], raw="--raw" in words)
    elif behaviour == "recv":
        for payload in duct.messages():
            show(payload, *words)
    elif behaviour == "script":
        script(duct, *words)
    else:
        sys.exit("peer: no behaviour is called %r\n%s" % (behaviour, __doc__))
    duct.sock.close()


def spawn(words):
    """Hands one end of a socket pair to a program and ends with the program's status."""
    import subprocess  # the slowest of all to load, and only this needs it

    cut = words.index("--")
    ours, theirs = socket.socketpair()
    environment = dict(os.environ, DUCTWORKS_FD=str(theirs.fileno()))
    child = subprocess.Popen(words[cut + 1:], pass_fds=[theirs.fileno()], env=environment)
    theirs.close()
    behave(Duct(ours), *words[:cut])
    return child.wait()


def main(words):
    ready = None
    if words[:1] == ["--ready"]:
        ready, words = words[1], words[2:]
    if words[:1] == ["spawn"]:
        return spawn(words[1:])
    if len(words) < 3 or words[0] not in ("listen", "connect"):
        sys.exit(__doc__)
    role = listen if words[0] == "listen" else connect
    behave(role(words[1], ready), *words[2:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
