"""Staff: five wrong tries lock, also when made at once; a one-time code opens once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import Conflict, NotFound
from conf.terms import StaffRole
from store import Store
from store.records import Staff
from tests.conftest import Clock
from tests.store.conftest import DATABASE

SECRET = "JBSWY3DPEHPK3PXP"


def someone(store: Store, run: Any, login: str = "chen.archive") -> Staff:
    return run(
        store.staff.create(
            login=login,
            name="陈样例",
            roles=frozenset({StaffRole.REVIEWER}),
            password_hash="argon2-hash",
            totp_secret=SECRET,
        )
    )


def test_an_account_is_found_and_its_code_secret_is_encrypted(store: Store, run: Any, mongo_url: str) -> None:
    staff = someone(store, run)
    assert run(store.staff.by_login("chen.archive")) == run(store.staff.by_id(staff.id)) == staff
    assert staff.must_change
    assert store.vault.reveal(staff.totp) == SECRET
    assert SECRET not in repr(staff)
    with MongoClient(mongo_url) as client:
        assert SECRET not in str(client[DATABASE]["staff"].find_one({}))
    with pytest.raises(Conflict):
        someone(store, run)


def test_failures_made_at_once_are_all_counted_and_lock(store: Store, run: Any, store_clock: Clock) -> None:
    staff = someone(store, run)
    until = store_clock() + timedelta(minutes=15)

    async def fail(times: int) -> None:
        await asyncio.gather(
            *(store.staff.count_failure(staff.id, allowed=5, locked_until=until) for _ in range(times))
        )

    run(fail(4))
    assert (run(store.staff.by_id(staff.id)).failures, run(store.staff.by_id(staff.id)).locked_until) == (4, None)
    run(fail(1))
    assert (run(store.staff.by_id(staff.id)).failures, run(store.staff.by_id(staff.id)).locked_until) == (0, until)
    run(fail(2))
    assert run(store.staff.by_id(staff.id)).locked_until == until, "a lock stays while new failures are counted"


def test_a_one_time_code_is_good_for_one_of_many_who_bring_it(store: Store, run: Any) -> None:
    staff = someone(store, run)

    async def bring() -> bool:
        try:
            await store.staff.save_attempt(
                staff.id, failures=0, locked_until=None, totp_step=100, expect_totp_step=staff.last_totp_step
            )
        except Conflict:
            return False
        return True

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(bring() for _ in range(20)))

    assert run(all_of_them()).count(True) == 1
    for used in (100, 99):
        with pytest.raises(Conflict):
            run(store.staff.save_attempt(staff.id, failures=0, locked_until=None, totp_step=used))
    assert run(store.staff.save_attempt(staff.id, failures=0, locked_until=None, totp_step=101)).last_totp_step == 101


def test_a_new_password_ends_the_duty_to_change_it(store: Store, run: Any) -> None:
    staff = someone(store, run)
    changed = run(store.staff.set_password(staff.id, "another-hash"))
    assert (changed.password_hash, changed.must_change) == ("another-hash", False)
    with pytest.raises(NotFound):
        run(store.staff.set_password("nobody", "hash"))
