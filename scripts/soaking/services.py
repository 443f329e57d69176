"""Services that live as long as the soak: listen -k, sampled, and some of them killed and started again."""
from __future__ import annotations

import contextlib
import signal
import statistics
import threading
import time
from pathlib import Path

from .conversations import Round, ask
from .processes import Program
from .wire import PATIENCE, Mismatch, Transport, payloads


class Service:
    """listen -k at one address. A mortal one is killed now and then."""

    def __init__(self, name: str, transport: Transport, words: list[str], binary: Path, mortal: bool = False) -> None:
        self.name, self.transport, self.words, self.binary, self.mortal = name, transport, words, binary, mortal
        self.turn = threading.Lock()
        self.generation = 0
        self.samples: list[tuple[int, int]] = []  # resident KiB, descriptors
        self.start()

    def start(self) -> None:
        folder = self.transport.folder
        ready = folder / f"{self.name}.ready"
        ready.unlink(missing_ok=True)
        address = f"unix:{folder}/{self.name}.sock" if self.transport.name == "unix" else self.transport.fresh(0)
        words = ["listen", "-k", "--address-file", str(ready), "-f", "raw", *self.transport.listens, address, *self.words]
        self.program = Program(self.binary, folder, self.name, words)
        self.address = self.program.address()
        self.idle = self.program.descriptors()

    def restart(self) -> None:
        """Kills the service, which leaves its socket's file behind, and starts it again."""
        with self.turn:
            self.generation += 1
            self.program.signal(signal.SIGKILL)
            self.program.wait()
            self.start()

    def sample(self) -> None:
        self.samples.append((self.program.resident(), self.program.descriptors()))

    def stop(self) -> None:
        self.program.signal(signal.SIGTERM)
        status = self.program.wait()
        if status != -signal.SIGTERM:
            raise Mismatch(f"{self.program} ended with {status}")

    def check(self) -> None:
        """Raises a Mismatch where memory or descriptors have grown. Nobody is connected any more."""
        if self.program.process.poll() is not None:
            raise Mismatch(f"{self.program} has ended by itself")
        deadline = time.monotonic() + PATIENCE  # for what the last peers have left it to do
        while self.program.descriptors() > self.idle + 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.program.descriptors() > self.idle + 4:
            raise Mismatch(f"{self.name} had {self.idle} descriptors and has {self.program.descriptors()}")
        early, late = self.thirds()
        if late > 1.5 * early + (16 << 10):
            raise Mismatch(f"{self.name} grew from {early} to {late} KiB")

    def thirds(self) -> tuple[int, int]:
        """The largest of what was resident in the second third, when all kinds of things had been seen, and the third."""
        sizes = [resident for resident, _ in self.samples]
        third = len(sizes) // 3
        if third < 10 or self.mortal:
            return max(sizes, default=0), 0
        return max(sizes[third:2 * third]), max(sizes[2 * third:])

    def figures(self) -> str:
        sizes = [resident for resident, _ in self.samples] or [0]
        most = max((descriptors for _, descriptors in self.samples), default=0)
        early, late = self.thirds()
        return (f"{self.name}: {statistics.median(sizes) // 1024:.0f} MiB resident in the middle, {max(sizes) // 1024} at most "
                f"({early // 1024} in the second third, {late // 1024} in the last), descriptors {self.idle} idle, {most} at most, "
                f"killed and started again {self.generation} times")


def visit(r: Round, service: Service) -> None:
    """A peer of a service: asks, and leaves as one should, or in the middle, or kills the service."""
    with service.turn:
        generation, address = service.generation, service.address
    try:
        with contextlib.closing(service.transport.connect(address)) as peer:
            how = r.chance.random()
            messages = payloads(r.chance, "raw")[:3 if "--each" in service.words else None]
            if how < 0.2:  # half a message, and gone
                peer.sock.sendall(b"T\0\1\0\0" + b"half")
                return
            ask(r, peer, messages)
            if how < 0.3:
                peer.send(b"unanswered")
                return
            peer.end()
            if peer.receive() is not None:
                raise Mismatch(f"{service.name} sent more than was due")
    except OSError as error:
        if service.generation == generation:
            raise Mismatch(f"{service.name} failed a peer: {error!r}") from error
    if service.mortal and r.chance.random() < 0.05:
        service.restart()
