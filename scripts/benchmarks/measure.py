"""How each kind of workload is measured. Every function gives the seconds that one run took."""
from __future__ import annotations

import contextlib
import os
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
