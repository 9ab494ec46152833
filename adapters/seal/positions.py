"""Places of a seal in our units and in the e-seal platform's, both ways; pure functions for remote.py.

Ours: millimetres, from the top left corner, pages from 1, downwards. The platform's (docs/protocols/eseal.md): points,
from the bottom left corner, pages from 0, upwards; a place is the bottom left corner of the seal's picture.
"""

from dataclasses import dataclass
from typing import Any

from adapters.seal import KeywordPlace, Place, SealPlace, SeamPlace

POINTS_PER_MM = 72 / 25.4
A4_MM = (210.0, 297.0)  # the sheets of a copy that a seal stands on are upright A4


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Where a piece of the seal must be found afterwards: page from 0 (None: any), a box in points, its tolerance.

    `left` and `bottom` None: only the size is known beforehand (a keyword's place).
    """

    page: int | None
    left: float | None
    bottom: float | None
    width: float
    height: float


def points(millimetres: float) -> float:
    """To the hundredth, 0.0035 mm: what the platform takes."""
    return round(millimetres * POINTS_PER_MM, 2)


def millimetres(pts: float) -> float:
    return pts / POINTS_PER_MM


def to_platform(place: Place, *, page_mm: tuple[float, float] = A4_MM) -> dict[str, Any]:
    """One entry of the platform's `positions`; `page_mm` is (width, height) of the page."""
    size = {"width": points(place.w_mm), "height": points(place.h_mm)}
    if isinstance(place, SealPlace):
        bottom = page_mm[1] - place.y_mm - place.h_mm
        return {"type": "coordinate", "page": place.page - 1, "x": points(place.x_mm), "y": points(bottom), **size}
    if isinstance(place, KeywordPlace):
        moved = {"offset_x": points(place.dx_mm), "offset_y": points(-place.dy_mm)}
        return {"type": "keyword", "keyword": place.text, "which": place.which, **moved, **size}
    return {"type": "seam", "edge": "right", "y": points(page_mm[1] - place.y_mm - place.h_mm), **size}


def from_platform(position: dict[str, Any], *, page_mm: tuple[float, float] = A4_MM) -> Place:
    """The same place in our units; raises KeyError or ValueError for an entry that is none."""
    width, height = millimetres(position["width"]), millimetres(position["height"])
    if position["type"] == "keyword":
        return KeywordPlace(
            text=position["keyword"],
            which=position["which"],
            dx_mm=millimetres(position["offset_x"]),
            dy_mm=-millimetres(position["offset_y"]),
            w_mm=width,
            h_mm=height,
        )
    top = page_mm[1] - millimetres(position["y"]) - height
    if position["type"] == "seam":
        return SeamPlace(y_mm=top, w_mm=width, h_mm=height)
    if position["type"] != "coordinate":
        raise ValueError(f"no kind of place: {position['type']}")
    return SealPlace(page=position["page"] + 1, x_mm=millimetres(position["x"]), y_mm=top, w_mm=width, h_mm=height)


def marks(place: Place, *, pages: int, page_mm: tuple[float, float] = A4_MM) -> tuple[Mark, ...]:
    """What the sealed file must show, and nothing besides: one mark for each piece of the seal."""
    asked = to_platform(place, page_mm=page_mm)
    if isinstance(place, SealPlace):
        return (_mark(asked, page=asked["page"], left=asked["x"], bottom=asked["y"]),)
    if isinstance(place, KeywordPlace):
        return (_mark(asked, page=None, left=None, bottom=None),)
    strip = asked | {"width": asked["width"] / pages}
    left = points(page_mm[0]) - strip["width"]
    return tuple(_mark(strip, page=page, left=left, bottom=asked["y"]) for page in range(pages))


def _mark(asked: dict[str, Any], *, page: int | None, left: float | None, bottom: float | None) -> Mark:
    return Mark(page=page, left=left, bottom=bottom, width=asked["width"], height=asked["height"])
