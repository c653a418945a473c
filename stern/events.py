"""The + and - lines on stderr: which streams begin and end. Pure."""

from __future__ import annotations

from stern.palette import EVENT_END, EVENT_START, Palette
from stern.target import Target


def event_line(target: Target, palette: Palette, *, is_start: bool, show_namespace: bool) -> str:
    """`+ pod › container`, in the target's colours."""
    pair = palette.pair(target.pod, target.container)
    sign = palette.color(EVENT_START).wrap_text("+")
    if not is_start:
        sign = palette.color(EVENT_END).wrap_text("-")
    words = [sign]
    if target.context:
        words.append(pair.pod.wrap_text(target.context))
    if show_namespace:
        words.append(pair.pod.wrap_text(target.namespace))
    words += [pair.pod.wrap_text(target.pod), "›", pair.container.wrap_text(target.container)]
    return f"{' '.join(words)}\n"
