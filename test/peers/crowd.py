#!/usr/bin/env python3
"""Many peers at once for a listener that serves many. They share no code with it.

    crowd.py ask      ADDRESS CLIENTS COUNT   each asks {"n": N} one after another and has to get N+1, each its own
    crowd.py mixed    ADDRESS EACH COUNT      EACH fast, EACH slow and EACH malicious ones; see below
    crowd.py envelope ADDRESS COUNT           one that sends N, pipelined, and has to get N+1 for each, in order
    crowd.py hold     ADDRESS CLIENTS FILE    connects so many that say nothing, creates FILE, stays until its stdin ends
    crowd.py promise  ADDRESS CLIENTS FILE    does so and, once a line comes, has each promise 64 MiB, and creates FILE anew

In a mixed crowd everybody asks as under `ask`, the slow ones a byte at a time, and on until all fast ones are done. Malicious
are those that send half a frame and stay, promise 4 GiB, speak HTTP, send frames without end and read nothing, reset, or
connect and say nothing; they stay until all others are done. So a fast one that had to wait for any of them would do so
until its patience ends.
"""

import functools
import json
import socket
import struct
import sys
import threading
import time

HEADER = struct.Struct(">cI")
TIMEOUT = 60


def connect(address):
    kind, _, rest = address.partition(":")
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(rest if kind == "unix" else address)
    sock.settimeout(TIMEOUT)
    return sock


def frame(document):
    payload = json.dumps(document).encode()
    return HEADER.pack(b"T", len(payload)) + payload


def receive(stream):
    magic, size = HEADER.unpack(stream.read(HEADER.size))
    assert magic == b"T", magic
    return json.loads(stream.read(size))


def ask(address, first, count):
    with connect(address) as sock, sock.makefile("rb") as stream:
        for n in range(first, first + count):
            sock.sendall(frame({"n": n}))
            expect(n + 1, stream)
        end(sock, stream)


def ask_slowly(address, first, count, enough):
    """Asks so often and then on until it is enough."""
    with connect(address) as sock, sock.makefile("rb") as stream:
        n = first
        while n < first + count or not enough():
            for byte in frame({"n": n}):
                sock.sendall(bytes([byte]))
                time.sleep(0.002)
            n += 1
            expect(n, stream)
        end(sock, stream)


def expect(answer, stream):
    got = receive(stream)
    assert got == answer, "want %d, got %r" % (answer, got)


def end(sock, stream):
    sock.shutdown(socket.SHUT_WR)
    assert stream.read() == b"", "something follows the last answer"


def misbehave(address, how, done):
    """Does something of the kind, and stays until the others are done."""
    with connect(address) as sock:
        try:
            if how == 0:
                sock.sendall(frame({"n": 1})[:-3])
            elif how == 1:
                sock.sendall(HEADER.pack(b"T", 0xFFFFFFFF) + b"x" * 1000)
            elif how == 2:
                sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            elif how == 3:
                sock.settimeout(0.2)
                while not done.is_set():
                    try:
                        sock.send(frame({"n": 1}))
                    except TimeoutError:
                        pass
            elif how == 4:
                sock.sendall(frame({"n": 1}) + b"T\0")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
        except OSError:
            pass  # it was shown the door
        done.wait()


def together(jobs):
    """Runs all jobs at once, and ends the process if one failed."""
    failures = []

    def run(job):
        try:
            job()
        except Exception as error:  # whatever it is, it is what the test is about
            failures.append("%s: %s" % (type(error).__name__, error))

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit("crowd: %d failed: %s" % (len(failures), "; ".join(failures[:3])))


def main(how, address, *words):
    if how == "ask":
        clients, count = map(int, words)
        together([lambda first=1000 * i: ask(address, first, count) for i in range(clients)])
    elif how == "mixed":
        each, count = map(int, words)
        done = threading.Event()
        bad = [threading.Thread(target=misbehave, args=(address, i % 6, done)) for i in range(each)]
        for thread in bad:
            thread.start()
        pending = set(range(each))

        def ask_fast(i):
            try:
                ask(address, 1000 * i, count)
            finally:
                pending.discard(i)

        fast = [functools.partial(ask_fast, i) for i in pending]
        slow = [functools.partial(ask_slowly, address, 1000 * (each + i), count, lambda: not pending) for i in pending]
        try:
            together(fast + slow)
        finally:
            done.set()
            for thread in bad:
                thread.join()
    elif how == "envelope":
        count = int(words[0])
        with connect(address) as sock, sock.makefile("rb") as stream:
            sender = threading.Thread(target=lambda: sock.sendall(b"".join(map(frame, range(count)))))
            sender.start()
            for n in range(count):
                assert receive(stream) == n + 1
            sender.join()
    elif how in ("hold", "promise"):
        peers = [connect(address) for _ in range(int(words[0]))]
        open(words[1], "w").close()
        if how == "promise":
            sys.stdin.readline()
            for peer in peers:
                peer.sendall(HEADER.pack(b"T", 64 << 20))
            open(words[1], "w").close()
        sys.stdin.read()
        for peer in peers:
            peer.close()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
