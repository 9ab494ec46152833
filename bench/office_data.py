"""A year of back-office data for `bench.office`: orders, events, counts, volumes, cases, as the flows write them.

One of each thing is made by the flow that makes it in earnest; its rows are then written many times with other names,
days and states. Indexes are made afterwards, as after a restored backup.
"""

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from conf.codes import make_uscc
from conf.measures import Measure, cell, day_of, hours_of, periods_of
from conf.terms import AuditTag, OrderStatus, StaffRole, TaskKind, TaskState, VolumeKind, VolumeState
from store.encode import to_bson
from store.records.paper import PaperPart, PaperStep, Volume
from store.records.work import Task
from tests.desk import Desk
from tests.government import a_case, a_unit, a_user, keep
from tests.web.test_staff import a_reviewer

DAYS, YEARS, BATCH = 365, 5, 5000
CHANNELS, KINDS, OUTCOMES = ("pc", "mobile", "kiosk", "shb", "yst"), ("natural", "legal"), ("permit", "review")
DIMS = [(channel, kind, outcome) for channel in CHANNELS for kind in KINDS for outcome in OUTCOMES]
PAPERS = ("公司章程", "股东会决议", "申请书", "任职文件", "住所证明", "委托书", "变更决定", "验资报告")
RULES = ("dossier.interested", "dossier.lawyer", "dossier.dispute", "dossier.locked")
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Rows = Iterable[dict[str, Any]]


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    start = time.perf_counter()
    print(f"  {what} …", end="", flush=True)
    yield
    print(f" {time.perf_counter() - start:.0f} s", flush=True)


def order_no(number: int, day: date) -> str:
    """As our numbers look."""
    signs = ""
    for _ in range(6):
        number, place = divmod(number, 32)
        signs = SIGNS[place] + signs
    return f"TH{day:%Y%m%d}-{signs}"


@cache
def code_of(company: int) -> str:
    """Eighteen signs with their check sign; none of these companies exists."""
    return make_uscc(f"MB{company:06d}")


def name_of(company: int) -> str:
    return f"广州样例第{company}号科技有限公司"


