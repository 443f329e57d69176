"""How each kind of workload is measured. Every function gives the seconds that one run took."""
from __future__ import annotations

import contextlib
import os
import select
import socket
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Iterator

from .lab import Failed, Lab
from .peers import DRAIN, ECHO


@dataclass(frozen=True)
class Contender:
    """A program that does the work. In its arguments DUCTWORKS, PYTHON and SOCK stand for the paths of this run."""

    name: str
    command: list[str]
    listener: list[str] = field(default_factory=list)
    reach: float | None = None  # how many times as fast as this one ductworks has to be
    part: int = 1  # it gets 1/part of the input, and its time counts part times


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    unit: str
    source: str  # workloads in a row with the same source share one input file
    records: Callable[[], Iterable[bytes]]
    measure: Callable[["Lab", "Workload", Contender], float]
    contenders: list[Contender]  # ductworks comes first
    repeats: int = 1
    to_pipe: bool = False


@contextlib.contextmanager
def opened(path: str | Path, flags: int) -> Iterator[int]:
    fd = os.open(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


def transfer(lab: Lab, workload: Workload, contender: Contender) -> float:
    """From a file through the socket to /dev/null or a pipe that is read: from the sender's start to all ends."""
    sock, readers = lab.socket(), []
    with contextlib.ExitStack() as files:
        source = files.enter_context(opened(lab.scratch / workload.source, os.O_RDONLY))
        empty = files.enter_context(opened(os.devnull, os.O_RDONLY))
        null = files.enter_context(opened(os.devnull, os.O_WRONLY))
        output = null
        if workload.to_pipe:
            read_end, output = os.pipe()
            readers.append(lab.start(["cat"], sock, read_end, null))
            os.close(read_end)
        listener = lab.start(contender.listener, sock, empty, output)
        if workload.to_pipe:
            os.close(output)
        lab.listening(listener, sock)
        began = time.perf_counter()
        lab.wait(lab.start(contender.command, sock, source, null), listener, *readers)
        return (time.perf_counter() - began) * contender.part


def either(lab: Lab, workload: Workload, contender: Contender) -> float:
    """A transfer, beside which a program without a socket only reads the file and writes to /dev/null."""
    if contender.listener:
        return transfer(lab, workload, contender)
    with opened(lab.scratch / workload.source, os.O_RDONLY) as source, opened(os.devnull, os.O_WRONLY) as null:
        began = time.perf_counter()
        lab.wait(lab.start(contender.command, "", source, null))
        return time.perf_counter() - began


def round_trip(lab: Lab, workload: Workload, contender: Contender) -> float:
    """The mean of many, one after another: pipe, contender, socket, echo and all the way back."""
    sock, message = lab.socket(), next(iter(workload.records()))
    with opened(os.devnull, os.O_RDWR) as null:
        echo = lab.start(["PYTHON", "-c", ECHO, "SOCK"], sock, null, null)
    lab.listening(echo, sock)
    (their_in, ours_out), (ours_in, their_out) = os.pipe(), os.pipe()
    try:
        client = lab.start(contender.command, sock, their_in, their_out)
    finally:
        os.close(their_in)
        os.close(their_out)
    try:
        if not ask(ours_out, ours_in, message):  # the first one waits for the start
            lab.reap(client)  # says why it ended
        began = time.perf_counter()
        for _ in range(workload.repeats):
            if not ask(ours_out, ours_in, message):
                raise Failed("the reply is not what was sent")
        seconds = time.perf_counter() - began
        lab.sample()
    finally:
        os.close(ours_out)
        os.close(ours_in)
    lab.wait(client, echo)
    return seconds / workload.repeats


def crowd(lab: Lab, workload: Workload, contender: Contender) -> float:
    """Many peers send at once to one listener: from the first byte until it has closed the last of them."""
    sock, ours = lab.socket(), contender.command[0] == "DUCTWORKS"
    messages = list(workload.records())
    data = memoryview(b"".join(b"T" + len(m).to_bytes(4, "big") + m if ours else m + b"\n" for m in messages))
    with opened(os.devnull, os.O_RDWR) as null:
        listener = lab.start(contender.command, sock, null, null)
    lab.listening(listener, sock)
    peers = {}
    try:
        for _ in range(workload.repeats):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(sock)
            peer.setblocking(False)
            peers[peer.fileno()] = (peer, data)
        began = time.perf_counter()
        send_all(peers)
        seconds = time.perf_counter() - began
    finally:
        for peer, _ in peers.values():
            peer.close()
    lab.sample()
    if ours:
        lab.peak = listener.sampled
    return seconds  # the caller ends the listener, which goes on for ever


def send_all(peers: dict[int, tuple[socket.socket, memoryview]]) -> None:
    """Each peer sends its data, ends its stream and is closed when the other side has hung up."""
    poll = select.poll()
    for fd in peers:
        poll.register(fd, select.POLLOUT)
    while peers:
        for fd, event in poll.poll():
            peer, rest = peers[fd]
            if event & (select.POLLHUP | select.POLLERR):
                if rest:
                    raise Failed("it closed a peer that had not sent everything")
                poll.unregister(fd)
                peer.close()
                del peers[fd]
            elif rest:
                rest = rest[peer.send(rest[:65536]):]
                peers[fd] = (peer, rest)
                if not rest:
                    peer.shutdown(socket.SHUT_WR)
                    poll.modify(fd, 0)  # the hang-up shows all the same


def ask(to: int, back: int, message: bytes) -> bool:
    """Sends and gets a message; false if what came back is another, or was cut short."""
    os.write(to, message)
    reply = os.read(back, 4096)
    while 0 < len(reply) < len(message):
        more = os.read(back, 4096)
        if not more:
            break
        reply += more
    return reply == message


def start_to_end(lab: Lab, workload: Workload, contender: Contender) -> float:
    """The median of many: start, connect to a listener that is there, send a message, end."""
    sock, times = lab.socket(), []
    with opened(lab.scratch / workload.source, os.O_RDONLY) as source, opened(os.devnull, os.O_RDWR) as null:
        drain = lab.start(["PYTHON", "-c", DRAIN, "SOCK"], sock, null, null)
        lab.listening(drain, sock)
        for _ in range(workload.repeats):
            os.lseek(source, 0, os.SEEK_SET)
            began = time.perf_counter()
            lab.reap(lab.start(contender.command, sock, source, null))
            times.append(time.perf_counter() - began)
        # A few more, not timed, with an eye on the memory all the time: they are over before one looks twice.
        for _ in range(5):
            os.lseek(source, 0, os.SEEK_SET)
            lab.wait(lab.start(contender.command, sock, source, null), every=0)
    return statistics.median(times)  # the caller ends the drain
