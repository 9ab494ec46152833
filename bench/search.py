"""Name search against `find_one` by id, in one run on one connection: `python -m bench.search [--companies 100000]`.

Makes fictional companies, loads them into an embedded mongod, waits until the load has settled, then asks a mix of
questions as visitors type them, every one followed by a `find_one` of a company. Prints medians, 99th percentiles,
CPU time of this process and their ratios. Aim: p50 at most 1.5 times, p99 at most 3 times `find_one`.
"""

import argparse
import asyncio
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from conf.codes import make_reg_no, make_uscc
from conf.han import trade_name_start
from conf.keys import load_keys
from conf.settings import load_settings
from conf.terms import CompanyStatus, PersonRole
from setup.mongod import Mongod
from store import Store, open_store
from store.records import Change, Company, FormerName, Person

ROOT = Path(__file__).resolve().parent.parent
SHORT_NAMES = ROOT.parent / "shared" / "data" / "short-names.txt"
REGIONS = ["广州市天河区"] * 3 + ["广州市"] * 4 + ["广州"] * 8 + ["广东", "广东", "深圳市", "（广州）"]
TRADES = [
    "科技",
    "信息科技",
    "网络科技",
    "贸易",
    "商贸",
    "文化传播",
    "广告",
    "餐饮管理",
    "企业管理咨询",
    "教育咨询",
    "软件",
    "服饰",
    "化妆品",
    "电子商务",
    "物业管理",
    "投资咨询",
    "建筑工程",
    "装饰设计",
    "物流",
    "供应链管理",
    "生物科技",
    "健康管理",
    "酒店管理",
    "进出口",
    "汽车服务",
    "人力资源",
    "房地产代理",
]
FORMS = ["有限公司"] * 14
FORMS += ["有限责任公司", "股份有限公司", "合伙企业（有限合伙）", "有限公司天河分公司", "工作室", "商行"]
BROAD = ["天河", "广州", "科技", "软件", "贸易", "广州市天河区", "有限公司", "天河 软件"]
SCOPE = "软件开发；信息技术咨询服务；货物进出口（专营专控商品除外）；商品批发贸易（许可审批类商品除外）。" * 2
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红梅建国志文海鹏飞宇浩然子轩雨欣佳怡俊嘉琪晓东思远"
STREETS = ["五山街道", "石牌街道", "天河南街道", "林和街道", "棠下街道", "猎德街道", "车陂街道", "黄村街道", "龙洞街道"]


def brands(source: random.Random) -> list[str]:
    """Trade names: real short names where the list is present, else two or three syllables."""
    if SHORT_NAMES.is_file():
        lines = SHORT_NAMES.read_text(encoding="utf-8").split()
        return [line for line in lines if 2 <= len(line) <= 4]
    return ["".join(source.choices(GIVEN + SURNAMES, k=source.choice([2, 2, 2, 3, 4]))) for _ in range(60_000)]


def person(source: random.Random) -> str:
    return source.choice(SURNAMES) + "".join(source.choices(GIVEN, k=source.choice([1, 2, 2])))


def companies(count: int, source: random.Random) -> Iterator[Company]:
    trade_names = brands(source)
    for number in range(count):
        name = source.choice(REGIONS) + source.choice(trade_names) + source.choice(TRADES) + source.choice(FORMS)
        people = [person(source) for _ in range(4)]
        former = source.choice(REGIONS) + source.choice(trade_names) + "有限公司"
        yield Company(
            uscc=make_uscc(f"MA{number:06d}"),
            reg_no=make_reg_no(f"4401060{number:07d}") if number % 3 == 0 else "",
            old_reg_nos=(),
            name=name,
            former_names=(FormerName(name=former, since=None, until=None),) if number % 8 == 0 else (),
            entity_type="有限责任公司(自然人投资或控股)",
            status=source.choices(list(CompanyStatus), weights=[70, 3, 7, 18, 1, 1])[0],
            legal_representative=people[0],
            capital="100万元人民币",
            established_on=date(1995 + number % 30, 1 + number % 12, 1 + number % 28),
            approved_on=date(2025, 1, 1),
            term_from=None,
            term_to=None,
            ended_on=None,
            domicile=f"广州市天河区样例路{number % 900}号{number % 30}楼{number % 12}房（样例）",
            street_code="440106001",
            street=source.choice(STREETS),
            scope=SCOPE,
            registry="广州市天河区市场监督管理局",
            moved_to="",
            industry="软件和信息技术服务业",
            parent_uscc="",
            persons=tuple(
                Person(name=who, role=role, id_type="身份证", id_number=None, share="25")
                for who, role in zip(people, PersonRole, strict=False)
            ),
            changes=tuple(
                Change(item="经营范围变更", before="样例", after="样例二", approved_on=date(2020, 1, 1))
                for _ in range(2)
            ),
            locked=False,
            lock_ground="",
            filing_count=3,
            last_filed_on=date(2025, 1, 1),
        )


