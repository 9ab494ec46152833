"""The platform's account object as it comes: missing values, extra properties, levels, bodies and sub-accounts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.identity.tyrz_account import flat, identity_from, level_of, levels_of_ways
from conf.terms import AccountKind, IdentityLevel


def a_person(**changes: Any) -> dict[str, Any]:
    return {
        "uid": "u1",
        "cn": "样例甲",
        "useridcode": "code-1",
        "usertype": "1",
        "idcardtype": "10",
        "idcardnumber": "44010619900101001x",
        "telephonenumber": "19900000001",
        "mail": "-1",
        "creditable_level_of_account": "L2",
        "extproperties": [],
    } | changes


def a_body(**changes: Any) -> dict[str, Any]:
    return a_person(usertype=2, cn="广州样例有限公司", idcardtype="49", idcardnumber="91440106MA9W00010Y") | changes


def test_a_natural_person() -> None:
    who = identity_from({"userobj": a_person()})
    assert (who.kind, who.name, who.id_type, who.id_number) == (
        AccountKind.NATURAL,
        "样例甲",
        "身份证",
        "44010619900101001X",
    )
    assert (who.provider, who.subject, who.level) == ("tyrz", "code-1", IdentityLevel.L2)
    assert who.mail == "", "-1 stands for a missing value and must never be taken for one"


def test_a_legal_person_with_its_operator_from_the_extra_properties() -> None:
    who = identity_from({"userobj": a_body(extproperties=["link_person_name=样例乙", "address=-1"])})
    assert (who.kind, who.id_type, who.operator_name) == (AccountKind.LEGAL, "统一社会信用代码", "样例乙")


@pytest.mark.parametrize(
    ("code", "paper"),
    [
        ("49", "统一社会信用代码"),
        ("50", "组织机构代码证"),
        ("51", "营业执照"),
        ("60", "税务登记证"),
        ("80", "其他"),
        ("77", "其他"),
    ],
)
def test_papers_of_bodies(code: str, paper: str) -> None:
    assert identity_from({"userobj": a_body(idcardtype=code)}).id_type == paper


def test_a_sub_account_names_its_main_account() -> None:
    who = identity_from({"userobj": a_body(), "pareobj": {"useridcode": "main-1", "cn": "主账户"}})
    assert (who.subject, who.parent_subject) == ("code-1", "main-1")
    assert identity_from({"userobj": a_body(), "pareobj": None}).parent_subject == ""


def test_extra_properties_split_on_the_first_equals_sign_only_and_never_override() -> None:
    seen = flat({"cn": "甲", "extproperties": ["a=b=c", "cn=乙", "missing=-1", "nonsense", "empty="]})
    assert seen == {"a": "b=c", "cn": "甲"}


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"creditable_level_of_account": "L3"}, IdentityLevel.L3),
        ({"creditable_level_of_account": "L0", "creditable_level_of_account_way": "L2@YSS@1"}, IdentityLevel.L0),
        ({"creditable_level_of_account_way": "L2@YSS@id||L0@IDV@id||L3@GW@id"}, IdentityLevel.L3),
        ({"creditable_level_of_account_way": "L9@YSS@id||nonsense||L1"}, IdentityLevel.L0),
        ({"isreal": "true"}, IdentityLevel.L1),
        ({"is_real": "1"}, IdentityLevel.L1),
        ({"is_real": "false"}, IdentityLevel.L0),
        ({}, IdentityLevel.L0),
        ({"creditable_level_of_account": "L22"}, IdentityLevel.L0),
    ],
)
def test_levels(fields: dict[str, str], level: IdentityLevel) -> None:
    assert level_of(fields) is level


def test_the_level_beside_the_account_counts_when_the_account_tells_none() -> None:
    assert level_of({}, "L2") is IdentityLevel.L2
    assert level_of({"creditable_level_of_account": "L1"}, "L3") is IdentityLevel.L1


def test_a_level_without_an_identity_number_proves_nobody() -> None:
    assert identity_from({"userobj": a_person(idcardnumber="-1")}).level is IdentityLevel.L0


@pytest.mark.parametrize("missing", ["cn", "useridcode", "usertype"])
def test_an_account_without_name_key_or_kind_is_not_signed_in(missing: str) -> None:
    for value in ("-1", "", None, [], {"$ne": None}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            identity_from({"userobj": a_person(**{missing: value})})


@given(
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.text(),
        lambda x: some.lists(x) | some.dictionaries(some.text(), x),
    )
)
def test_any_json_in_place_of_the_account_is_refused_or_read_never_worse(value: Any) -> None:
    for answer in ({"userobj": value}, {"userobj": a_person(extproperties=value)}, {"userobj": a_person(cn=value)}):
        try:
            assert identity_from(answer).name
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # the line reports these as a garbled answer


@given(some.text())
def test_ways_of_any_shape_give_levels_only(text: str) -> None:
    assert all(isinstance(level, IdentityLevel) for level in levels_of_ways(text))
