"""Pages of our own people over a full archive, against `find_one` by id: `python -m bench.office [--orders N]`.

Fills an embedded mongod with a year of orders (a million of 100,000 companies), events, counts of five years, paper
volumes, tasks and cases, serves the real pages over it and asks for each as staff would, a `find_one` between any two
requests. A row says the page's median, its ratio to `find_one`, how many database calls it made and what share of the
time they took; then which of its questions to the database walked a whole collection or sorted in memory. Everything
is gone afterwards. No aim is set; the ceiling of calls is in tests/web/test_database_calls.py.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pymongo import MongoClient, monitoring

from adapters.pdf.weasy import WeasyEngine
from adapters.seal.local import LocalSeal
from adapters.workshop import Workshop
from bench.office_data import Year, code_of, told
from conf.logs import setup_logs
from conf.settings import load_settings
from conf.terms import BatchStatus, StaffRole
from handlers.flows import batches, paper_destruction
from handlers.flows.organ_viewing import OrganVisitor
from setup.mongod import Mongod
from tests.desk import TRACE, Desk
from tests.government import a_case, a_unit, a_user
from tests.seal.tsa import TimeStampServer
from tests.web.client import PageClient
from tests.web.conftest import START, Site
from views.batch_sheets import GovernmentSheets

DATABASE, PAGES, FILES, BATCH = "bench_office", 21, 5, 200
#: What a question must not do at this size.
BAD = {"find": ("COLLSCAN", "SORT"), "aggregate": ("COLLSCAN",)}  # sums are sorted after summing


@dataclass
class Watch(monitoring.CommandListener):
    """Every command sent while somebody watches, and the seconds the database took."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self.seconds += event.duration_micros / 1e6

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self.seconds += event.duration_micros / 1e6

    def clear(self) -> None:
        self.sent, self.seconds = [], 0.0


WATCH = Watch()
monitoring.register(WATCH)


class Office:
    """The service over the filled database, and browsers of our people."""

    def __init__(self, url: str, folder: Path, tsa_url: str) -> None:
        settings = load_settings(
            mongo_url=url, mongo_database=DATABASE, var_dir=folder / "var", worker_enabled=False, tsa_url=tsa_url
        )
        self.site = Site(settings)
        self.site.clock.now = START.replace(hour=15, minute=59)  # the last minute of the day in Beijing
        self.desk = Desk(self.site.store, settings, self.site.app.keys, self.site.clock, self.run)
        self.run(self.desk.open())
        self.workshop = Workshop(2, settings.child_memory_mb)
        self.site.app.adapters = SimpleNamespace(
            lines=(), workshop=self.workshop, pdf=WeasyEngine(self.workshop), sm2=None,
            seal=LocalSeal(settings, self.workshop),
        )  # fmt: skip

    def run(self, work: Any) -> Any:
        """On the service's loop, however long it takes."""
        return asyncio.run_coroutine_threadsafe(work, self.site.loop).result()

    def close(self) -> None:
        self.run(self.workshop.close())
        self.site.close()

    def browser(self, year: Year, role: StaffRole) -> PageClient:
        client = self.site.with_session(staff_id=year.people[role])
        client.raw.timeout = 300
        return client

    async def find_one(self, id: str) -> float:
        """Seconds of one read by id, the database's own answer only (as WATCH has it for pages) not taken apart."""
        rows, start = self.site.store._base["orders"], time.perf_counter()
        assert await rows.find_one({"_id": id})
        return time.perf_counter() - start


