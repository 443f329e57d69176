"""What is measured against what, and the inputs: the same bytes in every run."""
from __future__ import annotations

import random
from itertools import cycle, islice
from typing import Iterator

from .lab import MIB
from .measure import Contender, Workload, crowd, either, round_trip, start_to_end, transfer
from .peers import JSON_LOOP, MP_ASK, MP_ONE, MP_RECEIVE, MP_SEND, PLAIN_ONE


def text_lines(count: int) -> Iterator[bytes]:
    """Lines of 98 bytes and a newline, like a log's; one in twenty holds quotes, which JSON has to escape."""
    noise, block = random.Random(4), []
    for i in range(10_000):
        path = f'"/item/{i}"' if i % 20 == 0 else f"/item/{i}"
        head = f"2026-01-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z GET {path} in {i * 7 % 999} ms "
        block.append((head + noise.randbytes(49).hex())[:98].encode() + b"\n")
    return islice(cycle(block), count)


def documents(count: int) -> Iterator[bytes]:
    """One document a line, 94 bytes on average with the newline."""
    noise, block = random.Random(4), []
    for i in range(10_000):
        time, user, ms = f"{i // 60 % 60:02}:{i % 60:02}", noise.randrange(10_000), noise.randrange(99_999) / 1000
        block.append(f'{{"id":{10_000 + i},"at":"2026-01-01T12:{time}Z","user":"u{user}",'
                     f'"ok":{"true" if i % 3 else "false"},"ms":{ms},"tags":["a","b"]}}\n'.encode())
    return islice(cycle(block), count)


def blocks(count: int, header: bytes = b"") -> Iterator[bytes]:
    block = header + random.Random(4).randbytes(MIB)
    return (block for _ in range(count))


def request() -> list[bytes]:
    return [b"x" * 63 + b"\n"]


def one() -> list[bytes]:
    return [b"x\n"]


def workloads(scale: float) -> list[Workload]:
    def scaled(size: int, least: int) -> int:
        return max(least, round(size * scale))

    count, docs, mib = scaled(10_000_000, 10_000), scaled(1_000_000, 1_000), scaled(1024, 2)
    trips, starts = scaled(20_000, 100), scaled(50, 3)

    def ours(fmt: str, *more: str) -> Contender:
        flags = ["-f", fmt, *more, "SOCK"]
        return Contender("ductworks", ["DUCTWORKS", "connect", "--send-only", *flags], ["DUCTWORKS", "listen", *flags])

    def socat(reach: float | None, size: int = 0) -> Contender:
        command = ["socat", "-u"] + ([f"-b{size}"] if size else [])
        name = f"socat -b{size}" if size else "socat"
        listener = [*command, "UNIX-LISTEN:SOCK", "STDOUT"]
        return Contender(name, [*command, "STDIN", "UNIX-CONNECT:SOCK"], listener, reach)

    def multiprocessing(count: int, size: int = 0, part: int = 1) -> Contender:
        name = "multiprocessing.connection" + (f" (1/{part} of them, times {part})" if part > 1 else "")
        send = ["PYTHON", "-c", MP_SEND, "SOCK", str(size), str(count // part)]
        return Contender(name, send, ["PYTHON", "-c", MP_RECEIVE, "SOCK"], part=part)

    def lines(fmt: str, *others: Contender) -> Workload:
        return Workload(fmt, f"{count:,} lines of 99 bytes, `{fmt}`", "s", "lines", lambda: text_lines(count), transfer,
                        [ours(fmt), *others])

    def large(fmt: str, to_pipe: bool, title: str, header: bytes, own: Contender, *others: Contender) -> Workload:
        name, where = (f"{fmt}-pipe", "into a pipe") if to_pipe else (f"{fmt}-null", "to /dev/null")
        return Workload(name, f"{title}, `{fmt}`, {where}", "s", fmt, lambda: blocks(mib, header), transfer,
                        [own, socat(1.5, MIB), ncat, *others], to_pipe=to_pipe)

    def many(peers: int) -> Workload:
        """A million messages in all, each peer sending its share."""
        share, places = scaled(1_000_000, 1_000) // peers, str(peers)
        title = f"{share * peers:,} messages of 64 bytes to one listener, from {peers:,} peer{'s' if peers > 1 else ''}"
        return Workload(f"many-{peers}", title, "s", f"share-{peers}", lambda: [b"x" * 64] * share, crowd, [
            Contender("ductworks", ["DUCTWORKS", "listen", "-k", "-f", "raw", "--max-conns", places, "SOCK"]),
            Contender("socat fork", ["socat", "-u", "UNIX-LISTEN:SOCK,fork,backlog=1024", "STDOUT"]),
            Contender("ncat -k", ["ncat", "-k", "--recv-only", "-m", places, "-l", "-U", "SOCK"]),
        ], peers)

    ncat = Contender("ncat", ["ncat", "--send-only", "-U", "SOCK"], ["ncat", "--recv-only", "-l", "-U", "SOCK"])
    whole = [ours("whole", "--max-message-size", f"{max(mib, 64)}MiB")]
    frame = [ours("frame"), multiprocessing(mib, MIB)]
    header = b"\x54" + MIB.to_bytes(4, "big")
    return [
        lines("raw", socat(1.5), socat(0.8, 262144), ncat, multiprocessing(count, part=20)),
        lines("text", socat(1.2)),
        Workload("json", f"{docs:,} documents of 94 bytes, `json`", "s", "documents", lambda: documents(docs), either, [
            ours("json"),
            Contender("jq -c ., no socket", ["jq", "-c", "."], reach=20),
            Contender("Python's json loads and dumps, no socket", ["PYTHON", "-c", JSON_LOOP], reach=25),
        ]),
        large("whole", False, f"one payload of {mib:,} MiB", b"", *whole),
        large("whole", True, f"one payload of {mib:,} MiB", b"", *whole),
        large("frame", False, f"{mib:,} payloads of 1 MiB", header, *frame),
        large("frame", True, f"{mib:,} payloads of 1 MiB", header, *frame),
        Workload("round-trip", f"round trip of 64 bytes, mean of {trips:,}", "µs", "request", request, round_trip, [
            Contender("ductworks", ["DUCTWORKS", "connect", "-f", "raw", "SOCK"]),
            Contender("socat", ["socat", "STDIO", "UNIX-CONNECT:SOCK"], reach=1),
            Contender("ncat", ["ncat", "-U", "SOCK"]),
            Contender("multiprocessing.connection", ["PYTHON", "-c", MP_ASK, "SOCK"]),
        ], trips),
        Workload("start", f"start, connect, send, end; median of {starts}", "ms", "message", one, start_to_end, [
            Contender("ductworks", ["DUCTWORKS", "connect", "-m", "x", "-f", "raw", "--send-only", "SOCK"]),
            Contender("socat", ["socat", "-u", "STDIN", "UNIX-CONNECT:SOCK"], reach=1),
            Contender("ncat", ["ncat", "--send-only", "-U", "SOCK"], reach=15),
            Contender("python3, multiprocessing.connection", ["PYTHON", "-c", MP_ONE, "SOCK"], reach=15),
            Contender("python3, plain socket", ["PYTHON", "-c", PLAIN_ONE, "SOCK"], reach=15),
            Contender("true (what any program costs here)", ["true"]),
        ], starts),
        *map(many, [1, 10, 100, 1000]),
    ]
