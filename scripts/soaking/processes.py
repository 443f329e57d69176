"""Processes of ductworks: started, paused, killed, measured, and none left behind."""
from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

from .wire import PATIENCE, Mismatch


class Program:
    """A run of ductworks, its stdout and stderr in files."""

    def __init__(self, binary: Path, folder: Path, name: str, words: list[str], stdin=subprocess.DEVNULL) -> None:
        self.stdout, self.stderr, self.ready = (folder / f"{name}.{part}" for part in ("out", "err", "ready"))
        self.words = words
        environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        environment.update(TMPDIR=str(folder), XDG_RUNTIME_DIR=str(folder), XDG_CONFIG_HOME=str(folder))
        with open(self.stdout, "wb") as out, open(self.stderr, "wb") as err:
            self.process = subprocess.Popen([binary, *words], stdin=stdin, stdout=out, stderr=err, env=environment)
        self.pid = self.process.pid

    def address(self) -> str:
        """Where it listens, once it does."""
        deadline = time.monotonic() + PATIENCE
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Mismatch(f"{self} does not listen")
            time.sleep(0.005)
        return self.ready.read_text().strip()

    def wait(self) -> int:
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Mismatch(f"{self} does not end") from None

    def signal(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def clean(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self.process.wait()  # killed, so it does end
        for path in (self.stdout, self.stderr, self.ready):
            path.unlink(missing_ok=True)

    def resident(self) -> int:
        """Memory in KiB, 0 once it has ended."""
        return self.count("VmRSS:")

    def count(self, field: str) -> int:
        try:
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1])
        except (FileNotFoundError, ProcessLookupError):
            pass
        return 0

    def descriptors(self) -> int:
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except (FileNotFoundError, ProcessLookupError):
            return 0

    def __str__(self) -> str:
        said = self.stderr.read_text(errors="replace")[-500:].strip() if self.stderr.exists() else ""
        return f"`ductworks {' '.join(map(str, self.words))}` (stderr: {said or 'empty'})"


class Pauser:
    """Stops a program and lets it go on, again and again, until it is left."""

    def __init__(self, chance: random.Random, program: Program) -> None:
        self.chance, self.program = random.Random(chance.random()), program
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        while not self.over.wait(self.chance.uniform(0.001, 0.1)):
            self.program.signal(signal.SIGSTOP)
            self.over.wait(self.chance.uniform(0.001, 0.1))
            self.program.signal(signal.SIGCONT)

    def __enter__(self) -> "Pauser":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def left_behind(binary: Path) -> list[int]:
    """The processes of this binary that are still there."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.readlink(f"/proc/{entry}/exe") == str(binary):
                    found.append(int(entry))
            except OSError:
                continue
    return found