class Table:
    """Rows of the result, printed as they come."""

    def __init__(self, office: Office, database: Any, known: str) -> None:
        self.office, self.database, self.known, self.faults = office, database, known, list[str]()
        print(f"{'what':44} {'p50 ms':>9} {'find_one':>9} {'ratio':>7} {'calls':>6} {'in database':>11}")

    def page(self, what: str, browser: PageClient, path: str, times: int = PAGES) -> None:
        """One page, asked for again and again."""

        def ask() -> None:
            answer = browser.raw.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])

        self.row(what, ask, times)

    def row(self, what: str, ask: Any, times: int) -> None:
        taken, one, within, sent = [], [], [], list[dict[str, Any]]()
        for number in range(times + 1):
            WATCH.clear()
            start = time.perf_counter()
            ask()
            seconds = time.perf_counter() - start
            sent = list(WATCH.sent)
            if number or times == 1:  # the first warms up
                taken.append(seconds)
                within.append(WATCH.seconds)
            one += [self.office.run(self.office.find_one(self.known)) for _ in range(10)]
            if times == 1:
                break
        page, base, inside = (statistics.median(each) for each in (taken, one, within))
        line = f"{what:44} {page * 1e3:9.1f} {base * 1e3:9.2f} {page / base:7.0f} {len(sent):6} {inside / page:10.0%}"
        print(line, flush=True)
        self.judge(what, sent)

    def judge(self, what: str, sent: list[dict[str, Any]]) -> None:
        """Which questions had no index that answers them in order."""
        for command in sent:
            name = next(iter(command))
            if name not in ("find", "aggregate") or not isinstance(command[name], str):
                continue
            asked = {key: value for key, value in command.items() if key in ALLOWED[name]} | (
                {"cursor": {}} if name == "aggregate" else {}
            )
            plan = plans(
                self.database.command(
                    "explain", asked, verbosity="queryPlanner", codec_options=self.database.codec_options
                )
            )
            found = [bad for bad in BAD[name] if f"'stage': '{bad}'" in plan]
            rows = self.database[command[name]].estimated_document_count()
            if found and rows > 1000:
                self.faults.append(f"{what}: {name} {command[name]} ({rows:,} rows): {', '.join(found)}")
                print(f"    {self.faults[-1]}", flush=True)


def plans(told: Any) -> str:
    """Every plan that won, as text."""
    if isinstance(told, list):
        return "".join(plans(each) for each in told)
    if not isinstance(told, dict):
        return ""
    stages = {"queryPlanner", "stages", "$cursor"}
    return "".join(plans(value) for key, value in told.items() if key in stages) + str(told.get("winningPlan", ""))


ALLOWED = {
    "find": ("find", "filter", "sort", "limit", "projection", "skip"),
    "aggregate": ("aggregate", "pipeline", "cursor"),
}