class Year:
    """`orders` orders of `companies` companies in the year before `last` (a Beijing day)."""

    def __init__(self, database: Any, desk: Desk, *, orders: int, companies: int) -> None:
        self.database, self.desk, self.orders, self.companies = database, desk, orders, companies
        self.last = day_of(desk.clock())
        self.source = random.Random(7)
        self.people: dict[StaffRole, str] = {}

    def fill(self, *, waiting: int, volumes: int) -> None:
        """Everything, and the indexes at the end."""
        self.people = {
            role: a_reviewer(self.desk, f"y.{role.value[:9].replace('_', '.')}", role=role).staff.id
            for role in StaffRole
        }
        account = self.desk.run(self.desk.account("shareholder"))
        order = self.desk.run(self.desk.settled(account))
        company, row = self.database.companies.find_one(), self.database.orders.find_one({"_id": order.no})
        event = self.database.audit_events.find_one()
        for name in ("companies", "orders", "audit_events", "company_buckets", "paper_volumes"):
            self.database[name].delete_many({})
            self.database[name].drop_indexes()
        with told(f"{self.companies:,} companies"):
            self._keep("companies", self._companies(company))
        with told(f"{self.orders:,} orders, {waiting:,} of them wait"):
            self._keep("orders", self._orders(row, waiting))
        with told(f"{self.orders:,} audit events"):
            self._keep("audit_events", self._events(event))
        with told("counts of five years"):
            self._keep("buckets", self._buckets())
            self._keep("company_buckets", self._looks())
        with told(f"{volumes:,} volumes"):
            self._keep("paper_volumes", self._volumes(volumes))
        with told("20,000 tasks, 2,000 cases"):
            self._keep("tasks", self._tasks(20_000))
            self._cases(2_000)
        with told("indexes"):
            self.desk.run(self.desk.store.ensure_indexes())

    def more_waiting(self, count: int) -> None:
        """`count` more of the orders that are there stand in review."""
        found = self.database.orders.find({"status": "ready"}, {"_id": 1}).sort("_id", -1).limit(count)
        change = {"$set": {"status": OrderStatus.UNDER_REVIEW.value}}
        self.database.orders.update_many({"_id": {"$in": [row["_id"] for row in found]}}, change)

    def _keep(self, name: str, rows: Rows) -> None:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                self.database[name].insert_many(batch, ordered=False)
                batch = []
        if batch:
            self.database[name].insert_many(batch, ordered=False)

    def _company(self) -> int:
        """Few companies are asked for often."""
        return int(self.companies * self.source.random() ** 3)

    def _companies(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for company in range(self.companies):
            ended = {
                "status": "cancelled",
                "ended_on": f"{1990 + company % 36}-05-06",
            }  # a fifth is gone, since long or not
            gone = ended if company % 5 == 4 else {}
            yield row | {"_id": code_of(company), "name": name_of(company)} | gone

    def _orders(self, row: dict[str, Any], waiting: int) -> Iterator[dict[str, Any]]:
        """The last in line wait; the rest are done."""
        facts = row["decision"]["facts"]
        for number in range(self.orders):
            day, is_open = self._day(number), number >= self.orders - waiting
            at, company = self._moment(number), self._company()
            channel, kind, outcome = self.source.choice(DIMS)
            decision = row["decision"] | {
                "rule_id": self.source.choice(RULES), "facts": facts | {"account": kind},
                "outcome": "review" if is_open else outcome,
            }  # fmt: skip
            yield row | {
                "_id": order_no(number, day), "account_id": f"a{number % 300_000}", "request_key": f"k{number}",
                "created_at": at, "updated_at": at, "free_at": at, "channel": channel, "uscc": code_of(company),
                "company_name": name_of(company), "decision": decision,
                "due_at": at + timedelta(days=number % 7 - 1), "status": "under_review" if is_open else "ready",
            }  # fmt: skip

    def _events(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        kept = {name: value for name, value in row.items() if name != "waiting"}
        seen = (AuditTag.ACCESS_DECIDED, AuditTag.DOSSIER_LISTED, AuditTag.EXTRACT_VIEWED, AuditTag.COPY_DOWNLOADED)
        tags = [tag.value for tag in seen]
        for number in range(self.orders):
            at = self._moment(number)
            yield kept | {
                "_id": f"{int(at.timestamp() * 1000):012x}{number:012x}", "position": number, "at": at,
                "who": f"{number % 300_000:064x}", "tag": tags[number % len(tags)], "subject": order_no(number, at),
                "channel": CHANNELS[number % 5], "fields": {"uscc": code_of(self._company())},
            }  # fmt: skip

    def _buckets(self) -> Iterator[dict[str, Any]]:
        """What folding would have left: every measure with a channel, by day, month and year."""
        found: dict[str, Counter[str]] = {}
        each = max(1, self.orders // DAYS // len(DIMS))
        for past in range(DAYS * YEARS + 2):
            for period in periods_of(self.last - timedelta(days=past)):
                for dims in DIMS:
                    for measure, more in ((Measure.ORDERS, ()), (Measure.QUERIES, ("dossier",))):
                        found.setdefault(f"{measure}|{period}", Counter())[cell(*dims, *more)] += each
                    for paper in PAPERS:
                        into = found.setdefault(f"{Measure.CATEGORIES}|{period}", Counter())
                        into[cell(*dims, paper)] += 1 + each // len(PAPERS)
        return ({"_id": id, "n": dict(cells)} for id, cells in found.items())

    def _looks(self) -> Iterator[dict[str, Any]]:
        """Look-ups by company: by day and month for the last year and the first month, by year for all of them."""
        counts: dict[str, Counter[int]] = {}
        for past in range(DAYS * YEARS + 2):
            day = self.last - timedelta(days=past)
            periods = periods_of(day)
            if DAYS < past < DAYS * YEARS - 40:
                periods = tuple(period for period in periods if period[0] == "y")
            looked = [self._company() for _ in range(self.orders // DAYS)]
            for period in periods:
                counts.setdefault(period, Counter()).update(looked)
        for period, each in counts.items():
            for company, n in each.items():
                yield {"_id": f"{period}|{code_of(company)}", "period": period, "uscc": code_of(company), "n": n}

    def _volumes(self, count: int) -> Iterator[dict[str, Any]]:
        now = self.desk.clock()
        step = PaperStep(at=now, by="s", name="样例甲", what="上架")
        for number in range(count):
            company = number % self.companies
            part = PaperPart(uscc=code_of(company), company_name=name_of(company), filings=(1, 2))
            volume: dict[str, Any] = {
                "id": f"BOX-{number:07d}", "kind": VolumeKind.BOX, "title": "登记档案", "parts": (part,), "pages": 120,
                "state": VolumeState.KEPT, "handover_no": f"YJ-{number // 100}", "check": None, "check_note": "",
                "location": f"L-A1-{number // 1000:02d}", "loan_no": "", "destruction_no": "", "version": 1,
                "history": (step,),
            }  # fmt: skip
            yield to_bson(Volume(**volume))

    def _tasks(self, count: int) -> Iterator[dict[str, Any]]:
        now = self.desk.clock()
        for number in range(count):
            is_open = number < count // 10
            yield to_bson(
                Task(
                    id=order_no(number, self.last).replace("TH", "TK", 1), kind=TaskKind.SCAN, uscc=code_of(number),
                    company_name=name_of(number), document_id=f"d{number}", document_title="公司章程",
                    document_kind="章程", page=0, fault=None, words=None, account_id=f"a{number}",
                    requester_masked="样*", opened_at=now - timedelta(hours=number % 900),
                    due_at=now + timedelta(hours=number % 120 - 20), holder="", holder_name="", result="",
                    state=TaskState.OPEN if is_open else TaskState.DONE, is_open=is_open,
                    ended_at=None if is_open else now - timedelta(hours=number % 500),
                )
            )  # fmt: skip

    def _cases(self, count: int) -> None:
        """One is made as ever; the others are its row with other numbers, one in ten not checked yet."""
        store, now = self.desk.store, self.desk.clock()
        self.desk.run(keep(store, a_unit(store, now), a_user(store, now), a_case(now, looked_at=now, due_at=now)))
        row = self.database.organ_cases.find_one()
        rows = []
        for number in range(1, count):
            check = {} if number % 10 == 0 else {"check": "in_order", "checked_at": now - timedelta(hours=number)}
            due = now + timedelta(hours=number % 200 - 50)
            rows.append(row | {"_id": f"{number:030x}", "no": f"样{number}号", "due_at": due} | check)
        self.database.organ_cases.insert_many(rows)

    def _day(self, number: int) -> date:
        return self.last - timedelta(days=DAYS - 1 - number * DAYS // self.orders)

    def _moment(self, number: int) -> datetime:
        """In the order of the numbers, over the whole day."""
        each = self.orders / DAYS
        return hours_of(self._day(number))[0] + timedelta(seconds=(number % each) * 86400 / each)
