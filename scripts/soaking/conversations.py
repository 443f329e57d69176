"""Conversations from beginning to end, each with processes of its own."""
from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

from .processes import Pauser, Program
from .wire import FORMS, PATIENCE, Digest, Duct, Mismatch, Transport, payloads, records

PEER = Path(__file__).resolve().parents[2] / "test" / "peers" / "peer.py"
# How a conversation may end whose other end went away in the middle.
BROKEN = (0, 69, 74, 76, 141)


class Round:
    """One conversation: its number, its chances and its files."""

    def __init__(self, number: int, seed: str, binary: Path, folder: Path, transports: list[Transport]) -> None:
        self.number = number
        self.chance = random.Random(f"{seed} {number}")
        self.binary = binary
        self.folder = folder
        self.transport = self.chance.choice(transports)
        self.moved = 0  # bytes of payload that were compared

    @contextlib.contextmanager
    def program(self, name: str, words: list[str], stdin: bytes | None = None) -> Iterator[Program]:
        with contextlib.ExitStack() as stack:
            source = subprocess.DEVNULL
            if stdin is not None:
                path = self.folder / f"{self.number}-{name}.in"
                path.write_bytes(stdin)
                stack.callback(path.unlink)
                source = stack.enter_context(open(path, "rb"))
            program = Program(self.binary, self.folder, f"{self.number}-{name}", words, source)
            stack.callback(program.clean)
            if self.chance.random() < 0.3:
                stack.enter_context(Pauser(self.chance, program))
            yield program

    def ready(self, name: str) -> list[str]:
        return ["--address-file", str(self.folder / f"{self.number}-{name}.ready")]

    def compare(self, what: str, got: Digest, want: Digest) -> None:
        if got != want:
            raise Mismatch(f"{what}: {got.count} messages of {got.size} bytes, not {want.count} of {want.size}, or other ones")
        self.moved += want.size


class Beside(threading.Thread):
    """Something done in a thread, whose failure is everybody's."""

    def __init__(self, do: Callable[[], None], may_break: bool = False) -> None:
        super().__init__(daemon=True)
        self.do, self.may_break, self.failure = do, may_break, None
        self.start()

    def run(self) -> None:
        try:
            self.do()
        except OSError as error:
            if not self.may_break:
                self.failure = Mismatch(f"the peer failed: {error!r}")
        except Mismatch as error:
            self.failure = error

    def finish(self) -> None:
        self.join(PATIENCE)
        if self.is_alive():
            raise Mismatch("the peer does not end")
        if self.failure:
            raise self.failure


def talk(r: Round) -> None:
    """Listen or connect, with records on stdin and stdout and an echo at the far end; a third of them are broken off."""
    form = r.chance.choice(FORMS)
    messages = payloads(r.chance, form)
    listens = r.chance.random() < 0.5
    fault = r.chance.choice(("none",) * 4 + ("kill", "leave"))
    t = r.transport
    if listens:
        words = ["listen", *r.ready("near"), "-f", form, *t.listens, t.fresh(r.number)]
    else:
        listener, address = t.bind(r.number)
        words = ["connect", "-f", form, *t.connects, address]
    with r.program("near", words, records(messages, form)) as near:
        peer = None

        def far() -> None:
            nonlocal peer
            peer = t.connect(near.address()) if listens else t.accept(listener)
            with contextlib.closing(peer):
                if fault == "leave":
                    for _ in range(r.chance.randrange(1 + len(messages))):
                        peer.send(peer.receive() or b"")
                else:
                    peer.echo()

        beside = Beside(far, may_break=fault != "none")
        if fault == "kill":
            with contextlib.suppress(subprocess.TimeoutExpired):
                near.process.wait(r.chance.uniform(0, 0.3))
            near.signal(signal.SIGKILL)
            status = near.wait()
            beside.join(PATIENCE if peer else 0)
            if status != -signal.SIGKILL and status not in BROKEN:
                raise Mismatch(f"{near} ended with {status}")
        else:
            status = near.wait()
            beside.finish()
        printed = near.stdout.read_bytes()
        if fault == "none":
            if status != 0:
                raise Mismatch(f"{near} ended with {status}")
            r.compare("received by the peer", peer.seen, Digest(messages))
            if printed != records(messages, form):
                raise Mismatch(f"{near} printed {len(printed)} bytes that are not the {form} records sent")
        else:
            broken_off(r, near, status, printed, messages, form, fault)
        if peer and peer.seen.count:
            r.compare("received by the peer", peer.seen, Digest(messages[:peer.seen.count]))
    if not listens and t.name == "unix":
        Path(address.removeprefix("unix:")).unlink()
    if listens and t.name == "unix" and fault != "kill":
        gone(t.fresh(r.number))
    elif listens and t.name == "unix":
        Path(t.fresh(r.number).removeprefix("unix:")).unlink(missing_ok=True)


