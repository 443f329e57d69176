"""What is shown at the end: the table, the machine and the plot."""
from __future__ import annotations

import os
import platform
import re
import shutil
import statistics
import subprocess
from dataclasses import dataclass, field
from html import escape  # xml.sax.saxutils costs 7 MiB, which would raise the floor of lab.Process
from pathlib import Path

from .lab import MIB, ROOT
from .measure import Contender, Workload

MEMORY_TO_STAY_UNDER = 20 * MIB
PACKAGES = {"socat": "socat", "ncat": "ncat", "jq": "jq"}  # command: Debian package


@dataclass
class Result:
    contender: Contender
    times: list[float] = field(default_factory=list)
    peak: int = 0  # bytes; 0 if not known
    error: str = ""

    def median(self) -> float:
        return statistics.median(self.times)


def shown(seconds: float, unit: str) -> str:
    factor, digits = {"s": (1, 3), "ms": (1e3, 2), "µs": (1e6, 1)}[unit]
    return f"{seconds * factor:.{digits}f} {unit}"


def table(measured: list[tuple[Workload, list[Result]]]) -> None:
    missed = []
    # The memory is ductworks' alone, the largest of its processes.
    print("| workload | who | median | min – max | times as fast is ductworks | to reach | reached | memory |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |")
    for workload, results in measured:
        title = workload.title
        own = results[0]
        for result in results:
            name, reach = result.contender.name, result.contender.reach
            cells = [title, name, "failed", "", "", f"{reach:g}" if reach else "", "", ""]
            title = ""
            if not result.error:
                cells[2:4] = [shown(t, workload.unit) for t in (result.median(), min(result.times))]
                cells[3] += f" – {shown(max(result.times), workload.unit)}"
                if result is own:
                    peak = f"{result.peak / MIB:.1f} MiB" if result.peak else "?"
                    fits = result.peak < MEMORY_TO_STAY_UNDER
                    cells[5:] = ["< 20 MiB", "**no**" if not fits else "yes" if result.peak else "?", peak]
                    if not fits:
                        missed.append(f"{workload.name}: {peak} of memory, not under 20")
                elif not own.error:
                    ratio = result.median() / own.median()
                    cells[4] = f"{ratio:.2f}"
                    if reach:
                        cells[6] = "yes" if ratio >= reach else "**no**"
                    if reach and ratio < reach:
                        missed.append(f"{workload.name} against {name}: {ratio:.2f}, not {reach:g}")
            print("| " + " | ".join(cells) + " |")
    print("\nMissed: " + ("; ".join(missed) if missed else "nothing that was measured") + ".")


def missing_peers() -> dict[str, str]:
    """The commands that are not installed, which here are named as their Debian packages are."""
    return {command: package for command, package in PACKAGES.items() if not shutil.which(command)}


def output_of(*command: str) -> str:
    """What a command prints; nothing if it cannot be run, or fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else ""  # ncat says it on stderr


def version_of(command: str) -> str:
    found = re.search(r"\d+(\.\d+)+", output_of(command, "-V" if command == "socat" else "--version"))
    return found.group() if found else "?"


def machine(runs: int, scale: float, load_before: float) -> str:
    cpuinfo = Path("/proc/cpuinfo").read_text(errors="replace")
    model = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    peers = [f"{command} {version_of(command)}" for command in PACKAGES if command not in missing_peers()]
    facts = [
        f"{model.group(1) if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        f"Linux {platform.release()}",
        output_of("go", "version").removeprefix("go version "),
        f"ductworks {output_of('git', 'describe', '--always', '--dirty') or '?'}",
        ", ".join([*peers, f"Python {platform.python_version()}"]),
        f"runs of each: {runs}, interleaved",
        f"load average {load_before:.1f} before and {os.getloadavg()[0]:.1f} after",
    ]
    return "; ".join(facts) + (f"; inputs scaled by {scale:g}" if scale != 1 else "") + "."


def plot(measured: list[tuple[Workload, list[Result]]], note: str) -> str:
    """Bars of speed, the fastest of each workload as long as can be. Its greys are legible on white and on black."""
    left, widest, step, y, parts = 285, 380, 20, 24, []
    for workload, results in measured:
        ended = [r for r in results if not r.error]
        if not ended:
            continue
        best = min(r.median() for r in ended)
        parts.append(f'<text class="title" x="10" y="{y}">{escape(workload.title.replace("`", ""))}</text>')
        for r in ended:
            y += step
            width = max(1.0, widest * best / r.median())
            kind = "ours" if r is results[0] else "theirs"
            name = re.sub(r" \(.*", "", r.contender.name)
            parts.append(f'<text x="{left - 8}" y="{y}" text-anchor="end">{escape(name)}</text>')
            parts.append(f'<rect class="{kind}" x="{left}" y="{y - 11}" width="{width:.1f}" height="14" rx="2"/>')
            parts.append(f'<text x="{left + width + 6:.1f}" y="{y}">{shown(r.median(), workload.unit)}</text>')
        y += step + 16
    legend = f"Bars: speed, longer is better. Figures: median times. {note.partition('; ')[0]}."
    parts.append(f'<text x="10" y="{y}">{escape(legend)}</text>')
    style = ("text{font:12px system-ui,sans-serif;fill:#768390}.title{font-weight:600;font-size:13px}"
             ".ours{fill:#2f81f7}.theirs{fill:#8b949e;opacity:.75}")
    size = f'viewBox="0 0 750 {y + 12}" width="750" height="{y + 12}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="ductworks beside other programs">\n'
            f"<style>{style}</style>\n" + "\n".join(parts) + "\n</svg>\n")
