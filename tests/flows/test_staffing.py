"""Staff sign in with a password and a one-time code; guessing locks, and tells nothing."""

from typing import Any

import pyotp
import pytest

from conf.errors import Invalid
from conf.terms import StaffRole
from handlers.flows import staffing
from store.records import Staff
from tests.desk import TRACE, Desk

PASSWORD = "Zhi-Shi-Yang-Li-2026"


def made(desk: Desk, **changes: Any) -> staffing.NewStaff:
    wanted = {"login": "li.shenhe", "name": "样例审核员", "roles": [StaffRole.REVIEWER], "password": PASSWORD}
    return desk.run(staffing.create_staff(desk.store, **wanted | changes))


def with_password(desk: Desk, password: str, login: str = "li.shenhe") -> Staff:
    return desk.run(staffing.check_password(desk.store, login=login, password=password, now=desk.clock(), trace=TRACE))


def with_code(desk: Desk, staff: Staff, code: str) -> Staff:
    return desk.run(staffing.check_code(desk.store, staff.id, code=code, now=desk.clock(), trace=TRACE))


def code_now(desk: Desk, new: staffing.NewStaff) -> str:
    return pyotp.parse_uri(new.totp_uri).at(desk.clock())


def test_password_and_code_open_the_door_and_are_on_record(desk: Desk) -> None:
    new = made(desk)
    assert PASSWORD not in repr(new.staff)
    staff = with_code(desk, with_password(desk, PASSWORD), code_now(desk, new))
    assert staff.id == new.staff.id
    assert desk.run(desk.tags()) == ["staff:account:created", "staff:session:opened"]


def test_a_password_is_made_when_none_is_given(desk: Desk) -> None:
    new = made(desk, password="")
    assert len(new.password) >= 12
    assert with_password(desk, new.password).id == new.staff.id


def test_a_code_is_good_once(desk: Desk) -> None:
    new = made(desk)
    staff, code = with_password(desk, PASSWORD), code_now(desk, new)
    with_code(desk, staff, code)
    with pytest.raises(Invalid):
        with_code(desk, staff, code)
    desk.clock.forward(seconds=30)
    with_code(desk, staff, code_now(desk, new))


def test_a_stale_or_made_up_code_is_refused(desk: Desk) -> None:
    new = made(desk)
    staff, code = with_password(desk, PASSWORD), code_now(desk, new)
    desk.clock.forward(seconds=90)
    for wrong in (code, "", "abcdef", "1234567"):
        with pytest.raises(Invalid):
            with_code(desk, staff, wrong)


@pytest.mark.parametrize("code", ["é23456", "一二三四五六", "１２３４５", "\x00"])
def test_a_code_in_other_letters_is_a_wrong_code_and_counted(desk: Desk, code: str) -> None:
    new = made(desk)
    with pytest.raises(Invalid):
        with_code(desk, new.staff, code)
    kept = desk.run(desk.store.staff.by_id(new.staff.id))
    assert kept.failures == 1


def test_full_width_digits_are_digits(desk: Desk) -> None:
    new = made(desk)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code_now(desk, new))
    assert with_code(desk, new.staff, wide).id == new.staff.id


def test_five_wrong_passwords_lock_the_right_one_out_for_a_quarter_of_an_hour(desk: Desk) -> None:
    made(desk)
    said = set()
    for _ in range(5):
        with pytest.raises(Invalid) as fault:
            with_password(desk, "wrong")
        said.add(fault.value.fields["login"])
    with pytest.raises(Invalid) as fault:
        with_password(desk, PASSWORD)
    assert said == {fault.value.fields["login"]}  # locked, wrong and unknown read the same
    desk.clock.forward(minutes=15)
    assert with_password(desk, PASSWORD)


def test_five_wrong_codes_lock_too(desk: Desk) -> None:
    new = made(desk)
    staff = with_password(desk, PASSWORD)
    for _ in range(5):
        with pytest.raises(Invalid):
            with_code(desk, staff, "000000x")
    with pytest.raises(Invalid):
        with_code(desk, staff, code_now(desk, new))


def test_an_unknown_login_costs_the_same_work_and_reads_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made(desk)
    hashed: list[str] = []
    matches = staffing._matches
    monkeypatch.setattr(staffing, "_matches", lambda kept, sent: hashed.append(kept[:20]) or matches(kept, sent))
    said = set()
    for login in ("li.shenhe", "nobody", "x" * 5000):
        with pytest.raises(Invalid) as fault:
            with_password(desk, "wrong", login)
        said.add(str(fault.value.fields))
    assert len(said) == 1
    assert len(hashed) == 3
    assert len(set(hashed)) == 1  # the same algorithm at the same cost


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login": "李审核"}, "login"),
        ({"login": "ab"}, "login"),
        ({"name": ""}, "name"),
        ({"roles": []}, "roles"),
        ({"password": "short-1A"}, "password"),
        ({"password": "alllowercaseletters"}, "password"),
        ({"password": "Li.Shenhe-2026-x"}, "password"),
    ],
)
def test_what_cannot_be_an_account_is_named(desk: Desk, changes: dict, field: str) -> None:
    with pytest.raises(Invalid) as fault:
        made(desk, **changes)
    assert set(fault.value.fields) == {field}


def test_a_login_is_given_once(desk: Desk) -> None:
    made(desk)
    with pytest.raises(Invalid) as fault:
        made(desk)
    assert set(fault.value.fields) == {"login"}


def test_a_new_password_replaces_the_first_one(desk: Desk) -> None:
    staff = made(desk).staff
    new = "Huan-Yi-Ge-2027"

    def change(**words: str) -> None:
        desk.run(staffing.change_password(desk.store, staff, now=desk.clock(), trace=TRACE, **words))

    for words, field in (
        ({"old": "wrong", "new": new, "again": new}, "old"),
        ({"old": PASSWORD, "new": "weak", "again": "weak"}, "new"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "new"),
        ({"old": PASSWORD, "new": new, "again": "other"}, "again"),
    ):
        with pytest.raises(Invalid) as fault:
            change(**words)
        assert set(fault.value.fields) == {field}
    change(old=PASSWORD, new=new, again=new)
    assert with_password(desk, new).must_change is False
    with pytest.raises(Invalid):
        with_password(desk, PASSWORD)
