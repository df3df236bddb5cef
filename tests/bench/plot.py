"""Lines over time on a logarithmic scale, as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 960, 480
LEFT, RIGHT, TOP, BOTTOM = 80, 230, 40, 50
COLOURS = ("#7a7a7a", "#c0392b", "#2166ac", "#e08214", "#1b7837", "#762a83")


def svg(title: str, x_label: str, y_label: str, lines: Mapping[str, Points]) -> str:
    """One line for each name: x linear, y logarithmic. A y of 0 or less cannot be drawn and is left out."""
    drawn = {name: [(x, y) for x, y in points if y > 0] for name, points in lines.items()}
    everything = [point for points in drawn.values() for point in points] or [(0.0, 1.0), (1.0, 10.0)]
    low_x, high_x = min(x for x, _ in everything), max(x for x, _ in everything)
    low_y = math.floor(math.log10(min(y for _, y in everything)))
    high_y = max(low_y + 1, math.ceil(math.log10(max(y for _, y in everything))))

    def at_x(x: float) -> float:
        return LEFT + (x - low_x) / ((high_x - low_x) or 1) * (WIDTH - LEFT - RIGHT)

    def at_y(y: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(y) - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, TOP - 18, title, size=15),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, anchor="middle"),
        f'<g transform="rotate(-90 20 {HEIGHT / 2})">{_text(20, HEIGHT / 2, y_label, anchor="middle")}</g>',
    ]
    for power in range(low_y, high_y + 1):
        y = at_y(10.0**power)
        parts += [_line(LEFT, y, WIDTH - RIGHT, y), _text(LEFT - 8, y + 4, f"{10.0**power:,g}", anchor="end")]
    for x in _ticks(low_x, high_x):
        parts += [
            _line(at_x(x), TOP, at_x(x), HEIGHT - BOTTOM),
            _text(at_x(x), HEIGHT - BOTTOM + 18, f"{x:g}", anchor="middle"),
        ]
    for number, (name, points) in enumerate(drawn.items()):
        colour, y = COLOURS[number % len(COLOURS)], TOP + 10 + 20 * number
        path = " ".join(f"{at_x(px):.1f},{at_y(py):.1f}" for px, py in points)
        parts += [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            f'<rect x="{WIDTH - RIGHT + 12}" y="{y - 6}" width="16" height="4" fill="{colour}"/>',
            _text(WIDTH - RIGHT + 34, y, name),
        ]
    return "\n".join([*parts, "</svg>", ""])


def _ticks(low: float, high: float) -> list[float]:
    """About eight round values between the two."""
    rough = (high - low) / 8 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
