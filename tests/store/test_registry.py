"""Companies, dossiers and scans as intake writes them and visitors read them."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

from conf.errors import IntegrityFault, Invalid, NotFound
from conf.terms import AccountKind, CompanyStatus, DocumentFlag, FilingKind, IdentityLevel, PageSize, PersonRole
from store import Store
from store.blobs import digest
from store.records import Account, Company, Document, Filing, Page, Person
from tests.store.conftest import DATABASE, Run
from tests.store.generated import companies, company

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def one(**changes: Any) -> Company:
    return company(1, random.Random(1), **{"updated_at": NOW} | changes)


def account(store: Store, name: str, number: str, *, uscc: str = "") -> Account:
    return Account(
        id="a1",
        provider="tyrz",
        subject="s1",
        kind=AccountKind.LEGAL if uscc else AccountKind.NATURAL,
        name=name,
        id_type="统一社会信用代码" if uscc else "身份证",
        id_number=store.vault.conceal(number, "***"),
        level=IdentityLevel.L2,
        phone=None,
        mail=None,
        uscc=uscc,
        operator_name="",
        created_at=NOW,
        signed_in_at=NOW,
    )


def person(store: Store, name: str, number: str, role: PersonRole = PersonRole.SHAREHOLDER) -> Person:
    return Person(name=name, role=role, id_type="身份证", id_number=store.vault.conceal(number, "440***********0013"))


def filing(number: int = 1, documents: int = 2) -> Filing:
    return Filing(
        id=f"f{number}",
        uscc="91440106MA9W00010Y",
        kind=FilingKind.ESTABLISHMENT,
        number=number,
        business_no=f"B{number}",
        title="设立登记",
        approved_on=date(2020, 1, number),
        documents=tuple(
            Document(
                id=f"f{number}d{n}",
                filing_id=f"f{number}",
                uscc="91440106MA9W00010Y",
                kind="章程",
                title="公司章程",
                dated=None,
                flags=frozenset({DocumentFlag.PUBLIC, DocumentFlag.SENSITIVE}),
                page_count=2,
                catalogued_pages=2,
            )
            for n in range(documents)
        ),
    )


def test_a_company_comes_back_as_it_went_in(store: Store, run: Run[Any]) -> None:
    whole = one(persons=(person(store, "张三", "440106199001010013"),), term_from=date(2020, 2, 29))
    run(store.companies.put(whole))
    run(store.companies.put(whole))
    assert run(store.companies.by_uscc(whole.uscc)) == whole
    assert run(store.companies.count()) == 1
    assert run(store.companies.by_uscc("91440106MA9W00010Y")) is None


def test_what_is_written_is_found_at_once_and_a_change_replaces_it(store: Store, run: Run[Any]) -> None:
    run(store.companies.put(one(name="广州晨曦样例有限公司", former_names=())))
    assert [hit.tier for hit in run(store.companies.search("晨曦样例")).hits] == [2]
    run(store.companies.put(one(name="广州暮色样例有限公司", former_names=(), status=CompanyStatus.CANCELLED)))
    assert not run(store.companies.search("晨曦样例")).hits
    assert [hit.status for hit in run(store.companies.search("暮色")).hits] == [CompanyStatus.CANCELLED]


def test_a_company_and_its_search_row_are_written_together_or_not_at_all(store: Store, run: Run[Any]) -> None:
    async def half(tx: Any) -> None:
        await store.companies.put(one(), tx)
        raise RuntimeError("the power goes off")

    with pytest.raises(RuntimeError):
        run(store.atomically(half))
    assert run(store.companies.by_uscc(one().uscc)) is None
    assert not run(store.companies.search(one().uscc)).hits


def test_the_search_rows_can_be_made_anew(store: Store, run: Run[Any], mongo_url: str) -> None:
    run(store.companies.put_many(companies(30)))
    with MongoClient(mongo_url) as client:
        rows = client[DATABASE]["name_search"]
        before = list(rows.find().sort("_id"))
        rows.delete_many({"_id": {"$in": [row["_id"] for row in before[:10]]}})
        rows.insert_one({**before[0], "_id": "gone"})
        assert run(store.companies.rebuild_search()) == 30
        assert list(rows.find().sort("_id")) == before


def test_nothing_personal_stands_in_the_database_in_clear(store: Store, run: Run[Any], mongo_url: str) -> None:
    run(store.companies.put(one(persons=(person(store, "张三", "440106199001010013"),))))
    with MongoClient(mongo_url) as client:
        for name in ("companies", "name_search"):
            assert "440106199001010013" not in str(client[DATABASE][name].find_one())


def test_a_person_owns_what_the_register_says_by_name_and_number(store: Store, run: Run[Any]) -> None:
    mine = one(persons=(person(store, "张三", "440106199001010013"),))
    run(store.companies.put(mine))
    owned = lambda who: [c.uscc for c in run(store.companies.owned_by(who))]  # noqa: E731
    assert owned(account(store, "张三", "440106199001010013")) == [mine.uscc]
    assert owned(account(store, "张叁", "440106199001010013")) == []
    assert owned(account(store, "张三", "440106198502280025")) == []


def test_a_body_owns_itself_and_where_it_is_a_shareholder(store: Store, run: Run[Any]) -> None:
    parent = company(7, random.Random(2), name="甲样例有限公司")
    body = Person(
        name=parent.name,
        role=PersonRole.SHAREHOLDER,
        id_type="统一社会信用代码",
        id_number=store.vault.conceal(parent.uscc, parent.uscc),
        is_body=True,
    )
    child = company(8, random.Random(2), name="乙样例有限公司", persons=(body,))
    run(store.companies.put_many([parent, child, company(9, random.Random(2))]))
    owned = run(store.companies.owned_by(account(store, parent.name, parent.uscc, uscc=parent.uscc)))
    assert {c.uscc for c in owned} == {parent.uscc, child.uscc}


def test_a_lock_says_why_and_can_be_taken_off(store: Store, run: Run[Any]) -> None:
    run(store.companies.put(one()))
    run(store.companies.lock(one().uscc, "法院冻结（样例）"))
    locked = run(store.companies.by_uscc(one().uscc))
    assert (locked.locked, locked.lock_ground) == (True, "法院冻结（样例）")
    run(store.companies.lock(one().uscc, ""))
    assert not run(store.companies.by_uscc(one().uscc)).locked
    with pytest.raises(NotFound):
        run(store.companies.lock("91440106MA9W00010Y", "x"))


def test_a_dossier_is_its_filings_in_order(store: Store, run: Run[Any]) -> None:
    for number in (2, 1, 3):
        run(store.dossiers.put_filing(filing(number, documents=number - 1)))
    run(store.dossiers.put_filing(filing(2)))
    dossier = run(store.dossiers.of("91440106MA9W00010Y"))
    assert dossier.filings == (filing(1, 0), filing(2), filing(3))
    assert run(store.dossiers.document("f2d1")) == filing(2).documents[1]
    assert run(store.dossiers.document("f9d1")) is None
    assert run(store.dossiers.of("91440106MA9W00029Q")) is None
    with pytest.raises(DuplicateKeyError):
        run(store.dossiers.put_filing(replace(filing(2), id="other")))
    with pytest.raises(Invalid):
        run(store.dossiers.document({"$ne": ""}))


def test_pages_come_by_number_and_twice_is_once(store: Store, run: Run[Any]) -> None:
    pages = tuple(
        Page(
            id=f"p{n}",
            document_id="d",
            number=n,
            sha256="00",
            media_type="image/jpeg",
            size=1,
            width=1,
            height=1,
            dpi=200,
        )
        for n in (3, 1, 2)
    )
    run(store.dossiers.put_pages(pages))
    run(store.dossiers.put_pages(pages))
    assert [page.number for page in run(store.dossiers.pages("d"))] == [1, 2, 3]
    assert run(store.dossiers.page("p2")) == pages[2]
    assert run(store.dossiers.page("p9")) is None


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, 3_000_000])
def test_a_scan_is_kept_once_whatever_its_size(store: Store, run: Run[Any], mongo_url: str, size: int) -> None:
    content = random.Random(size).randbytes(size)
    sha256 = run(store.scans.put(content, "image/jpeg"))
    assert run(store.scans.put(content, "image/jpeg")) == sha256 == digest(content)
    assert run(store.scans.get(sha256)) == content
    assert run(store.scans.exists(sha256))
    with MongoClient(mongo_url) as client:
        assert client[DATABASE]["scans.files"].count_documents({}) == 1


def test_the_same_scan_put_twenty_times_at_once_is_one(store: Store, run: Run[Any], mongo_url: str) -> None:
    content = random.Random(7).randbytes(1_500_000)

    async def together() -> list[str]:
        return await asyncio.gather(*(store.scans.put(content, "image/png") for _ in range(20)))

    assert set(run(together())) == {digest(content)}
    assert run(store.scans.get(digest(content))) == content
    with MongoClient(mongo_url) as client:
        assert client[DATABASE]["scans.files"].count_documents({}) == 1
        assert client[DATABASE]["scans.chunks"].count_documents({}) == 2  # the others took theirs away


def test_a_changed_or_lost_chunk_is_found_when_read(store: Store, run: Run[Any], mongo_url: str) -> None:
    content = random.Random(8).randbytes(100_000)
    sha256 = run(store.scans.put(content, "image/jpeg"))
    with MongoClient(mongo_url) as client:
        chunks = client[DATABASE]["scans.chunks"]
        chunks.update_one({}, {"$set": {"data": b"\0" + content[1:]}})
        with pytest.raises(IntegrityFault):
            run(store.scans.get(sha256))
        chunks.delete_many({})
        with pytest.raises(IntegrityFault):
            run(store.scans.get(sha256))
    with pytest.raises(NotFound):
        run(store.scans.get("00" * 32))


def test_a_viewing_size_is_served_from_the_cache_and_a_damaged_cache_mends_itself(
    store: Store, run: Run[Any], mongo_url: str, store_settings: Any
) -> None:
    small = random.Random(9).randbytes(20_000)
    run(store.scans.put_size("ab" * 32, PageSize.THUMB, small))
    assert run(store.scans.get_size("ab" * 32, PageSize.THUMB)) == small
    (cached,) = (store_settings.var_dir / "cache" / "renditions").rglob(digest(small))
    cached.write_bytes(b"damaged")
    assert run(store.scans.get_size("ab" * 32, PageSize.THUMB)) == small
    assert cached.read_bytes() == small
    with MongoClient(mongo_url) as client:
        client[DATABASE]["renditions.chunks"].delete_many({})
    assert run(store.scans.get_size("ab" * 32, PageSize.THUMB)) == small
    with pytest.raises(NotFound):
        run(store.scans.get_size("ab" * 32, PageSize.FULL))
    bigger = small + b"x"
    run(store.scans.put_size("ab" * 32, PageSize.THUMB, bigger))
    assert run(store.scans.get_size("ab" * 32, PageSize.THUMB)) == bigger
