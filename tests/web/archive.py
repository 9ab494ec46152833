"""A live service over a small fictional archive (样例), for the tests of dossier, viewer and extract.

`Archive.visit(person)` gives a signed-in browser; every request goes over HTTP, every byte through the real store.
"""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image, ImageDraw
from pymongo import monitoring

from adapters.imaging.render import render
from adapters.workshop import Workshop
from conf import masks
from conf.settings import load_settings
from conf.terms import (
    AccountKind,
    CompanyStatus,
    DocumentFlag,
    FilingKind,
    IdentityLevel,
    PageSize,
    PersonRole,
)
from store.records import Change, Company, Document, Filing, FormerName, Grant, Page, Person
from tests.factories import a_company as base_company
from tests.web.client import PageClient
from tests.web.conftest import Site

USCC = "91440106MA9W00010Y"
OTHER = "92440106MA9W00029Q"
MOVED = "91440106MA5TEXT11M"
LOCKED = "914401067577994088"
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)

#: person → (name, number, level, kind)
PEOPLE: dict[str, tuple[str, str, int, AccountKind]] = {
    "head": ("样例甲", "440106199001010013", 2, AccountKind.NATURAL),
    "low head": ("样例甲", "440106199001010013", 1, AccountKind.NATURAL),
    "shareholder": ("样例乙", "440106198502280025", 2, AccountKind.NATURAL),
    "stranger": ("路人样", "11010519491231002X", 3, AccountKind.NATURAL),
    "nobody": ("未实名样", "440524188001010014", 0, AccountKind.NATURAL),
    "company": ("广州市天河区样例科技有限公司", USCC, 2, AccountKind.LEGAL),
    "other company": ("广州样例餐饮店", OTHER, 2, AccountKind.LEGAL),
}
ADDRESS = "广东省广州市天河区五山路样例街2号301房"


class Commands(monitoring.CommandListener):
    """Names of the database commands sent, in order, while someone listens."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        collection = event.command.get(event.command_name, "")
        self.sent.append((event.command_name, collection if isinstance(collection, str) else ""))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Only starts are counted."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Only starts are counted."""


COMMANDS = Commands()
monitoring.register(COMMANDS)


@contextlib.contextmanager
def open_archive(mongo_url: str, var_dir: Path, database: str, **values: object) -> Iterator["Archive"]:
    """A service over a database of its own, for one test module."""
    settings = load_settings(
        mongo_url=mongo_url, mongo_database=database, var_dir=var_dir, worker_enabled=False, **values
    )
    archive = Archive(settings)
    archive.run(archive.open())
    try:
        yield archive
    finally:
        archive.close()


class Archive(Site):
    """The live service of tests/web/conftest.py, filled, with a workshop of one child process."""

    commands = COMMANDS

    def visit(self, person: str = "", **headers: str) -> PageClient:
        """A browser, signed in as `person`; nobody when empty."""
        return self.signed_in(self.run(self.account(person)), **headers) if person else self.visitor(**headers)

    async def open(self) -> None:
        self.workshop = Workshop(1)
        self.app.adapters = SimpleNamespace(workshop=self.workshop)
        await self._fill()

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.run(self.workshop.close())
        super().close()

    async def account(self, person: str) -> Any:
        name, number, level, kind = PEOPLE[person]
        return await self.store.accounts.remember(
            provider="tyrz",
            subject=f"subject-{person}",
            kind=kind,
            name=name,
            id_type="统一社会信用代码" if kind is AccountKind.LEGAL else "身份证",
            id_number=number,
            level=IdentityLevel(level),
        )

    def permit(self, person: str, *documents: str, days: float = 30, rule: str = "dossier.lawyer") -> None:
        """A live grant, as a reviewer's yes leaves one."""
        account = self.run(self.account(person))
        grant = Grant(
            id=f"g-{person}-{'-'.join(documents)}-{days}",
            account_id=account.id,
            uscc=USCC,
            document_ids=frozenset(documents),
            order_no="TH20261121-7K3M9Q",
            rule_id=rule,
            until=self.clock() + timedelta(days=days),
        )
        self.run(self.store.accounts.grant(grant))

    def events(self, tag: str) -> list[Any]:
        async def found() -> list[Any]:
            rows = self.store._base["audit_events"].find({"tag": tag}).sort("_id", 1)
            return await rows.to_list()

        return self.run(found())

    def unlock(self, uscc: str) -> None:
        company = self.run(self.store.companies.by_uscc(uscc))
        self.run(self.store.companies.put(replace(company, locked=False, lock_ground="")))

    def damage(self, sha256: str, size: PageSize) -> None:
        """Flip one byte of a viewing size where it is kept, in database and cache alike."""

        async def flip() -> None:
            base = self.store._base
            row = await base["page_sizes"].find_one({"_id": f"{sha256}:{size}"})
            kept = await base["renditions.files"].find_one({"filename": row["sha256"]})
            chunk = await base["renditions.chunks"].find_one({"files_id": kept["_id"]})
            spoilt = bytes([chunk["data"][0] ^ 1]) + chunk["data"][1:]
            await base["renditions.chunks"].update_one({"_id": chunk["_id"]}, {"$set": {"data": spoilt}})
            for cached in (self.settings.var_dir / "cache").rglob(row["sha256"]):
                cached.unlink()

        self.run(flip())

    # -- the archive

    async def _fill(self) -> None:
        for company in (
            self._company(USCC, "广州市天河区样例科技有限公司"),
            self._company(OTHER, "广州市天河区样例餐饮店"),
            self._company(
                MOVED,
                "广州样例迁出有限公司",
                status=CompanyStatus.MOVED_OUT,
                moved_to="广州市番禺区市场监督管理局",
                ended_on=date(2025, 1, 2),
            ),
            self._company(LOCKED, "广州样例锁定有限公司", locked=True, lock_ground="样例"),
        ):
            await self.store.companies.put(company)
        await self._filings()

    def _company(self, uscc: str, name: str, **changes: object) -> Company:
        people = (
            self._person("head", PersonRole.LEGAL_REPRESENTATIVE, title="执行董事"),
            self._person("shareholder", PersonRole.SHAREHOLDER, amount="40万元", share="40"),
            self._person("head", PersonRole.SHAREHOLDER, amount="60万元", share="60"),
        )
        made = base_company(
            uscc=uscc,
            old_reg_nos=("企独粤穗总字第样例号",),
            name=name,
            former_names=(FormerName(name="广州旧名样例有限公司", since=date(2015, 3, 2), until=date(2019, 8, 1)),),
            domicile="广州市天河区五山路1号（样例）",
            scope="软件开发；信息技术咨询服务（样例）。",
            persons=people if uscc != OTHER else (),
            changes=(
                Change(
                    item="名称变更",
                    before="广州旧名样例有限公司",
                    after=name,
                    approved_on=date(2019, 8, 1),
                ),
            ),
            filing_count=3,
            updated_at=NOW - timedelta(hours=3),
        )
        return replace(made, **changes)

    def _person(self, who: str, role: PersonRole, **more: str) -> Person:
        name, number, _, _ = PEOPLE[who]
        conceal = self.store.vault.conceal
        return Person(
            name=name,
            role=role,
            id_type="身份证",
            id_number=conceal(number, masks.id_number(number)),
            address=conceal(ADDRESS, masks.address(ADDRESS)),
            **more,
        )

    async def _filings(self) -> None:
        for uscc in (USCC, OTHER, MOVED, LOCKED):
            tail = uscc[-4:].lower()
            made = _papers(uscc, tail)
            for filing in made:
                for document in filing.documents:
                    await self._scan(document)
                await self.store.dossiers.put_filing(filing)

    async def _scan(self, document: Document) -> None:
        pages = []
        for number in range(1, document.page_count + 1):
            content = scan_of(f"{document.title} 样例 {number}", grey=number % 2)
            sha256 = await self.store.scans.put(content, "image/jpeg")
            sizes = render(content)
            for size in PageSize:
                await self.store.scans.put_size(sha256, size, getattr(sizes, size))
            pages.append(
                Page(
                    id=f"{document.id}-p{number}",
                    document_id=document.id,
                    number=number,
                    sha256=sha256,
                    media_type="image/jpeg",
                    size=len(content),
                    width=826,
                    height=1169,
                    dpi=100,
                )
            )
        await self.store.dossiers.put_pages(tuple(pages))