def broken_off(r: Round, near: Program, status: int, printed: bytes, messages: list[bytes], form: str, fault: str) -> None:
    """What is printed of a conversation that broke is the beginning of what would have been printed."""
    whole = records(messages, form)
    if not whole.startswith(printed):
        raise Mismatch(f"{near} printed what was not sent")
    if fault == "leave" and status not in BROKEN:
        raise Mismatch(f"{near} ended with {status}")
    # A killed process may be cut in the middle of a write, as may what streams.
    if fault == "leave" and form in ("json", "text", "raw", "base64", "hex") and printed and not printed.endswith(b"\n"):
        raise Mismatch(f"{near} printed half a record")


def gone(address: str) -> None:
    if Path(address.removeprefix("unix:")).exists():
        raise Mismatch(f"{address} is left over")


def run_child(r: Round) -> None:
    """exec, with a child that echoes: the Python peer, or cat on frames."""
    form = r.chance.choice(FORMS)
    messages = payloads(r.chance, form)
    python = [sys.executable, "-I", "-S", str(PEER), "connect"]
    words = ["exec", "-f", form] + r.chance.choice((
        ["--via", "pipe", "cat"],
        ["--via", "fd", *python, "fd:3", "echo"],
        [*python, "{}", "echo"],
    ))
    with r.program("parent", words, records(messages, form)) as parent:
        status = parent.wait()
        if status != 0 or parent.stdout.read_bytes() != records(messages, form):
            raise Mismatch(f"{parent} ended with {status}, or printed something else")
        r.moved += sum(map(len, messages))


def filtered(r: Round) -> None:
    """listen -- cat, asked by the Python peer."""
    t = r.transport
    with r.program("filter", ["listen", *r.ready("filter"), "-f", "raw", *t.listens, t.fresh(r.number), "--", "cat"]) as filter_:
        with contextlib.closing(t.connect(filter_.address())) as peer:
            ask(r, peer, payloads(r.chance, "raw"))
            peer.end()
        status = filter_.wait()
        if status != 0:
            raise Mismatch(f"{filter_} ended with {status}")


def ask(r: Round, peer: Duct, messages: list[bytes]) -> None:
    """Sends messages, never more than fits in the system's buffers before the replies are read, and compares those."""
    at = 0
    while at < len(messages):
        end = at + 1
        while end < len(messages) and sum(map(len, messages[at:end + 1])) < 1 << 14:
            end += 1
        for message in messages[at:end]:
            peer.send(message)
        for message in messages[at:end]:
            reply = peer.receive()
            if reply is None:
                raise ConnectionError("the stream ends where a reply is due")
            if reply != message:
                raise Mismatch(f"a reply of {len(reply)} bytes is not the {len(message)} that were sent")
        at = end
    r.moved += sum(map(len, messages))


def paired(r: Round) -> None:
    """pair between two Python peers: one asks, the other echoes."""
    t = r.transport
    listener, address = t.bind(r.number)
    asked = f"unix:{r.folder}/{r.number}-pair.sock"
    with r.program("pair", ["pair", "--listen", asked, *t.connects, "--connect", address]) as pair:
        far = Beside(lambda: echo_once(t, listener))
        unix = Transport("unix", r.folder)
        with contextlib.closing(connect_when_there(unix, asked, pair)) as peer:
            ask(r, peer, payloads(r.chance, "frame"))
            peer.end()
        status = pair.wait()
        far.finish()
        if status != 0:
            raise Mismatch(f"{pair} ended with {status}")
    if t.name == "unix":
        Path(address.removeprefix("unix:")).unlink()
    gone(asked)


def echo_once(t: Transport, listener) -> None:
    with contextlib.closing(t.accept(listener)) as peer:
        peer.echo()


def connect_when_there(t: Transport, address: str, program: Program) -> Duct:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return t.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            if program.process.poll() is not None or time.monotonic() > deadline:
                raise Mismatch(f"{program} does not listen") from None
            time.sleep(0.005)


KINDS = {"talk": talk, "exec": run_child, "filter": filtered, "pair": paired}
