"""Charts drawn on the server as SVG: for mail, for documents, and before the browser's own."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from markupsafe import Markup, escape

Number = Decimal | int | float
_PAD: Final = 2.0


def sparkline(
    values: Sequence[Number],
    *,
    width: int = 120,
    height: int = 32,
    colour: str = "currentColor",
    area: bool = True,
    label: str = "",
) -> Markup:
    """A small line without axes. Fewer than two values draw nothing."""
    if len(values) < 2:
        return Markup("")
    points = _placed(values, width, height)
    line = _path(points)
    filled = ""
    if area:
        filled = (
            f'<path d="{line}L{points[-1][0]:.1f} {height}L{points[0][0]:.1f} {height}Z" '
            f'fill="{escape(colour)}" fill-opacity=".1"/>'
        )
    last = points[-1]
    return _svg(
        width,
        height,
        label,
        f'{filled}<path d="{line}" fill="none" stroke="{escape(colour)}" stroke-width="1.5" '
        'stroke-linejoin="round" stroke-linecap="round" vector-effect="non-scaling-stroke"/>'
        f'<circle cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="2" fill="{escape(colour)}"/>',
        "sparkline",
    )


def bars(
    values: Sequence[Number],
    labels: Sequence[str] = (),
    *,
    width: int = 560,
    height: int = 160,
    colour: str = "currentColor",
    muted: str = "#8a8f98",
    label: str = "",
) -> Markup:
    """Columns from a zero line; negative values hang below it."""
    if not values:
        return Markup("")
    numbers = [float(value) for value in values]
    top, bottom = max(0.0, *numbers), min(0.0, *numbers)
    foot = 18 if labels else 0
    scale = (height - foot - 2 * _PAD) / ((top - bottom) or 1.0)
    zero = _PAD + top * scale
    step = width / len(numbers)
    thick = min(step * 0.62, 44)
    drawn = [_guide(width, zero, muted)]
    for at, value in enumerate(numbers):
        tall = abs(value) * scale
        left = at * step + (step - thick) / 2
        up = zero - tall if value >= 0 else zero
        drawn.append(
            f'<rect x="{left:.1f}" y="{up:.1f}" width="{thick:.1f}" height="{max(tall, 0.5):.1f}" '
            f'rx="2" fill="{escape(colour)}"/>'
        )
    drawn += _foot(labels, [at * step + step / 2 for at in range(len(numbers))], height, muted)
    return _svg(width, height, label, "".join(drawn), "bars")


def line(
    values: Sequence[Number],
    labels: Sequence[str] = (),
    *,
    width: int = 560,
    height: int = 180,
    colour: str = "currentColor",
    muted: str = "#8a8f98",
    label: str = "",
) -> Markup:
    """A line with its area over three quiet guides; `labels` are spread along the foot."""
    if len(values) < 2:
        return Markup("")
    foot = 18 if labels else 0
    points = _placed(values, width, height - foot)
    path = _path(points)
    guides = "".join(
        _guide(width, y, muted) for y in (_PAD, (height - foot) / 2, height - foot - _PAD)
    )
    spread = [
        width * at / max(1, len(labels) - 1) if len(labels) > 1 else width / 2
        for at in range(len(labels))
    ]
    inside = (
        f'{guides}<path d="{path}L{points[-1][0]:.1f} {height - foot}L{points[0][0]:.1f} '
        f'{height - foot}Z" fill="{escape(colour)}" fill-opacity=".08"/>'
        f'<path d="{path}" fill="none" stroke="{escape(colour)}" stroke-width="2" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )
    return _svg(
        width, height, label, inside + "".join(_foot(labels, spread, height, muted)), "line"
    )


def share(
    part: Number, whole: Number, *, width: int = 120, height: int = 6, label: str = ""
) -> Markup:
    """A bar of a part in a whole; styled by the page, so that a tone may colour it."""
    ratio = max(0.0, min(1.0, float(part) / float(whole))) if whole else 0.0
    return _svg(
        width,
        height,
        label,
        f'<rect class="share-track" width="{width}" height="{height}" rx="{height / 2}"/>'
        f'<rect class="share-part" width="{width * ratio:.1f}" height="{height}" '
        f'rx="{height / 2}"/>',
        "share",
    )


def _guide(width: int, y: float, colour: str) -> str:
    return (
        f'<line x1="0" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="{escape(colour)}" '
        'stroke-opacity=".25"/>'
    )


def _placed(values: Sequence[Number], width: float, height: float) -> list[tuple[float, float]]:
    numbers = [float(value) for value in values]
    low, high = min(numbers), max(numbers)
    spread = high - low
    room = height - 2 * _PAD
    across = (width - 2 * _PAD) / (len(numbers) - 1)
    return [
        (
            _PAD + at * across,
            _PAD + room * ((high - value) / spread if spread else 0.5),
        )
        for at, value in enumerate(numbers)
    ]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _foot(labels: Sequence[str], at: Sequence[float], height: int, muted: str) -> list[str]:
    drawn: list[str] = []
    for index, (text, x) in enumerate(zip(labels, at, strict=False)):
        anchor = "middle"
        if len(labels) > 1 and index in (0, len(labels) - 1) and x in (0.0, at[-1]):
            anchor = "start" if index == 0 and x == 0 else "end" if x and x == at[-1] else "middle"
        drawn.append(
            f'<text x="{x:.1f}" y="{height - 4}" font-size="11" fill="{escape(muted)}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )
    return drawn


def _svg(width: int, height: int, label: str, inside: str, kind: str) -> Markup:
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(  # noqa: S704 - every text above is escaped, every number is formatted
        f'<svg class="chart-{kind}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'preserveAspectRatio="none" {told}>{inside}</svg>'
    )
