"""What all dialogs look like, as CSS that each of them carries."""

from __future__ import annotations

CSS = """
{name} { align: center middle; background: $background 60%; }
{name} > Vertical {
    width: 72; max-width: 96%; height: auto; max-height: 90%;
    padding: 1 2; background: $surface; border: round $tone-quiet;
}
{name} Label { width: 100%; height: auto; }
{name} .sentence { text-style: bold; }
{name} .consequence { color: $tone-attention; margin-top: 1; }
{name} .trouble { color: $tone-broken; }
{name} Horizontal { width: 100%; height: auto; align-horizontal: right; margin-top: 1; }
{name} Button {
    margin-left: 2; min-width: 10; height: 1; border: none; background: $background; color: $text;
    &:focus { background: $accent; color: $background; text-style: bold; }
}
{name} Input { border: none; height: 1; background: $background; padding: 0 1;
    &:focus { border: none; background: $cursor-ground; } }
"""


def dialog_css(name: str) -> str:
    """The rules for one dialog class."""
    return CSS.replace("{name}", name)
