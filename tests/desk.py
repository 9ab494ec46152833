"""One fictional company with a dossier and people around it, in a real store, for tests of ordering (样例)."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from conf.consent import current_consent
from conf.keys import Keys, load_keys
from conf.settings import Settings, load_settings
from conf.terms import AccountKind, Channel, DocumentFlag, FilingKind, IdentityLevel, OrderStatus
from handlers.flows import copies, ordering
from handlers.flows.order_forms import OrderForm
from store import Store, open_store
from store.ids import copy_no_of
from store.records import Account, Company, Copy, CopyPage, Document, Filing, Order, Person
from tests.access import cases
from tests.conftest import Clock

DATABASE = "eqicha_desk_test"
TRACE = {"who": "w", "role": "visitor", "channel": Channel.PC, "request_id": "r1", "address": "a"}
PDF = b"%PDF-1.7 fictional sealed file"
__all__ = ["DATABASE", "TRACE", "Desk", "desk", "desk_settings", "desk_store"]


def a_document(name: str, filing: str, *flags: DocumentFlag, pages: int = 2, title: str = "公司章程") -> Document:
    return replace(
        cases.document(name, *flags, title=title), filing_id=filing, page_count=pages, catalogued_pages=pages or 3
    )


FILINGS = (
    Filing(
        id="f1",
        uscc=cases.USCC,
        kind=FilingKind.ESTABLISHMENT,
        number=1,
        business_no="Y001",
        title="设立登记",
        approved_on=date(2015, 3, 2),
        documents=(
            a_document("d1", "f1", title="公司章程", pages=3),
            a_document("d2", "f1", title="股东会决议", pages=2),
            a_document("d-internal", "f1", DocumentFlag.INTERNAL, title="审批表", pages=1),
        ),
    ),
    Filing(
        id="f2",
        uscc=cases.USCC,
        kind=FilingKind.CHANGE,
        number=2,
        business_no="Y002",
        title="变更登记",
        approved_on=date(2024, 5, 6),
        documents=(
            a_document("d3", "f2", title="变更登记申请书", pages=4),
            a_document("d-unscanned", "f2", title="房屋租赁合同", pages=0),
            a_document("d-long", "f2", title="会计账册", pages=600),
        ),
    ),
)


@dataclass
class Desk:
    """The store with its company; `run` drives coroutines on the loop the store was opened in."""

    store: Store
    settings: Settings
    keys: Keys
    clock: Clock
    run: Callable[[Awaitable[Any]], Any]

    async def open(self) -> None:
        """Company, dossier; numbers are concealed with this store's own vault, so that identities match."""
        await self.store.companies.put(self.company())
        for filing in FILINGS:
            await self.store.dossiers.put_filing(filing)

    def company(self, **changes: Any) -> Company:
        made = cases.company(**changes)
        return replace(made, persons=tuple(self._real(person) for person in made.persons))

    def _real(self, person: Person) -> Person:
        numbers = {name: number for name, number in (cases.HEADS | cases.INTERESTED).values()} | dict([cases.BODY])
        return replace(person, id_number=self.store.vault.conceal(numbers[person.name], "*"))

    async def account(self, role: str, *, level: int = 2) -> Account:
        """A visitor by role: "stranger", "legal_representative", "shareholder", "company" …"""
        known = cases.VISITORS[role]
        assert known is not None
        numbers = {name: number for name, number in (cases.HEADS | cases.INTERESTED).values()}
        number = cases.USCC if role == "company" else numbers.get(known.name, "N99")
        return await self.store.accounts.remember(
            provider="tyrz",
            subject=f"s-{role}",
            kind=known.kind,
            name=known.name,
            id_type=known.id_type,
            id_number=number,
            level=IdentityLevel(level),
            phone="19900000001",
            operator_name="梁予安" if known.kind is AccountKind.LEGAL else "",
        )

    def form(self, **changes: Any) -> OrderForm:
        made = OrderForm(
            uscc=cases.USCC,
            request_key=secrets.token_urlsafe(24),
            document_ids=("d1", "d2"),
            purpose="own_affairs",
            consent_version=current_consent().version,
        )
        return replace(made, **changes)

    async def place(self, account: Account, **changes: Any) -> Order:
        form = self.form(**changes)
        return await ordering.place(self.store, self.settings, account, form, now=self.clock(), trace=TRACE)

    async def settled(self, account: Account, **changes: Any) -> Order:
        order = await self.place(account, **changes)
        return await ordering.settle(self.store, self.settings, order, now=self.clock())

    async def seal(self, order: Order, *, document_id: str = "d1") -> Order:
        """Stands where the sealing flow stands: a finished copy on record and the order ready."""
        advance = self.store.orders.advance
        await advance(order.no, OrderStatus.PERMITTED, OrderStatus.SEALING, "worker", copy_no=copy_no_of(order.no))
        sha256 = await self.store.copies.put_file(PDF + order.no.encode())
        copy = self.copy(order, sha256, document_id)

        async def work(tx: Any) -> Order:
            await self.store.copies.create(copy, tx)
            return await advance(order.no, OrderStatus.SEALING, OrderStatus.READY, "worker", tx=tx)

        return await self.store.atomically(work)

    def copy(self, order: Order, sha256: str, document_id: str) -> Copy:
        now = self.clock()
        page = CopyPage(
            number=2,
            kind="scan",
            document_id=document_id,
            document_title="公司章程",
            original_page=1,
            digest="d",
            content_digest="c",
        )
        return Copy(
            no=copy_no_of(order.no),
            order_no=order.no,
            account_id=order.account_id,
            uscc=order.uscc,
            company_name=order.company_name,
            issued_at=now,
            valid_until=now + timedelta(days=self.settings.copy_valid_days),
            download_until=now + timedelta(days=self.settings.copy_download_days),
            code=self.store.vault.conceal(secrets.token_hex(10).upper(), "…"),
            status="valid",
            withdrawn_reason="",
            sha256=sha256,
            size=len(PDF) + len(order.no),
            pages=(page,),
            cert_sn="01",
            signer="样例专用章",
            filing_number=2,
            filed_on=date(2024, 5, 6),
        )

    async def tags(self) -> list[str]:
        """Tags of all audit events in order of writing."""
        await self.store.audit.sequence("test")
        return [event.tag.value for event in await self.store.audit.events(batch=1000)]


