"""The box around a point: it holds every place within the distance, at the poles and the antimeridian too."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplan_service.access.facts import Facts
from careplan_service.access.holds import Version, World, holds
from careplan_service.access.labels import UNLABELLED
from careplan_service.errors import Malformed
from careplan_service.resources.params import near

NEAR = near("near", "position")
_RADIUS = 6371.0088


def finds(text: str, latitude: float, longitude: float) -> bool:
    """Whether the query finds a Location there."""
    position = {"latitude": Decimal(str(latitude)), "longitude": Decimal(str(longitude))}
    none: frozenset[str] = frozenset()
    rows = tuple(NEAR.facts("Location", {"position": position}, ""))
    version = Version(Facts("Location", "", none, UNLABELLED, none, none, none, rows), "1", 0, "")
    return holds(NEAR.asked("Location", "", text, ""), version, World({}))


CASES = [
    ("42.25|-83.70", (42.3, -83.7), (43.0, -83.7)),
    ("42.25|-83.70|10|km", (42.3, -83.65), (42.25, -83.5)),
    ("42.25|-83.70|10", (42.3, -83.65), (42.25, -83.5)),
    ("42.25|-83.70|10|[mi_us]", (42.25, -83.53), (42.25, -83.4)),
    ("42.25|-83.70|10000|m", (42.3, -83.65), (42.25, -83.5)),
    ("42.25|-83.70||km", (42.3, -83.7), (43.0, -83.7)),
    ("42.25|-83.70|0", (42.25, -83.7), (42.2501, -83.7)),
    ("0|179.9|50", (0, -179.9), (0, 179.0)),
    ("0|-179.9|50", (0, 179.9), (0, -179.0)),
    ("89.9|0|50", (89.8, 180), (88.9, 0)),
    ("0|0|30000", (80, 179), None),
]


@pytest.mark.parametrize(("text", "inside", "outside"), CASES)
def test_what_is_near_and_what_is_not(
    text: str, inside: tuple[float, float], outside: tuple[float, float] | None
) -> None:
    assert finds(text, *inside)
    assert outside is None or not finds(text, *outside)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 360), st.floats(0.001, 5000))
def test_no_place_within_the_distance_is_missed(
    latitude: float, longitude: float, bearing: float, distance: float
) -> None:
    phi, angle, towards = math.radians(latitude), distance * 0.99 / _RADIUS, math.radians(bearing)
    sine = math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(towards)
    there = math.asin(max(-1.0, min(1.0, sine)))
    turned = math.atan2(
        math.sin(towards) * math.sin(angle) * math.cos(phi), math.cos(angle) - math.sin(phi) * math.sin(there)
    )
    east = (longitude + math.degrees(turned) + 540) % 360 - 180
    assert finds(f"{latitude:.9f}|{longitude:.9f}|{distance:.9f}|km", math.degrees(there), east)


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "42|",
        "|42",
        "91|0",
        "0|181",
        "0|0|-1",
        "0|0|1|mile",
        "0|0|1|km|x",
        "x|y",
        "ge42|0",
        "1e400|0",
        "0|0|x",
    ],
)
def test_what_is_no_place_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="near"):
        NEAR.asked("Location", "", text, "")
