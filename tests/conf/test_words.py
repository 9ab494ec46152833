"""Comparable Chinese text, masks and register codes, on the values the standards and the register itself give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import han, masks
from conf.codes import (
    is_citizen_id,
    is_old_citizen_id,
    is_reg_no,
    is_uscc,
    make_citizen_id,
    make_reg_no,
    make_uscc,
)

VALID_USCC = [
    "91350100M000100Y43",
    "91110000600037341L",
    "9144030071526726XG",
    "914403001922038216",
    "91440101633203772F",
    "914401067577994088",
    "91440106MAC14MY400",
    "91440106MA5TEXT11M",
    "91440106MA9W00010Y",
    "92440106MA9W00029Q",
]


@pytest.mark.parametrize("code", VALID_USCC)
def test_a_valid_credit_code_is_taken_and_every_single_slip_is_not(code: str) -> None:
    assert is_uscc(code)
    for at in range(18):
        for wrong in "0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZ":
            if wrong != code[at]:
                assert not is_uscc(code[:at] + wrong + code[at + 1 :])


@pytest.mark.parametrize(
    "code",
    [
        "91310115MA1G4L1WXK",
        "91440106MA9P4Q2R8S",
        "91440106MA5P3QRS06",
        "91350100M000100Y4Z",
        "91440106ma9w00010y",
        " 91440106MA9W00010Y",
        "91440106-MA9W00010Y",
        "９1440106MA9W00010Y",
        "91440106MA9W00010Y\n",
        "",
    ],
)
def test_what_only_looks_like_a_credit_code_is_not_one(code: str) -> None:
    assert not is_uscc(code)


@given(number=st.integers(0, 999_999), kind=st.sampled_from("1239"))
def test_a_completed_code_is_valid(number: int, kind: str) -> None:
    assert is_uscc(make_uscc(f"MA{number:06d}", kind=kind))
    assert is_reg_no(make_reg_no(f"44010600{number:06d}"))
    assert is_citizen_id(make_citizen_id(f"44010619900101{number % 1000:03d}"))


def test_registration_numbers_of_the_standard() -> None:
    for number in ("110108000000016", "440301103097413", "440106000000010", "440106400000016", "440106600000019"):
        assert is_reg_no(number)
    for number in ("440101000000019", "44010600000001", "4401060000000100", "44010600000001X"):
        assert not is_reg_no(number)


def test_citizen_ids_of_the_standard() -> None:
    for number in ("11010519491231002X", "440524188001010014", "440106199001010013", "440106198502280025"):
        assert is_citizen_id(number)
    for number in ("11010519491231002x", "110105194912310021", "440106199002300013", "44010619900101001", ""):
        assert not is_citizen_id(number)
    assert is_old_citizen_id("440106850228002")
    assert not is_old_citizen_id("440106850230002")


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("张三", "*三"),
        ("张三丰", "**丰"),
        ("欧阳修", "**修"),
        ("欧阳娜娜", "***娜"),
        ("阿卜杜拉·买买提", "****·**提"),
        ("John Smith", "J*********"),
        ("王", "*"),
        ("林𠮷", "*𠮷"),
        ("", ""),
    ],
)
def test_a_masked_name(full: str, shown: str) -> None:
    assert masks.name(full) == shown


def test_masked_numbers_and_addresses() -> None:
    assert masks.id_number("440106199001010013") == "440***********0013"
    assert masks.id_number("11010519491231002X") == "110***********002X"
    assert masks.id_number("440106850228002") == "440********8002"
    assert masks.id_number("E12345678") == "E1*****78"
    assert masks.id_number("91440106MA9W00010Y") == "91440106MA9W00010Y"
    assert masks.phone("13800138000") == "138****8000"
    assert masks.phone("+8613800138000") == "138****8000"
    assert masks.phone("020-38622222") == "**********22"
    assert masks.mail("zhang@example.cn") == "z***@example.cn"
    assert masks.mail("nonsense") == "***"
    assert masks.address("广东省广州市天河区五山街道样例路1号2房") == "广东省广州市天河区五山街道****"
    assert masks.address("广州市天河区") == "广州市****"
    assert masks.address("某处") == "****"


@given(text=st.text(max_size=30))
def test_a_mask_never_shows_a_whole_number_phone_or_home(text: str) -> None:
    """What holds a star may be a mask already ("*00"): what would be hidden is hidden, so it may stay as it is."""
    for mask in (masks.phone, masks.mail, masks.address):
        assert not text.strip() or mask(text) != text.strip() or "*" in text


def test_a_mask_masked_again_shows_no_more() -> None:
    assert masks.phone("100") == masks.phone("*00") == "*00"
    assert masks.phone("138****8000") == "*********00"
    assert masks.mail("z***@example.cn") == "z***@example.cn"


@given(text=st.text(max_size=40))
def test_comparable_text_is_stable_and_its_places_point_back(text: str) -> None:
    plain = han.plain(text)
    assert han.plain(plain.replace("有限责任公司", "")) == plain.replace("有限责任公司", "") or "有限" in plain
    folded, places = han.places(text)
    assert folded == plain
    assert len(places) == len(plain)
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("廣州市天河區騰龍軟件（集團）有限責任公司", "广州市天河区腾龙软件(集团) 有限公司"),
        ("ＡＢＣ　科技", "abc科技"),
        ("Café·KTV", "cafektv"),
        ("㈱样例", "株样例"),
    ],
)
def test_spellings_that_make_no_difference(one: str, other: str) -> None:
    assert han.plain(one) == han.plain(other)


@pytest.mark.parametrize(
    ("name", "trade_name"),
    [
        ("广州市天河区腾龙软件有限公司", "腾龙软件有限公司"),
        ("广州天河软件有限公司", "天河软件有限公司"),
        ("广东腾龙有限公司", "腾龙有限公司"),
        ("广州市天河区石牌街老王餐饮店", "老王餐饮店"),
        ("腾龙（广州）有限公司", "腾龙广州有限公司"),
        ("广州", "广州"),
    ],
)
def test_where_the_trade_name_starts(name: str, trade_name: str) -> None:
    plain = han.plain(name)
    assert plain[han.trade_name_start(plain) :] == trade_name


def test_rare_characters_and_names_of_people_are_told() -> None:
    assert [han.is_rare(char) for char in "䶮㛃𠮷天鑫a1"] == [True, True, True, False, False, False, False]
    assert [han.looks_like_person(text) for text in ("王明", "欧阳修", "软件", "王", "王明a")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert han.words("天河 软件，天河　(广州)") == ("天河", "软件", "广州")
