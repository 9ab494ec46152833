"""One-time codes in the store: counted tries, one use, sendings counted together or not at all."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pymongo import MongoClient

from store import Store
from store.codes import LIVES, PAUSE, TRIES, OneTimeCode
from tests.conftest import Clock
from tests.store.conftest import DATABASE

NUMBER = "b" * 64


def kept(store: Store, run: Any, plain: str = "012345", **changes: Any) -> OneTimeCode:
    now = store.clock()
    code = OneTimeCode(id="copy:s1", account_id="a1", reference="code.1", tries=0, sent_at=now, until=now + LIVES)
    code = replace(code, **changes)
    run(store.atomically(lambda tx: store.codes.keep(code, plain, tx)))
    return code


def reserved(store: Store, run: Any, **caps: int) -> tuple[str, int]:
    most = {f"{kind}:x": cap for kind, cap in caps.items()}
    return run(store.atomically(lambda tx: store.codes.reserve(NUMBER, most, store.clock(), tx)))  # type: ignore[no-any-return]


def test_two_who_had_it_right_at_the_same_moment_use_it_once(store: Store, run: Any) -> None:
    kept(store, run)
    now = store.clock()
    (one, is_right), (other, is_right_too) = (run(store.codes.attempt("copy:s1", "012345", now)) for _ in range(2))
    assert (is_right, is_right_too) == (True, True)

    async def spend_both() -> list[bool]:
        def spend(code: OneTimeCode) -> Any:
            return store.atomically(lambda tx: store.codes.spend(code, now, now + LIVES, tx))

        return await asyncio.gather(spend(one), spend(other))

    assert sorted(run(spend_both())) == [False, True]
    assert run(store.codes.attempt("copy:s1", "012345", now)) == (None, False)


def test_a_code_sent_meanwhile_is_not_spent_by_the_old_one(store: Store, run: Any) -> None:
    kept(store, run)
    old, _ = run(store.codes.attempt("copy:s1", "012345", store.clock()))
    kept(store, run, "543210", reference="code.2")
    now = store.clock()
    assert not run(store.atomically(lambda tx: store.codes.spend(old, now, now + LIVES, tx)))
    assert run(store.codes.attempt("copy:s1", "012345", now))[1] is False
    assert run(store.codes.attempt("copy:s1", "543210", now))[1] is True


def test_parallel_tries_are_counted_one_by_one(store: Store, run: Any) -> None:
    kept(store, run)

    async def guess() -> list[tuple[OneTimeCode | None, bool]]:
        return await asyncio.gather(*(store.codes.attempt("copy:s1", "999999", store.clock()) for _ in range(30)))

    tries = sorted(code.tries for code, _ in run(guess()) if code)
    assert tries == list(range(1, TRIES + 1))
    assert run(store.codes.attempt("copy:s1", "012345", store.clock())) == (None, False)


@pytest.mark.parametrize("id", ["copy:s2", "other:s1", "", "copy:s1\0"])
def test_a_code_is_good_for_its_purpose_and_session_only(store: Store, run: Any, id: str) -> None:
    kept(store, run)
    assert run(store.codes.attempt(id, "012345", store.clock())) == (None, False)


def test_the_same_code_of_two_sessions_is_stored_differently(store: Store, run: Any, mongo_url: str) -> None:
    kept(store, run)
    kept(store, run, id="copy:s2", reference="code.2")
    with MongoClient[Any](mongo_url) as client:
        digests = {row["digest"] for row in client[DATABASE]["codes"].find()}
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)


def test_what_stands_against_a_sending_counts_nothing(store: Store, run: Any, store_clock: Clock) -> None:
    assert reserved(store, run, number=2, account=1) == ("", 0)
    store_clock.forward(seconds=59)
    assert reserved(store, run, number=2, account=1) == ("pause", 1)
    store_clock.forward(seconds=1)
    assert reserved(store, run, number=2, account=1) == ("account", 0)
    assert reserved(store, run, number=2) == ("", 0), "the refused one is not among the two"
    store_clock.forward(seconds=60)
    assert reserved(store, run, number=2) == ("number", 0)


def test_what_is_given_back_was_never_sent(store: Store, run: Any) -> None:
    now = store.clock()
    for _ in range(3):
        assert reserved(store, run, number=1) == ("", 0)
        run(store.atomically(lambda tx: store.codes.give_back(NUMBER, {"number:x": 1}, now, tx)))
    assert PAUSE.total_seconds() == 60


def test_parallel_sendings_to_one_number_are_one(store: Store, run: Any) -> None:
    async def all_at_once() -> list[tuple[str, int]]:
        caps, now = {"number:x": 10}, store.clock()
        return await asyncio.gather(
            *(store.atomically(lambda tx: store.codes.reserve(NUMBER, caps, now, tx)) for _ in range(10))
        )

    assert sorted(against for against, _ in run(all_at_once())) == [""] + ["pause"] * 9
