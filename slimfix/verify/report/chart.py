"""The layers of both images as two bars on one scale: inline SVG, and what it shows in words."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from slimfix.verify.archive import Image
from slimfix.verify.findings import Comparison
from slimfix.verify.report import layer_name, shared_layers, size

_WIDTH = 900.0
_LEFT = 70.0
_BAR = 56.0
_ROOM = 96.0
"""At the right end of a bar, for its total."""


def chart(found: Comparison) -> str:
    """An SVG element; each layer is a piece of its bar, wide as it is large."""
    assert found.after is not None
    before, after = found.before.image, found.after.image
    shared = shared_layers(found)
    largest = max(before.size, after.size, 1)
    scale = (_WIDTH - _LEFT - _ROOM) / largest
    words = f"Before {size(before.size)} in {len(before.layers)} layers, "
    words += f"after {size(after.size)} in {len(after.layers)} layers; {shared} layers are in both."
    parts = [
        f'<svg role="img" aria-labelledby="chart-title chart-words" viewBox="0 0 {_WIDTH:g} 210">',
        '<title id="chart-title">Layers before and after</title>',
        f'<desc id="chart-words">{escape(words)}</desc>',
        *_bar("Before", before, shared, scale, 10, "before"),
        *_bar("After", after, shared, scale, 86, "after"),
        *_axis(largest, scale, 156),
        *_legend(190),
        "</svg>",
    ]
    return "\n".join(parts)


def _bar(name: str, image: Image, shared: int, scale: float, top: float, kind: str) -> Iterator[str]:
    yield f'<text x="0" y="{top + _BAR / 2 + 5:g}">{name}</text>'
    at = _LEFT
    for number, layer in enumerate(image.layers):
        wide = layer.size * scale
        colour = "shared" if number < shared else kind
        told = escape(f"{size(layer.size)}: {layer_name(layer, 200)}")
        yield (
            f'<rect class="{colour}" x="{at:.1f}" y="{top:g}" width="{wide:.1f}" height="{_BAR:g}">'
            f"<title>{told}</title></rect>"
        )
        at += wide
    yield f'<text x="{at + 8:.1f}" y="{top + _BAR / 2 + 5:g}">{size(image.size)}</text>'


def _axis(largest: int, scale: float, top: float) -> Iterator[str]:
    yield f'<line class="axis" x1="{_LEFT:g}" x2="{_WIDTH - _ROOM:g}" y1="{top - 8:g}" y2="{top - 8:g}"/>'
    for share in (0, 0.25, 0.5, 0.75, 1):
        at = _LEFT + largest * share * scale
        anchor = "start" if share == 0 else "middle"
        yield f'<text x="{at:.1f}" y="{top + 9:g}" text-anchor="{anchor}">{size(int(largest * share))}</text>'


def _legend(top: float) -> Iterator[str]:
    at = _LEFT
    for kind, words in (("shared", "layers in both"), ("before", "only before"), ("after", "only after")):
        yield f'<rect class="{kind}" x="{at:g}" y="{top:g}" width="14" height="14"/>'
        yield f'<text x="{at + 20:g}" y="{top + 12:g}">{words}</text>'
        at += 150