def _papers(uscc: str, tail: str) -> tuple[Filing, ...]:
    def paper(name: str, title: str, kind: str, pages: int, *flags: DocumentFlag, filing: str = "f1") -> Document:
        return Document(
            id=f"{name}-{tail}",
            filing_id=f"{filing}-{tail}",
            uscc=uscc,
            kind=kind,
            title=title,
            dated=date(2015, 2, 20),
            flags=frozenset(flags),
            page_count=pages,
            catalogued_pages=max(pages, 2),
        )

    first = (
        paper("articles", "公司章程", "章程", 3),
        paper("form", "公司设立登记申请书", "申请书", 2),
        paper("idhead", "身份证复印件（样例甲）", "身份证明", 1, DocumentFlag.SENSITIVE),
        paper("idother", "身份证复印件（旁人样）", "身份证明", 1, DocumentFlag.SENSITIVE),
        paper("inner", "内部审批表（样例不外传）", "审批表", 1, DocumentFlag.INTERNAL),
        paper("lease", "房屋租赁合同", "房屋租赁合同", 0),
    )
    second = (
        paper("change", "变更登记申请书", "申请书", 1, filing="f2"),
        paper("resolution", "股东会决议（变更名称）", "股东会决议", 1, filing="f2"),
    )
    return (
        _filing(uscc, f"f1-{tail}", FilingKind.ESTABLISHMENT, 1, date(2015, 3, 2), first),
        _filing(uscc, f"f2-{tail}", FilingKind.CHANGE, 2, date(2019, 8, 1), second),
    )


def _filing(
    uscc: str, name: str, kind: FilingKind, number: int, approved: date, documents: tuple[Document, ...]
) -> Filing:
    titles = {FilingKind.ESTABLISHMENT: "设立登记", FilingKind.CHANGE: "名称变更登记"}
    return Filing(
        id=name,
        uscc=uscc,
        kind=kind,
        number=number,
        business_no=f"穗天登记样例{number}",
        title=titles[kind],
        approved_on=approved,
        documents=documents,
    )


def scan_of(words: str, *, grey: bool | int = False) -> bytes:
    """An A4 page at 100 dpi with some lines on it, as a scanner would give it."""
    page = Image.new("L" if grey else "RGB", (826, 1169), 245 if grey else (246, 244, 238))
    draw = ImageDraw.Draw(page)
    draw.text((100, 80), words.encode("ascii", "replace").decode(), fill=20 if grey else (20, 20, 30))
    for row in range(20):
        draw.line((100, 160 + row * 45, 720, 160 + row * 45), fill=120 if grey else (120, 120, 120))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=85)
    return out.getvalue()
