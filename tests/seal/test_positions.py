"""Places of a seal in our units and the platform's: what is asked for in millimetres is what is meant in points."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.seal import KeywordPlace, SealPlace, SeamPlace
from adapters.seal.positions import A4_MM, from_platform, marks, points, to_platform

WIDTH, HEIGHT = 595.28, 841.89  # A4 in points
sizes = st.floats(5, 80)


@st.composite
def places(draw: Any) -> SealPlace:
    """Seals that lie within an upright A4 page."""
    w, h = draw(sizes), draw(sizes)
    x, y = draw(st.floats(0, A4_MM[0] - w)), draw(st.floats(0, A4_MM[1] - h))
    return SealPlace(page=draw(st.integers(1, 500)), x_mm=x, y_mm=y, w_mm=w, h_mm=h)


@given(places())
def test_there_and_back_is_the_same_place(place: SealPlace) -> None:
    back = from_platform(to_platform(place))
    assert isinstance(back, SealPlace)
    assert back.page == place.page
    for name in ("x_mm", "y_mm", "w_mm", "h_mm"):
        assert getattr(back, name) == pytest.approx(getattr(place, name), abs=0.01)


@given(places())
def test_what_lies_on_the_page_lies_on_it_in_points(place: SealPlace) -> None:
    asked = to_platform(place)
    assert asked["page"] == place.page - 1
    assert -0.01 <= asked["x"] <= asked["x"] + asked["width"] <= WIDTH + 0.02
    assert -0.01 <= asked["y"] <= asked["y"] + asked["height"] <= HEIGHT + 0.02


@given(places(), st.floats(1, 50))
def test_further_down_for_us_is_a_lower_number_for_the_platform(place: SealPlace, more: float) -> None:
    lower = SealPlace(page=place.page, x_mm=place.x_mm, y_mm=place.y_mm + more, w_mm=place.w_mm, h_mm=place.h_mm)
    before, after = to_platform(place), to_platform(lower)
    assert before["y"] - after["y"] == pytest.approx(more * 72 / 25.4, abs=0.02)
    assert before["x"] == after["x"]


@given(st.floats(-50, 50), st.floats(-50, 50), st.sampled_from(["first", "last"]), sizes)
def test_a_keyword_s_distance_goes_there_and_back(dx: float, dy: float, which: Any, size: float) -> None:
    place = KeywordPlace(text="（盖章）", which=which, dx_mm=dx, dy_mm=dy, w_mm=size, h_mm=size)
    asked, back = to_platform(place), from_platform(to_platform(place))
    assert isinstance(back, KeywordPlace)
    assert (back.text, back.which) == (place.text, which)
    assert (back.dx_mm, back.dy_mm) == (pytest.approx(dx, abs=0.01), pytest.approx(dy, abs=0.01))
    assert asked["offset_y"] * dy <= 0, "down for us is negative for the platform"


@given(st.floats(0, 250), st.integers(1, 500))
def test_the_strips_across_the_edges_make_one_seal(y: float, pages: int) -> None:
    place = SeamPlace(y_mm=y)
    found = marks(place, pages=pages)
    assert [mark.page for mark in found] == list(range(pages))
    assert sum(mark.width for mark in found) == pytest.approx(points(40), rel=1e-6)
    assert {round((mark.left or 0) + mark.width, 2) for mark in found} == {points(210)}, "each ends at the right edge"
    back = from_platform(to_platform(place))
    assert isinstance(back, SeamPlace)
    assert back.y_mm == pytest.approx(y, abs=0.01)


def test_the_place_of_the_certificate_sheet_in_the_platform_s_words() -> None:
    """The example of docs/protocols/eseal.md, worked out by hand."""
    assert to_platform(SealPlace(page=1, x_mm=138, y_mm=206)) == {
        "type": "coordinate",
        "page": 0,
        "x": 391.18,
        "y": 144.57,
        "width": 113.39,
        "height": 113.39,
    }


def test_an_entry_that_is_no_place_is_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        from_platform({"type": "circle", "y": 0, "width": 10, "height": 10})
