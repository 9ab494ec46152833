"""A year's report from kept counts against direct aggregation, in one run: `python -m bench.numbers [--orders N]`.

Makes a year of orders and the buckets that folding would have left, in an embedded mongod; reads the report and the
dashboard through the store, aggregates the same questions over the orders, compares every sum, and prints the ratio.
Aim: the report at least 20 times faster than aggregation, totals equal; the dashboard beside `find_one`.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from conf.keys import load_keys
from conf.measures import Measure, cell, hours_of, merge, periods_of
from conf.settings import load_settings
from setup.mongod import Mongod
from store import Store, open_store

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
DIMS = [
    (channel, kind, outcome)
    for channel in ("pc", "mobile", "kiosk", "shb", "yst")
    for kind in ("natural", "legal")
    for outcome in ("permit", "review")
]
PAPERS = (
    "公司章程",
    "股东会决议",
    "申请书",
    "任职文件",
    "住所证明",
    "委托书",
    "机读档案",
    "变更决定",
    "验资报告",
    "名称核准",
)
AIM = 20


def fill(url: str, name: str, count: int, companies: int) -> None:
    """Orders and buckets, drawn together."""
    source, buckets = random.Random(7), defaultdict[str, Counter[str]](Counter)
    looks: dict[str, Counter[int]] = defaultdict(Counter)
    with MongoClient[Any](url) as client:
        database, batch = client[name], []
        for number in range(count):
            day = FIRST + timedelta(days=number * 365 // count)
            dims, paper = source.choice(DIMS), source.choice(PAPERS)
            company = int(companies * source.random() ** 3)
            batch.append(_order(number, day, dims, paper, company=company))
            for period in periods_of(day):
                buckets[f"orders|{period}"][cell(*dims)] += 1
                buckets[f"categories|{period}"][cell(*dims, paper)] += 1
                buckets[f"queries|{period}"][cell(*dims, "dossier")] += 1
                if period[0] != "d":
                    looks[period][company] += 1
            if len(batch) == 5000:
                database.orders.insert_many(batch, ordered=False)
                batch.clear()
        if batch:
            database.orders.insert_many(batch, ordered=False)
        database.buckets.insert_many([{"_id": id, "n": dict(cells)} for id, cells in buckets.items()])
        for period, counts in looks.items():
            rows = [{"_id": f"{period}|{c}", "period": period, "uscc": str(c), "n": n} for c, n in counts.items()]
            database.company_buckets.insert_many(rows, ordered=False)


def _order(number: int, day: date, dims: tuple[str, str, str], paper: str, *, company: int) -> dict[str, Any]:
    channel, kind, outcome = dims
    at = hours_of(day)[0] + timedelta(seconds=number % 86400)
    return {
        "_id": f"TH{number:08d}",
        "account_id": f"a{number}",
        "request_key": "k",
        "created_at": at,
        "channel": channel,
        "uscc": str(company),
        "status": "ready",
        "decision": {"outcome": outcome, "rule_id": "dossier.own.head", "facts": {"account": kind}},
        "items": [{"document_id": "d", "document_title": paper, "kind": paper, "page_count": 3}],
        "page_count": 3,
    }


async def directly(database: Any) -> dict[str, Any]:
    """The same questions asked of the orders."""
    match = {"$match": {"created_at": {"$gte": hours_of(FIRST)[0], "$lt": hours_of(LAST)[1]}}}
    month = {"$dateToString": {"date": "$created_at", "format": "%Y-%m", "timezone": "+08:00"}}
    dims = {"m": month, "c": "$channel", "k": "$decision.facts.account", "o": "$decision.outcome"}
    count = {"n": {"$sum": 1}}
    orders = await _rows(database, [match, {"$group": {"_id": dims, **count}}])
    unwound = [match, {"$unwind": "$items"}, {"$group": {"_id": {**dims, "p": "$items.kind"}, **count}}]
    papers = await _rows(database, unwound)
    by_company = [match, {"$group": {"_id": "$uscc", **count}}, {"$sort": {"n": -1, "_id": 1}}, {"$limit": 10}]
    return {"orders": orders, "papers": papers, "top": await _rows(database, by_company)}


async def _rows(database: Any, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(await (await database.orders.aggregate(steps, allowDiskUse=True)).to_list())


async def report(store: Store) -> dict[str, Any]:
    """What the dashboard of a year reads: every measure by month, the companies looked up most."""
    figures = await store.numbers.read(FIRST, LAST, grain="m")
    top = await store.numbers.top_companies(FIRST, LAST)
    await store.numbers.watched(FIRST, LAST)
    return {"figures": figures, "top": top}


def equal(kept: dict[str, Any], counted: dict[str, Any]) -> bool:
    """Whether every sum of both ways is the same, month by month."""
    months = {f"{part.first:%Y-%m}": part for part in kept["figures"].parts}
    for measure, rows in ((Measure.ORDERS, counted["orders"]), (Measure.CATEGORIES, counted["papers"])):
        direct: dict[str, list[dict[str, int]]] = defaultdict(list)
        for row in rows:
            id = row["_id"]
            terms = [id["c"], id["k"], id["o"], *([id["p"]] if "p" in id else [])]
            direct[id["m"]].append({cell(*terms): row["n"]})
        if {m: merge(cells) for m, cells in direct.items()} != {m: p.cells(measure) for m, p in months.items()}:
            return False
    return [each.count for each in kept["top"]] == [row["n"] for row in counted["top"]]


async def timed(work: Callable[[], Awaitable[Any]], times: int) -> tuple[Any, float]:
    """The last answer and the median of seconds taken."""
    taken, answer = [], None
    for _ in range(times):
        start = time.perf_counter()
        answer = await work()
        taken.append(time.perf_counter() - start)
    return answer, statistics.median(taken)


async def run(url: str, folder: Path, orders: int, companies: int) -> int:
    settings = load_settings(mongo_url=url, mongo_database="bench", var_dir=folder, worker_enabled=False)
    store = await open_store(settings, load_keys(settings))
    await store.ensure_indexes()
    start = time.perf_counter()
    await asyncio.to_thread(fill, url, "bench", orders, companies)
    print(f"{orders:,} orders of {companies:,} companies over a year, made in {time.perf_counter() - start:.0f} s")
    database = store._base.db
    counted, slow = await timed(lambda: directly(database), 3)
    kept, fast = await timed(lambda: report(store), 21)
    _, one = await timed(lambda: store.orders._orders.find_one({"_id": "TH00000500"}), 201)
    same = equal(kept, counted)
    print(
        f"direct aggregation {slow * 1000:9.1f} ms\nyear's report      {fast * 1000:9.1f} ms   ratio {slow / fast:.0f}"
    )
    print(f"find_one           {one * 1000:9.2f} ms   report / find_one {fast / one:.1f}")
    print(
        f"totals {'equal' if same else 'DIFFER'}; aim {AIM}: {'reached' if slow / fast >= AIM and same else 'MISSED'}"
    )
    await store.close()
    return 0 if same and slow / fast >= AIM else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--companies", type=int, default=100_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eqicha-bench-") as folder:
        server = Mongod(Path(folder) / "data").start()
        try:
            return asyncio.run(run(server.url, Path(folder), args.orders, args.companies))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
