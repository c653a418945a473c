"""Themes: legible, and never colour alone."""

import pytest
from textual.color import Color

from kube_tui.rows.row import Tone
from kube_tui.theme import PALETTES, Palette
from kube_tui.widgets.resource_table import _GLYPHS

EVERY = [pytest.param(palette, id=palette.name) for palette in PALETTES]


@pytest.mark.parametrize("palette", EVERY)
@pytest.mark.parametrize("ground", ["ground", "surface", "cursor"])
def test_every_tone_can_be_read_on_every_ground(palette: Palette, ground: str) -> None:
    behind = Color.parse(getattr(palette, ground))

    for tone, colour in palette.tones.items():
        contrast = _contrast(behind, Color.parse(colour))
        assert contrast >= 4.5, f"{tone} on {ground}: {contrast:.2f}"


def _contrast(one: Color, other: Color) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    def channel(value: int) -> float:
        share = value / 255
        return float(share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4)

    return 0.2126 * channel(colour.r) + 0.7152 * channel(colour.g) + 0.0722 * channel(colour.b)


@pytest.mark.parametrize("palette", EVERY)
def test_every_palette_gives_every_tone_a_colour(palette: Palette) -> None:
    assert set(palette.tones) == set(Tone)


def test_what_asks_for_a_look_has_a_glyph_too() -> None:
    assert set(_GLYPHS) == {Tone.BROKEN, Tone.ATTENTION, Tone.BUSY}