def queue(table: Table, office: Office, year: Year, waiting: int) -> None:
    """The reviewers' pages while so many wait."""
    reviewer = office.browser(year, StaffRole.REVIEWER)
    asked = {"status": "under_review"}
    rows = year.database.orders.find(asked, {"created_at": 1}).sort([("created_at", 1), ("_id", 1)]).skip(waiting // 2)
    row = rows.limit(1).next()
    after = f"{int(row['created_at'].timestamp() * 1000)}~{row['_id']}"
    said = f"of {waiting:,}"
    table.page(f"review queue {said}, first page", reviewer, "/staff/orders")
    table.page(f"review queue {said}, filtered", reviewer, "/staff/orders?rule=dossier.lawyer&kind=legal&due=overdue")
    table.page(f"review queue {said}, by words", reviewer, "/staff/orders?words=样例第77")
    table.page(f"review queue {said}, words nobody has", reviewer, "/staff/orders?words=没有这一家")
    table.page(f"review queue {said}, deep inside", reviewer, f"/staff/orders?after={after}")
    table.page("one request", reviewer, f"/staff/orders/{row['_id']}")


def numbers(table: Table, office: Office, year: Year) -> None:
    """Dashboard, report and exports."""
    reader, last = office.browser(year, StaffRole.STATISTICS), year.last
    table.page("dashboard, 30 days", reader, "/staff/numbers")
    one = f"from={last.replace(year=last.year - 1)}&to={last}"
    five = f"from={last.replace(year=last.year - 5)}&to={last}"
    table.page("dashboard, one year", reader, f"/staff/numbers?{one}")
    table.page("dashboard, five years", reader, f"/staff/numbers?{five}")
    table.page("performance report, one year (PDF)", reader, f"/staff/numbers/performance.pdf?{one}", FILES)
    table.page("numbers of one year as a workbook", reader, f"/staff/numbers/export.xlsx?{one}", FILES)
    table.page("numbers of one year as PDF", reader, f"/staff/numbers/export.pdf?{one}", FILES)


def others(table: Table, office: Office, year: Year) -> None:
    """Audit, tasks, checks, the desk itself."""
    auditor, archivist = (office.browser(year, role) for role in (StaffRole.AUDITOR, StaffRole.ARCHIVIST))
    table.page("audit, newest", auditor, "/staff/audit")
    table.page("audit, one person", auditor, f"/staff/audit?who={77:064x}")
    table.page("audit, one company", auditor, f"/staff/audit?uscc={code_of(7)}")
    table.page("tasks, 2,000 open", archivist, "/staff/tasks")
    table.page("tasks, ended", archivist, "/staff/tasks?view=ended")
    checker = office.browser(year, StaffRole.REVIEWER)
    table.page("government checks, 200 of 2,000 wait", checker, "/staff/government/checks")
    table.page("government checks, done", checker, "/staff/government/checks?view=done")
    table.page("the desk", checker, "/staff")


def paper(table: Table, office: Office, year: Year, volumes: int) -> None:
    """The destruction list offers what may be destroyed."""
    store, now = office.site.store, office.site.clock()
    keeper = office.run(store.staff.by_id(year.people[StaffRole.ARCHIVIST]))
    made = office.run(
        paper_destruction.begin(store, office.site.settings, "期限届满（样例）", by=keeper, now=now, trace=TRACE)
    )
    browser = office.browser(year, StaffRole.ARCHIVIST)
    table.page(f"destruction list, {volumes:,} volumes", browser, f"/staff/paper/destructions/{made.id}")


def batch(table: Table, office: Office, year: Year) -> None:
    """A list of 200 codes read; the whole answer from yes to sealed file."""
    store, now, site = office.site.store, office.site.clock(), office.site
    visitor = OrganVisitor(user=a_user(store, now), unit=a_unit(store, now), case=a_case(now), now=now, trace=TRACE)
    real = list(year.database.companies.find({}, {"_id": 1}).limit(BATCH))
    content = "\n".join(row["_id"] for row in real).encode()
    table.row(f"batch look-up, {BATCH} codes read", lambda: office.run(read(store, content, visitor)), FILES)
    asked = office.run(batches.ask(store, content, visitor))[0]
    by: Any = SimpleNamespace(id="s1", name="样例审核")
    work = batches.decide(store, asked, is_yes=True, note="", by=by, now=now, trace=TRACE)
    assert office.run(work).status is BatchStatus.APPROVED
    bench = batches.BatchBench(
        store=store, adapters=site.app.adapters, settings=site.settings, keys=site.app.keys,
        sheets=GovernmentSheets(is_sample=True), clock=site.clock,
    )  # fmt: skip
    table.row(f"batch look-up, {BATCH} companies sealed", lambda: office.run(batches.answer_next(bench, "w1")), 1)
    done = office.run(store.batches.by_id(asked.id))
    assert done.status is BatchStatus.READY, f"{done.status}: {done.fault}"


async def read(store: Any, content: bytes, visitor: OrganVisitor) -> None:
    _, bad = await batches.read_list(store, content, visitor)
    assert not bad, bad[:3]


@contextmanager
def surroundings() -> Iterator[tuple[str, Path, str]]:
    """A database and a time-stamp server of our own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="eqicha-bench-") as folder, ExitStack() as stack:
        server = Mongod(Path(folder) / "data").start()
        stack.callback(server.stop)
        tsa = TimeStampServer(Path(folder) / "var")  # the service trusts what its own folder holds
        stack.callback(tsa.close)
        yield server.url, Path(folder), tsa.url


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000, help="orders of the year (a year's thirtieth waits)")
    parser.add_argument("--companies", type=int, default=100_000)
    parser.add_argument("--volumes", type=int, default=100_000, help="boxes of papers on the shelves")
    parser.add_argument("--waiting", type=int, default=2000, help="orders in review; ten times as many later on")
    args = parser.parse_args()
    setup_logs(style="console", level="error")
    with (
        surroundings() as (url, folder, tsa_url),
        MongoClient[Any](url, tz_aware=True, datetime_conversion="DATETIME_AUTO") as client,
    ):
        office = Office(url, folder, tsa_url)
        try:
            year = Year(client[DATABASE], office.desk, orders=args.orders, companies=args.companies)
            year.fill(waiting=args.waiting, volumes=args.volumes)
            table = Table(office, client[DATABASE], next(iter(client[DATABASE].orders.find({}, {"_id": 1})))["_id"])
            queue(table, office, year, args.waiting)
            with told(f"{args.waiting * 9:,} more wait"):
                year.more_waiting(args.waiting * 9)
            queue(table, office, year, args.waiting * 10)
            numbers(table, office, year)
            others(table, office, year)
            paper(table, office, year, args.volumes)
            batch(table, office, year)
            print(f"{len(table.faults)} kinds of question walked a collection or sorted in memory")
        finally:
            office.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
