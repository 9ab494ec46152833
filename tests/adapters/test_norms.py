"""Code tables: two norms count satisfaction and kinds of case in opposite directions; neither leaks into the other."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rating.norms import (
    CHANNELS,
    GBT_39046,
    GBT_39046_CASE,
    NATIONAL,
    NATIONAL_CASE,
    CaseKind,
    case_from_gbt_39046,
    case_from_national,
    channel_code,
    channel_of,
    from_gbt_39046,
    from_national,
)
from conf.rating_tags import LEVEL_NAMES, TAGS
from conf.settings import SettingsError, load_settings
from conf.terms import Channel, Satisfaction

VISITORS = (Channel.PC, Channel.MOBILE, Channel.KIOSK)
TABLES: list[tuple[type[Enum], dict[Any, str], Callable[[str], Any]]] = [
    (Satisfaction, NATIONAL, from_national),
    (Satisfaction, GBT_39046, from_gbt_39046),
    (CaseKind, NATIONAL_CASE, case_from_national),
    (CaseKind, GBT_39046_CASE, case_from_gbt_39046),
]


def codes(text: str) -> dict[str, str]:
    return load_settings(rating_channels=text).rating_channel_codes


@given(st.sampled_from(TABLES), st.data())
def test_every_table_is_whole_and_goes_there_and_back(table: tuple[Any, Any, Any], data: st.DataObject) -> None:
    terms, to_code, from_code = table
    term = data.draw(st.sampled_from(list(terms)))
    assert set(to_code) == set(terms)
    assert from_code(to_code[term]) is term
    code = data.draw(st.sampled_from(sorted(to_code.values())))
    assert to_code[from_code(code)] == code


@given(st.sampled_from(Satisfaction), st.sampled_from(Satisfaction))
def test_a_better_level_is_the_larger_code_nationally_and_the_smaller_in_the_standard(
    one: Satisfaction, other: Satisfaction
) -> None:
    assert (one < other) == (int(NATIONAL[one]) < int(NATIONAL[other])) == (int(GBT_39046[one]) > int(GBT_39046[other]))


@given(st.sampled_from(Satisfaction))
def test_a_code_read_by_the_wrong_norm_is_the_opposite_level(level: Satisfaction) -> None:
    mirrored = from_gbt_39046(NATIONAL[level])
    assert int(level) + int(mirrored) == 6
    assert from_national(GBT_39046[level]) is mirrored


def test_the_tables_stand_as_the_norms_print_them() -> None:
    words = ("非常满意", "满意", "基本满意", "不满意", "非常不满意")
    assert [LEVEL_NAMES[from_national(code)] for code in "54321"] == list(words)
    assert [LEVEL_NAMES[from_gbt_39046(code)] for code in "12345"] == list(words), "GB/T 39046 A.8"
    assert (case_from_gbt_39046("1"), case_from_gbt_39046("2")) == (CaseKind.ON_THE_SPOT, CaseKind.PROMISED), "A.6"
    assert (case_from_national("1"), case_from_national("2")) == (CaseKind.PROMISED, CaseKind.ON_THE_SPOT)


@given(st.text(max_size=3).filter(lambda code: code not in set("12345")))
def test_a_code_no_norm_has_is_refused(code: str) -> None:
    for read in (from_national, from_gbt_39046, case_from_national, case_from_gbt_39046):
        with pytest.raises(KeyError):
            read(code)


# -- channels (national `pf`, GB/T 39046 table 9): a setting, since provinces differ


def test_the_usual_channel_codes_are_those_of_the_list() -> None:
    usual = load_settings().rating_channel_codes
    names = [CHANNELS[channel_code(usual, each)] for each in VISITORS]
    assert names == ["PC端", "移动端", "政务大厅其他终端"]
    assert channel_code(usual, Channel.WORKER) == channel_code(usual, Channel.PC)
    assert channel_code(usual, Channel.MOBILE, is_default=True) == "2", "no code of its own for default ratings"


def test_a_differing_list_has_its_own_code_for_default_ratings() -> None:
    zhejiang = codes("pc=1, mobile=2,kiosk=4,default=7")
    assert channel_code(zhejiang, Channel.KIOSK) == "4"
    assert channel_code(zhejiang, Channel.MOBILE, is_default=True) == "7"
    assert channel_code(zhejiang, Channel.MOBILE) == "2"
    assert channel_of(zhejiang, "7") is Channel.COUNTERPART, "default is no channel a visitor came by"


NUMBERS = st.integers(0, 99).map(str)


@given(st.lists(NUMBERS, min_size=3, max_size=3, unique=True))
def test_channels_go_there_and_back_in_any_list(three: list[str]) -> None:
    made = codes(",".join(f"{channel.value}={code}" for channel, code in zip(VISITORS, three, strict=True)))
    assert [channel_of(made, channel_code(made, channel)) for channel in VISITORS] == list(VISITORS)


@given(NUMBERS.filter(lambda code: code not in ("1", "2", "5")))
def test_a_channel_we_do_not_have_is_the_counterparts(code: str) -> None:
    assert channel_of(load_settings().rating_channel_codes, code) is Channel.COUNTERPART


@pytest.mark.parametrize(
    "text",
    ["", "pc=1,mobile=2", "pc=1,mobile=2,kiosk=", "pc=1,mobile=2,kiosk=五", "pc=1,mobile=2,kiosk=555",
     "pc=1,mobile=2,kiosk=5,fax=6", "pc=1,mobile=2,kiosk=5,pc=3", "pc:1,mobile=2,kiosk=5"],
)  # fmt: skip
def test_a_list_that_cannot_be_meant_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(rating_channels=text)
    assert "EQICHA_RATING_CHANNELS" in str(caught.value)


def test_tags_belong_to_their_level_by_the_first_digit() -> None:
    assert set(TAGS) == set(LEVEL_NAMES) == set(Satisfaction)
    for level, tags in TAGS.items():
        assert {code[0] for code in tags} == {NATIONAL[level]}
