"""CPU and memory as cells: amounts in the units people say, and percent of what was asked for."""

from __future__ import annotations

from kube_tui.rows.row import MISSING, Cell, Tone

MEBIBYTE = 1024.0**2
ATTENTION_PERCENT = 80
BROKEN_PERCENT = 95


def cpu_text(cores: float) -> str:
    """Millicores below ten cores, cores above."""
    return f"{cores * 1000:.0f}m" if cores < 10 else f"{cores:.1f}"


def memory_text(size_bytes: float) -> str:
    """Mebibytes below ten gibibytes, gibibytes above."""
    mebibytes = size_bytes / MEBIBYTE
    return f"{mebibytes:.0f}Mi" if mebibytes < 10 * 1024 else f"{mebibytes / 1024:.1f}Gi"


def cpu_cell(cores: float | None) -> Cell:
    """CPU in use, or a dash."""
    return MISSING if cores is None else Cell(cpu_text(cores), cores)


def memory_cell(size_bytes: float | None) -> Cell:
    """Memory in use, or a dash."""
    return MISSING if size_bytes is None else Cell(memory_text(size_bytes), size_bytes)


def percent_cell(used: float | None, of: float, *, is_limit: bool = False) -> Cell:
    """Used in percent of a request or limit; a limit that is nearly reached asks for attention.

    A dash where nothing was asked for: that is not 0 %.
    """
    if used is None or of <= 0:
        return MISSING
    percent = 100 * used / of
    tone = Tone.WELL
    if is_limit and percent >= ATTENTION_PERCENT:
        tone = Tone.BROKEN if percent >= BROKEN_PERCENT else Tone.ATTENTION
    return Cell(f"{percent:.0f}", percent, tone)