@pytest.fixture(scope="session")
def desk_settings(mongo_url: str, var_dir: Path) -> Settings:
    return load_settings(mongo_url=mongo_url, mongo_database=DATABASE, var_dir=var_dir, worker_enabled=False)


@pytest.fixture(scope="session")
def desk_store(desk_settings: Settings) -> Iterator[tuple[Store, Clock, asyncio.Runner]]:
    clock = Clock(cases.NOW)
    with asyncio.Runner() as runner:
        store = runner.run(open_store(desk_settings, load_keys(desk_settings), clock))
        runner.run(store.ensure_indexes())
        yield store, clock, runner
        runner.run(store.close())


@pytest.fixture
def desk(desk_store: tuple[Store, Clock, asyncio.Runner], desk_settings: Settings, mongo_url: str) -> Iterator[Desk]:
    """A store holding only the company and its dossier; emptied afterwards, the clock set back."""
    store, clock, runner = desk_store

    async def awaited(work: Awaitable[Any]) -> Any:
        return await work

    made = Desk(store, desk_settings, load_keys(desk_settings), clock, lambda work: runner.run(awaited(work)))
    made.run(made.open())
    yield made
    clock.now = cases.NOW
    with MongoClient(mongo_url) as client:
        for name in client[DATABASE].list_collection_names():
            if not name.startswith("system."):
                client[DATABASE][name].delete_many({})


async def handed_whole(desk: Desk, account: Account, no: str) -> copies.Download:
    """A copy downloaded to its last byte."""
    handed = await copies.download(desk.store, account, no, now=desk.clock(), trace=TRACE)
    await copies.arrived(desk.store, handed, trace=TRACE)
    return handed