def questions(known: list[Company], source: random.Random, count: int) -> list[str]:
    """What visitors type: parts of names as they grow, words, former names, codes, persons, broad texts."""
    asked = []
    for _ in range(count):
        one = source.choice(known)
        start = source.choice([0, 2, 2, 3, 6]) if len(one.name) > 10 else 0
        kind = source.random()
        if kind < 0.30:  # some letters of a trade name or what follows
            asked.append(one.name[start : start + source.choice([2, 3, 3, 4, 4, 5])])
        elif kind < 0.50:  # most of a name
            asked.append(one.name[start : start + source.choice([6, 7, 8, 9, 10])])
        elif kind < 0.62:  # the whole name
            asked.append(one.name)
        elif kind < 0.70:
            asked.append(one.legal_representative)
        elif kind < 0.76:
            asked.append(one.uscc)
        elif kind < 0.84:  # part of a code
            asked.append(source.choice([one.uscc[8:14], one.uscc[-6:], one.uscc[:14], one.uscc[10:16]]))
        elif kind < 0.90:  # two words: of the trade name and of the trade
            brand = trade_name_start(one.name)
            asked.append(one.name[brand : brand + 2] + " " + one.name[brand + 4 : brand + 6])
        elif kind < 0.95:
            asked.append(one.former_names[0].name if one.former_names else one.name[2:])
        else:
            asked.append(source.choice(BROAD))
    return asked


async def measure(store: Store, asked: list[str], codes: list[str]) -> dict[str, list[float]]:
    """Seconds of each search, of a raw `find_one` and of `by_uscc`, one after the other on one connection."""
    rows = store._base["companies"]
    taken: dict[str, list[float]] = {"search": [], "find_one": [], "by_uscc": []}
    for q, code in zip(asked, codes, strict=True):
        started = time.perf_counter()
        await store.companies.search(q)
        searched = time.perf_counter()
        await rows.find_one({"_id": code})
        found = time.perf_counter()
        await store.companies.by_uscc(code)
        taken["search"].append(searched - started)
        taken["find_one"].append(found - searched)
        taken["by_uscc"].append(time.perf_counter() - found)
    return taken


async def cpu(work: Any, many: int = 1500) -> float:
    """CPU seconds of this process for one call."""
    started = time.process_time()
    for number in range(many):
        await work(number)
    return (time.process_time() - started) / many


def at(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


async def main(count: int, asks: int) -> None:
    source = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="eqicha-bench-") as folder:
        server = Mongod(Path(folder) / "data").start()
        try:
            settings = load_settings(mongo_url=server.url, mongo_database="bench", var_dir=Path(folder) / "var")
            store = await open_store(settings, load_keys(settings))
            await run(store, source, count, asks)
            await store.close()
        finally:
            server.stop()


async def run(store: Store, source: random.Random, count: int, asks: int) -> None:
    started = time.perf_counter()
    known = list(companies(count, source))
    made = time.perf_counter()
    await store.companies.put_many(known)
    loaded = time.perf_counter()
    await store.ensure_indexes()
    indexed = time.perf_counter()
    print(f"{count} companies made in {made - started:.0f} s, loaded in {loaded - made:.0f} s", end=", ")
    print(f"indexed in {indexed - loaded:.0f} s")
    started = time.perf_counter()
    await store.companies.refresh_search()
    print(f"gram table counted in {time.perf_counter() - started:.1f} s")
    stats = await store._base.db.command("collStats", "name_search")
    print(
        f"name_search {stats['size'] / 2**20:.0f} MB, its index {stats['indexSizes']['grams_by_rank'] / 2**20:.0f} MB"
    )
    asked, codes = questions(known, source, asks), [one.uscc for one in source.choices(known, k=asks)]
    await store._base.client.admin.command("fsync")
    await measure(store, asked[: asks // 4], codes[: asks // 4])  # warm both
    gc.collect()
    gc.freeze()
    taken = await measure(store, asked, codes)
    for name, values in taken.items():
        print(f"{name:9} p50 {statistics.median(values) * 1e3:.3f} ms  p99 {at(values, 0.99) * 1e3:.3f} ms")
    one, base = taken["search"], taken["find_one"]
    print(f"ratio     p50 {statistics.median(one) / statistics.median(base):.2f} (aim 1.5)  ", end="")
    print(f"p99 {at(one, 0.99) / at(base, 0.99):.2f} (aim 3)")
    rows = store._base["companies"]
    per_search = await cpu(lambda number: store.companies.search(asked[number % asks]))
    per_find = await cpu(lambda number: rows.find_one({"_id": codes[number % asks]}))
    print(f"CPU here  search {per_search * 1e6:.0f} µs  find_one {per_find * 1e6:.0f} µs", end="")
    print(f"  ratio {per_search / per_find:.2f}")
    slowest = sorted(zip(one, asked, strict=True), reverse=True)[:8]
    print("slowest   " + "  ".join(f"{q} {seconds * 1e3:.1f}" for seconds, q in slowest))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--companies", type=int, default=100_000)
    parser.add_argument("--asks", type=int, default=4000)
    given = parser.parse_args()
    asyncio.run(main(given.companies, given.asks))
