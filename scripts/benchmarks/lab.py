"""The temporary folder of a run, its processes, and the memory that they held."""
from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
READY_WITHIN = 20.0  # seconds for a listener to appear


class Failed(Exception):
    """A contender could not be run, or did not end as it should."""


@dataclass
class Process:
    """A process, and the most memory in bytes that it was seen to hold.

    What wait4 tells (ru_maxrss) counts what a process held before its execve, too, and that is this script's own
    memory (some 16 MiB), after posix_spawn as after fork: a floor, under which it tells nothing. Above, it is exact.
    So VmHWM is sampled while the process runs; what grows after the last sample is missed only if it stays below
    the floor.
    """

    pid: int
    argv: list[str]
    stderr: Path
    floor: int
    sampled: int = 0

    def peak(self, maxrss: int) -> int:
        return maxrss if maxrss > self.floor + MIB // 2 else self.sampled


def high_water(pid: int | str) -> int:
    """VmHWM of a process in bytes; 0 if it has ended."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as status:
        for line in status:
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class Lab:
    """The temporary folder, and every process that runs on its account."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.names = {"DUCTWORKS": str(scratch / "bin/ductworks"), "PYTHON": sys.executable}
        self.running: list[Process] = []
        self.peak = 0  # the most that a process of ductworks held; 0 if not known
        self.sockets = 0
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("DUCTWORKS")}
        # No configuration of the user's: it is looked for, as always, and not found.
        self.environment["XDG_CONFIG_HOME"] = str(scratch)

    def build(self) -> None:
        command = ["go", "build", "-o", self.names["DUCTWORKS"], "."]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "CGO_ENABLED": "0"}, check=True)

    def socket(self) -> str:
        self.sockets += 1
        return str(self.scratch / f"s{self.sockets}")

    def start(self, argv: list[str], sock: str, stdin: int, stdout: int) -> Process:
        argv = [self.names.get(word, word.replace("SOCK", sock)) for word in argv]
        stderr = self.scratch / f"stderr{len(self.running)}"
        actions = [
            (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_OPEN, 2, str(stderr), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ]
        floor = high_water("self")
        # Python ignores these two signals; nobody else's program expects that.
        pid = os.posix_spawnp(argv[0], argv, self.environment, file_actions=actions,
                              setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
        self.running.append(Process(pid, argv, stderr, floor))
        return self.running[-1]

    def listening(self, process: Process, sock: str) -> None:
        """Waits until somebody listens at sock. Not by a connect: that would use up the listener's one place."""
        deadline = time.monotonic() + READY_WITHIN
        while not accepts_connections(sock):
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self.reap(process)
                raise Failed(f"{process.argv[0]} ended before it listened")
            if time.monotonic() > deadline:
                raise Failed(f"{process.argv[0]} did not listen within {READY_WITHIN:.0f} s")
            time.sleep(0.001)

    def reap(self, process: Process) -> None:
        _, status, usage = os.wait4(process.pid, 0)
        self.running.remove(process)
        if process.argv[0] == self.names["DUCTWORKS"]:
            self.peak = max(self.peak, process.peak(usage.ru_maxrss * 1024))
        code = os.waitstatus_to_exitcode(status)
        if code:
            said = process.stderr.read_text(errors="replace").strip().splitlines()[-1:]
            raise Failed(f"{Path(process.argv[0]).name} ended with {code}: {' '.join(said)}")

    def sample(self) -> None:
        for process in self.running:
            process.sampled = high_water(process.pid) or process.sampled

    def wait(self, *processes: Process, every: float = 0.05) -> None:
        """Waits for each. Everybody's memory is sampled, so that it costs everybody the same (some 0.1 %)."""
        for process in processes:
            pidfd = os.pidfd_open(process.pid)
            try:
                while not select.select([pidfd], [], [], every)[0]:
                    self.sample()
            finally:
                os.close(pidfd)
            self.reap(process)

    def end_all(self) -> None:
        for process in self.running:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)
        self.running.clear()


def accepts_connections(sock: str) -> bool:
    """A socket file is there from bind(2) on, but it refuses connections until listen(2), which shows in the flags."""
    with open("/proc/net/unix", errors="replace") as table:
        return any(line.rstrip("\n").endswith(" " + sock) and line.split()[3] == "00010000" for line in table)
