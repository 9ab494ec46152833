"""Satisfaction codes: the two norms count in opposite directions, and neither may leak into the other."""

import pytest

from adapters.rating.norms import (
    GBT_39046,
    NATIONAL,
    NATIONAL_CHANNEL,
    from_gbt_39046,
    from_national,
)
from conf.rating_tags import LEVEL_NAMES, TAGS
from conf.terms import Channel, Satisfaction


@pytest.mark.parametrize(
    ("level", "national", "gbt"),
    [
        (Satisfaction.VERY_GOOD, "5", "1"),
        (Satisfaction.GOOD, "4", "2"),
        (Satisfaction.FAIR, "3", "3"),
        (Satisfaction.BAD, "2", "4"),
        (Satisfaction.VERY_BAD, "1", "5"),
    ],
)
def test_both_norms_map_there_and_back(level: Satisfaction, national: str, gbt: str) -> None:
    assert (NATIONAL[level], GBT_39046[level]) == (national, gbt)
    assert from_national(national) is from_gbt_39046(gbt) is level


def test_a_code_no_norm_has_is_refused() -> None:
    for code in ("0", "6", "", "五"):
        with pytest.raises(KeyError):
            from_national(code)
        with pytest.raises(KeyError):
            from_gbt_39046(code)


def test_every_channel_has_a_code_and_kiosk_is_another_hall_terminal() -> None:
    assert set(NATIONAL_CHANNEL) == set(Channel)
    assert (NATIONAL_CHANNEL[Channel.PC], NATIONAL_CHANNEL[Channel.MOBILE], NATIONAL_CHANNEL[Channel.KIOSK]) == (
        "1",
        "2",
        "5",
    )


def test_tags_belong_to_their_level_by_the_first_digit() -> None:
    assert set(TAGS) == set(LEVEL_NAMES) == set(Satisfaction)
    for level, tags in TAGS.items():
        assert {code[0] for code in tags} == {NATIONAL[level]}
