"""Places near a point: the rectangle of degrees around it. https://hl7.org/fhir/R4/location.html#search"""

from __future__ import annotations

import math
from typing import NamedTuple

from careplan_service.resources.quantities import image, number_asked

LATITUDE, LONGITUDE = "latitude", "longitude"
_KILOMETRES = {"": 1.0, "km": 1.0, "[mi_us]": 1.609347219, "m": 0.001}
_WITHOUT_DISTANCE = 50.0
_KILOMETRES_OF_A_DEGREE = 40_030.0 / 360


class Box(NamedTuple):
    """Ranges of images (`quantities.image`); longitudes are two where the box crosses the antimeridian."""

    latitudes: tuple[int, int]
    longitudes: tuple[tuple[int, int], ...]


def box(parts: list[str]) -> Box:
    """The box of `latitude, longitude, distance, unit`; the last two may be left out. Raises ValueError.

    Without a distance it is 50 km to each side; units are km (if none is given), m and [mi_us]. The
    corners are further away than the distance: a box never misses a place, and shows a few too many.
    """
    if not 2 <= len(parts) <= 4:
        raise ValueError("write latitude|longitude, or latitude|longitude|distance|km")
    latitude, longitude = (_degrees(text, most) for text, most in zip(parts, (90, 180), strict=False))
    unit = parts[3] if len(parts) == 4 else ""
    if unit not in _KILOMETRES:
        raise ValueError(f"`{unit[:80]}` is not a unit of distance here; write km, m or [mi_us]")
    distance = _distance(parts[2]) * _KILOMETRES[unit] if len(parts) > 2 and parts[2] else _WITHOUT_DISTANCE
    height = distance / _KILOMETRES_OF_A_DEGREE
    south, north = latitude - height, latitude + height
    return Box((image(south), image(north)), _longitudes(longitude, height, max(-south, north)))


def _longitudes(middle: float, height: float, furthest: float) -> tuple[tuple[int, int], ...]:
    """Degrees of longitude are shortest on the side of the box that is nearest to a pole."""
    width = height / math.cos(math.radians(furthest)) if furthest < 90 else 360.0
    west, east = middle - width, middle + width
    if east - west >= 360:
        return ((image(-180.0), image(180.0)),)
    if west < -180:
        return ((image(west + 360), image(180.0)), (image(-180.0), image(east)))
    if east > 180:
        return ((image(west), image(180.0)), (image(-180.0), image(east - 360)))
    return ((image(west), image(east)),)


def _degrees(text: str, most: int) -> float:
    number = _number(text)
    if abs(number) > most:
        raise ValueError(f"`{text[:80]}` is not between -{most} and {most} degrees")
    return number


def _distance(text: str) -> float:
    number = _number(text)
    if number < 0:
        raise ValueError(f"`{text[:80]}` is no distance; it is not below 0")
    return number


def _number(text: str) -> float:
    if text[:1].isalpha():
        raise ValueError(f"`{text[:80]}` is not a number; write 42.25 or -83.7, without a prefix")
    return float(number_asked(text)[1])
