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
        ({"creditable_level_of_account": "2"}, IdentityLevel.L2),
        ({"creditable_level_of_account": "l3"}, IdentityLevel.L3),
        ({"creditable_level_of_account": "22"}, IdentityLevel.L0),
        ({"creditable_level_of_account": "-1", "creditable_level_of_account_way": "L1@IDV@id"}, IdentityLevel.L1),
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


@pytest.mark.parametrize("stated", ["L2", "l2", 2, "2", 2.0, " L2 "])
def test_a_level_is_read_however_it_is_spelled(stated: Any) -> None:
    user = a_person(creditable_level_of_account=stated)
    assert identity_from({"userobj": user}).level is IdentityLevel.L2
    assert identity_from({"userobj": a_person(creditable_level_of_account=-1), "user_creditable_level": stated}).level


WAY = {"auth_time": "2026-01-05 09:00:00", "identity_level": "L2", "way_code": "YSS"}


@pytest.mark.parametrize(
    ("ways", "level"),
    [
        ("L2@YSS@id||L0@IDV@id", IdentityLevel.L2),
        ([WAY, WAY | {"identity_level": "L0"}], IdentityLevel.L2),
        ([WAY | {"identity_level": 3}], IdentityLevel.L3),
        (["L1@YSS@id", "L2@GW@id"], IdentityLevel.L2),
        ('[{"identity_level": "2", "way_code": "YSS"}]', IdentityLevel.L2),
        ("[broken", IdentityLevel.L0),
        ([None, 7, {}, {"identity_level": [3]}, "L3"], IdentityLevel.L0),
        ({"identity_level": "L3"}, IdentityLevel.L0),
        (-1, IdentityLevel.L0),
        (True, IdentityLevel.L0),
    ],
)
def test_the_ways_come_as_a_text_or_as_a_list(ways: Any, level: IdentityLevel) -> None:
    user = a_person(creditable_level_of_account="-1", creditable_level_of_account_way=ways)
    assert identity_from({"userobj": user}).level is level


MAIN = {
    "useridcode": "main-1", "cn": "广州样例有限公司", "usertype": "2", "idcardtype": "49",
    "idcardnumber": "91440106MA9W00010Y", "creditable_level_of_account": "L2",
}  # fmt: skip


def a_sub_account(**changes: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"idcardtype": "-1", "idcardnumber": "-1", "parent_uidcode": "main-1"}
    return a_body(cn="样例乙", **(own | changes))


def test_a_sub_account_acts_for_its_enterprise_under_its_own_name() -> None:
    who = identity_from({"userobj": a_sub_account(), "pareobj": MAIN})
    assert (who.name, who.id_type, who.id_number) == ("广州样例有限公司", "统一社会信用代码", "91440106MA9W00010Y")
    assert (who.subject, who.parent_subject, who.operator_name) == ("code-1", "main-1", "样例乙")
    assert (who.kind, who.level, who.phone) == (AccountKind.LEGAL, IdentityLevel.L2, "19900000001")


@pytest.mark.parametrize(("own", "mains"), [("L1", "L3"), ("L3", "L1"), ("L3", "-1")])
def test_neither_clerk_nor_enterprise_is_proven_by_the_other(own: str, mains: str) -> None:
    user = a_sub_account(creditable_level_of_account=own, isreal="true")
    who = identity_from({"userobj": user, "pareobj": MAIN | {"creditable_level_of_account": mains}})
    assert who.level <= IdentityLevel.L1


def test_a_clerks_identity_card_is_never_the_enterprises_number() -> None:
    card = {"idcardtype": "10", "idcardnumber": "440106199001010016"}
    assert identity_from({"userobj": a_sub_account(**card), "pareobj": MAIN}).id_number == "91440106MA9W00010Y"
    alone = identity_from({"userobj": a_sub_account(**card), "pareobj": None})
    assert (alone.id_number, alone.level, alone.parent_subject) == ("", IdentityLevel.L0, "main-1")


def test_a_branch_with_a_paper_of_its_own_acts_for_itself() -> None:
    branch = a_body(cn="广州样例有限公司天河分公司", idcardnumber="91440106MA9W00029U", parent_uidcode="main-1")
    who = identity_from({"userobj": branch, "pareobj": MAIN})
    assert (who.name, who.id_number) == ("广州样例有限公司天河分公司", "91440106MA9W00029U")


@pytest.mark.parametrize(
    "parent",
    [
        MAIN | {"usertype": "1"},
        MAIN | {"idcardtype": "10"},
        MAIN | {"idcardnumber": -1},
        MAIN | {"cn": "-1"},
        {}, [], "-1", -1, None, [MAIN],
    ],
)  # fmt: skip
def test_what_is_no_enterprise_lends_nothing(parent: Any) -> None:
    assert identity_from({"userobj": a_sub_account(), "pareobj": parent}).level is IdentityLevel.L0


def test_a_person_stays_a_person_whatever_main_account_is_told() -> None:
    who = identity_from({"userobj": a_person(), "pareobj": MAIN})
    assert (who.kind, who.id_number, who.parent_subject) == (AccountKind.NATURAL, "44010619900101001X", "")


PROPERTIES = some.dictionaries(
    some.text("abcdefgh_", min_size=1, max_size=8),
    some.text("xyz=中𠮷 -1", min_size=1, max_size=8).filter(lambda text: text.strip() not in ("", "-1")),
    max_size=6,
)
NOISE = some.lists(some.sampled_from(["nonsense", "", "gone=-1", "gone=", 7, None, ["a=b"], {"a": "b"}]), max_size=4)


@given(PROPERTIES, NOISE, some.randoms())
def test_properties_are_read_in_any_order_among_any_noise(said: dict[str, str], noise: list[Any], mix: Any) -> None:
    lines = [f"{key}={value}" for key, value in said.items()] + [f"{key}=-1" for key in said] + noise
    mix.shuffle(lines)
    assert flat({"extproperties": lines}) == {key: value.strip() for key, value in said.items()}


@given(some.sampled_from(sorted(a_person())), some.sampled_from(["-1", -1, "", None, " -1 ", -1.0]))
def test_minus_one_is_nothing_wherever_it_stands(name: str, missing: Any) -> None:
    assert name not in flat(a_person(**{name: missing}))


ODD = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(some.characters(), max_size=400),
    lambda x: some.lists(x, max_size=3) | some.dictionaries(some.text(max_size=5), x, max_size=3),
    max_leaves=6,
)


@given(some.dictionaries(some.sampled_from([*sorted(a_person()), *MAIN, "creditable_level_of_account_way"]), ODD), ODD)
def test_odd_values_are_refused_or_leave_texts_a_store_can_take(changes: dict[str, Any], parent: Any) -> None:
    for odd_parent in (parent, MAIN | changes):
        try:
            who = identity_from({"userobj": a_sub_account(**changes), "pareobj": odd_parent})
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        for text in (who.subject, who.name, who.id_number, who.phone, who.mail, who.operator_name):
            assert len(text.encode()) <= 800, "surrogates and overlong texts never get in"
            assert "\n" not in text
        assert isinstance(who.level, IdentityLevel)
        assert who.level is IdentityLevel.L0 or who.id_number


@given(some.text())
def test_ways_of_any_shape_give_levels_only(text: str) -> None:
    assert all(isinstance(level, IdentityLevel) for level in levels_of_ways(text))
