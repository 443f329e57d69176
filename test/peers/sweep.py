#!/usr/bin/env python3
"""Runs the program once for every fault of a kind, with a peer that has the fault, and judges each run.

    sweep.py first-bytes|truncations|splits|last-frames|kills PROGRAM FOLDER

    first-bytes   each of the 255 wrong first bytes, as the first frame's and as the second's (status 76)
    truncations   the end of the stream after each byte of three messages (76 inside a frame, 0 between two)
    splits        three messages in two writes, split at every byte, and one byte a write (0)
    last-frames   one frame and at once the end, 1,000 times (0)
    kills         1,000 listeners, one after another at the same path, each killed at another moment (9)

Prints what went wrong, one line a run, and how many runs there were; ends with 1 if any went wrong.
"""

import array
import concurrent.futures
import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import termios
import time

TIMEOUT = 20


def frame(payload):
    return struct.pack(">cI", b"T", len(payload)) + payload


THREE = [b'"one"', b'{"two": 2}', b"[3]"]
STREAM = b"".join(map(frame, THREE))


def await_read(sock):
    """Returns once the other side has taken every byte, so that the next write is a separate read there."""
    left = array.array("i", [1])
    while left[0]:
        fcntl.ioctl(sock, termios.TIOCOUTQ, left)


def run(program, path, pieces):
    """One run of the program, as a child that connects, against these writes and the end of the stream."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(TIMEOUT)
        child = subprocess.Popen([program, "connect", path], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        peer, _ = listener.accept()
        with peer:
            for number, piece in enumerate(pieces):
                if number:
                    await_read(peer)
                try:
                    peer.sendall(piece)
                except OSError:
                    break
            peer.shutdown(socket.SHUT_WR)
            try:
                out, err = child.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                child.kill()
                out, err = child.communicate()
    os.unlink(path)
    return child.returncode, out, err


def judge(name, result, status, payloads, said=""):
    """Returns what is wrong with a run, or nothing."""
    got, out, err = result
    lines = err.splitlines()
    if got != status:
        return "%s: status %d, not %d: %r" % (name, got, status, err)
    if out != b"".join(payload + b"\n" for payload in payloads):
        return "%s: printed %r" % (name, out)
    if status and (len(lines) != 1 or not err.startswith(b"ductworks: ") or not re.search(said, err.decode())):
        return "%s: said %r" % (name, err)
    if not status and err:
        return "%s: said %r and ended with 0" % (name, err)
    return None


def first_bytes():
    good = frame(b"1")
    for wrong in set(range(256)) - {0x54}:
        bad = bytes([wrong]) + good[1:] + good
        yield "%#04x first" % wrong, [bad], 76, [], r"(byte|offset) 0\b"
        yield "%#04x later" % wrong, [good + bad], 76, [b"1"], r"(byte|offset) %d\b" % len(good)


def truncations():
    ends = [len(b"".join(map(frame, THREE[:count]))) for count in range(len(THREE) + 1)]
    for cut in range(len(STREAM) + 1):
        whole = sum(end <= cut for end in ends) - 1
        yield "cut after %d" % cut, [STREAM[:cut]], 0 if cut in ends else 76, THREE[:whole], ""


# How often what a race decides is tried.
TIMES = int(os.environ.get("TEST_TIMES", "1000"))


def splits():
    for cut in range(1, len(STREAM)):
        yield "split after %d" % cut, [STREAM[:cut], STREAM[cut:]], 0, THREE, ""
    yield "one byte a write", [bytes([byte]) for byte in STREAM], 0, THREE, ""


def last_frames():
    for number in range(TIMES):
        payload = b"%d" % number
        yield "run %d" % number, [frame(payload)], 0, [payload], ""


def kills(program, folder):
    """Each start but the first finds what the one before left: half a start, or a socket that nobody listens at."""
    path = os.path.join(folder, "one.sock")
    ready = os.path.join(folder, "ready")
    verdicts = []
    for number in range(TIMES):
        child = subprocess.Popen([program, "listen", "--address-file", ready, path], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Every other one gets as far as it can be connected to, the others somewhere on the way there.
        limit = time.monotonic() + (TIMEOUT if number % 2 == 0 else number / TIMES * 20e-3)
        while child.poll() is None and time.monotonic() < limit and not os.path.exists(ready):
            time.sleep(0.0001)
        started = os.path.exists(ready)
        child.kill()
        out, err = child.communicate()
        wrong = child.returncode != -9 or out or err or (number % 2 == 0 and not started)
        verdicts.append("run %d: status %d, ready %s: %r" % (number, child.returncode, started, err) if wrong else None)
        if started:
            os.unlink(ready)
    return verdicts


KINDS = {"first-bytes": first_bytes, "truncations": truncations, "splits": splits, "last-frames": last_frames}


def main(kind, program, folder):
    def attempt(numbered):
        number, (name, pieces, status, payloads, said) = numbered
        return judge(name, run(program, os.path.join(folder, "%d.sock" % number), pieces), status, payloads, said)

    if kind == "kills":
        verdicts = kills(program, folder)
    else:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            verdicts = list(pool.map(attempt, enumerate(KINDS[kind]())))
    wrong = [verdict for verdict in verdicts if verdict]
    print(*wrong[:20], sep="\n", end="\n" if wrong else "")
    print("%d runs, %d wrong" % (len(verdicts), len(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
