"""Ratings once a turn, terminals by key, leases for one holder."""

import asyncio
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import Conflict
from store import Store
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.things import a_rating


def test_an_order_is_rated_once_and_followed_up_once(store: Store, run: Any) -> None:
    run(store.ratings.add(a_rating("o1", 2)))
    run(store.ratings.add(a_rating("o1", 1)))
    for number in (1, 2):
        with pytest.raises(Conflict):
            run(store.ratings.add(a_rating("o1", number)))
    assert run(store.ratings.of_order("o1")) == (a_rating("o1", 1), a_rating("o1", 2))
    assert run(store.ratings.of_order("o2")) == ()


def test_a_terminal_is_known_by_its_key_until_it_is_retired(store: Store, run: Any, mongo_url: str) -> None:
    made = run(store.terminals.register("hall-1", "大厅一号", "一楼", "the-key"))
    assert run(store.terminals.by_key("the-key")) == made
    assert run(store.terminals.by_key("another")) is None
    with pytest.raises(Conflict):
        run(store.terminals.register("hall-1", "大厅一号", "一楼", "new-key"))
    with MongoClient(mongo_url) as client:
        assert "the-key" not in str(client[DATABASE]["terminals"].find_one({}))
    assert run(store.terminals.retire("hall-1"))
    assert run(store.terminals.by_key("the-key")) is None


def test_a_lease_has_one_holder_until_it_ends_or_is_given_back(store: Store, run: Any, store_clock: Clock) -> None:
    async def all_take() -> list[bool]:
        return await asyncio.gather(*(store.leases.take("sweep", f"p{n}", 60) for n in range(20)))

    taken = run(all_take())
    assert taken.count(True) == 1
    holder = f"p{taken.index(True)}"
    assert run(store.leases.take("sweep", holder, 60)), "the holder may prolong it"
    run(store.leases.drop("sweep", "stranger"))
    assert not run(store.leases.take("sweep", "stranger", 60))
    assert run(store.leases.take("another", "stranger", 60))
    store_clock.forward(seconds=60)
    assert run(store.leases.take("sweep", "heir", 60))
    run(store.leases.drop("sweep", "heir"))
    assert run(store.leases.take("sweep", holder, 60))
