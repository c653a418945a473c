"""Meanings to colours: the themes that ship, and the variables that others fall back to.

Widgets style `$tone-broken` and its five siblings in their own CSS; a theme says how they look.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.theme import Theme

from kube_tui.rows.row import Tone


@dataclass(frozen=True, slots=True)
class Palette:
    """All colours of one theme."""

    name: str
    dark: bool
    ground: str
    surface: str
    cursor: str
    text: str
    accent: str
    tones: dict[Tone, str]
    production: str

    def theme(self) -> Theme:
        """As Textual takes it."""
        variables = {f"tone-{tone.value}": colour for tone, colour in self.tones.items()}
        variables |= {
            "cursor-ground": self.cursor,
            "production": self.production,
            "scrollbar": self.surface,
            "scrollbar-background": self.ground,
            "scrollbar-hover": self.tones[Tone.QUIET],
            "scrollbar-active": self.tones[Tone.QUIET],
            "scrollbar-corner-color": self.ground,
            "input-cursor-background": self.text,
            "button-focus-text-style": "bold",
        }
        return Theme(
            name=self.name,
            primary=self.accent,
            secondary=self.tones[Tone.BUSY],
            accent=self.accent,
            foreground=self.text,
            background=self.ground,
            surface=self.surface,
            panel=self.surface,
            boost=self.cursor,
            warning=self.tones[Tone.ATTENTION],
            error=self.tones[Tone.BROKEN],
            success=self.tones[Tone.DONE],
            dark=self.dark,
            variables=variables,
        )


NIGHT = Palette(
    name="night",
    dark=True,
    ground="#11151a",
    surface="#1a2027",
    cursor="#26313d",
    text="#d5dae0",
    accent="#7cc4d8",
    tones={
        Tone.WELL: "#d5dae0",
        Tone.BUSY: "#79b0f2",
        Tone.ATTENTION: "#e3b457",
        Tone.BROKEN: "#ff7b72",
        Tone.DONE: "#83b88d",
        Tone.QUIET: "#94a0ac",
    },
    production="#ff9e64",
)
DAY = Palette(
    name="day",
    dark=False,
    ground="#fbfaf7",
    surface="#eeece6",
    cursor="#dde6ee",
    text="#22272e",
    accent="#00697a",
    tones={
        Tone.WELL: "#22272e",
        Tone.BUSY: "#1257a8",
        Tone.ATTENTION: "#7f4f00",
        Tone.BROKEN: "#b3151f",
        Tone.DONE: "#2c6238",
        Tone.QUIET: "#5d666f",
    },
    production="#9a3a00",
)
CONTRAST = Palette(
    name="contrast",
    dark=True,
    ground="#000000",
    surface="#1c1c1c",
    cursor="#333399",
    text="#ffffff",
    accent="#66ffff",
    tones={
        Tone.WELL: "#ffffff",
        Tone.BUSY: "#99ccff",
        Tone.ATTENTION: "#ffff66",
        Tone.BROKEN: "#ff9999",
        Tone.DONE: "#99ff99",
        Tone.QUIET: "#d0d0d0",
    },
    production="#ffb366",
)
PLAIN = Palette(
    name="plain",
    dark=True,
    ground="#121212",
    surface="#1e1e1e",
    cursor="#383838",
    text="#d8d8d8",
    accent="#ffffff",
    tones={
        Tone.WELL: "#d8d8d8",
        Tone.BUSY: "#d8d8d8",
        Tone.ATTENTION: "#ffffff",
        Tone.BROKEN: "#ffffff",
        Tone.DONE: "#b4b4b4",
        Tone.QUIET: "#a4a4a4",
    },
    production="#ffffff",
)
PALETTES = (NIGHT, DAY, CONTRAST, PLAIN)

FALLBACK_VARIABLES = {
    name: value
    for name, value in NIGHT.theme().variables.items()
    if name.startswith(("tone-", "cursor-", "production"))
}
"""For themes of others, which know nothing of tones."""
