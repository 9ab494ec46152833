"""The companies looked up most, found from the tops of the periods' lists, are those that adding all up finds."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import Store
from store.most_looked import most_looked
from tests.store.conftest import Run

PERIODS = ("d2026-11-20", "d2026-11-21", "m2026-10", "y2025")
counts = st.dictionaries(st.sampled_from(PERIODS), st.dictionaries(st.integers(0, 14), st.integers(1, 6), max_size=15))


def keep(store: Store, run: Run[Any], kept: dict[str, dict[int, int]]) -> Counter[str]:
    """The counts in the store; their sums."""
    rows = [
        {"_id": f"{period}|{company:02}", "period": period, "uscc": f"{company:02}", "n": n}
        for period, looks in kept.items()
        for company, n in looks.items()
    ]
    table = store._base["company_buckets"]
    run(table.delete_many({}))
    if rows:
        run(table.insert_many(rows))
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["uscc"]] += row["n"]
    return sums


def ranked(sums: Counter[str], limit: int) -> list[tuple[str, int]]:
    return sorted(sums.items(), key=lambda each: (-each[1], each[0]))[:limit]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=counts, depth=st.integers(1, 6), limit=st.integers(1, 4))
def test_the_places_are_those_of_all_sums_however_few_are_read(
    store: Store, run: Run[Any], kept: dict[str, dict[int, int]], depth: int, limit: int
) -> None:
    sums = keep(store, run, kept)
    found = run(most_looked(store._base["company_buckets"], PERIODS, limit, depth=depth))
    assert [(row["uscc"], row["n"]) for row in found] == ranked(sums, limit)


@pytest.mark.parametrize(("skew", "all_read"), [(3, False), (0, True)])
def test_where_some_are_looked_up_far_more_the_rest_is_not_added_up(
    store: Store, run: Run[Any], monkeypatch: pytest.MonkeyPatch, skew: int, all_read: bool
) -> None:
    source = random.Random(4)
    looks = [Counter(int(99 * source.random() ** (skew or 1)) for _ in range(900)) for _ in PERIODS]
    kept = {
        period: dict(each) if skew else dict.fromkeys(range(99), 3) for period, each in zip(PERIODS, looks, strict=True)
    }
    sums = keep(store, run, kept)
    asked: list[Any] = []
    table = store._base["company_buckets"]
    aggregate = table.aggregate

    async def seen(steps: list[Any]) -> Any:
        asked.append(steps[0]["$match"])
        return await aggregate(steps)

    monkeypatch.setattr(table, "aggregate", seen)
    found = run(most_looked(table, PERIODS, 5, depth=20))
    assert [(row["uscc"], row["n"]) for row in found] == ranked(sums, 5)
    assert len(asked) == 2
    assert ("period" in asked[1]) == all_read
    if not all_read:
        assert len(asked[1]["_id"]["$in"]) < len(PERIODS) * 40
