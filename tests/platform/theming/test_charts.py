from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from stoa.theming import charts, drawing


@pytest.mark.parametrize(
    "drawn",
    [
        charts.sparkline([1, 3, 2], label="a < b & c"),
        charts.sparkline([Decimal(5), Decimal(5), Decimal(5)]),
        charts.bars([1, -2, 3], ["<b>", "&", '"'], label="x"),
        charts.bars([0]),
        charts.line([1, 2, 3], ["a", "b"]),
        charts.share(3, 4, label="3 of 4"),
        charts.share(1, 0),
    ],
)
def test_a_chart_is_well_formed_whatever_it_is_told(drawn: str) -> None:
    ET.fromstring(drawn)

    assert "nan" not in drawn
    assert "inf" not in drawn


def test_too_few_values_draw_nothing() -> None:
    assert charts.sparkline([1]) == ""
    assert charts.line([]) == ""
    assert charts.bars([]) == ""


def test_negative_bars_hang_below_the_line() -> None:
    bars = ET.fromstring(charts.bars([2, -2])).findall("{http://www.w3.org/2000/svg}rect")

    first, second = (float(bar.get("y", "0")) for bar in bars)
    assert first < second


def test_a_charts_numbers_cannot_leave_their_attribute() -> None:
    text = str(drawing.chart_json([1], [{"label": "'><script>&", "values": [Decimal("1.5")]}]))

    assert "'" not in text
    assert "<" not in text
    assert '"values":[1.5]' in text
