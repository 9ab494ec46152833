"""From a permitted order to its copy, over the real store, seal and composer; and what crashes and outages leave."""

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
from pymongo import MongoClient

from adapters.pdf.weasy import WeasyEngine
from adapters.seal import Sealed
from adapters.seal.local import LocalSeal
from adapters.seal.offers import offer_of
from adapters.seal.pki import development_pki
from adapters.seal.sm2 import Sm2Keys, sm3
from adapters.workshop import Workshop
from conf.clock import beijing
from conf.errors import Conflict, IntegrityFault, Invalid, ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import OrderStatus, OutboxKind, VerifyResult
from handlers.flows import verifying
from handlers.flows.copy_files import verify_copy_file
from handlers.flows.sealing import Bench, seal_order, verification_code
from handlers.flows.seals import add_seal, current_seal, retire_seal
from store.ids import copy_no_of
from store.records import Copy, Order, Page
from store.records.tuned import Signatory
from tests.desk import DATABASE, TRACE, Desk
from tests.flows.test_progress import settled
from tests.pdf import papers
from tests.seal.test_sm2 import new_key, pem_of
from tests.seal.test_tampering import with_annotation
from tests.seal.tsa import TimeStampServer
from views.sheets import PrintSheets


@dataclass
class Works:
    """The desk with scans in its store and everything that makes copies."""

    desk: Desk
    bench: Bench
    tsa: TimeStampServer

    def permitted(self, **changes: Any) -> Order:
        account = self.desk.run(self.desk.account("legal_representative"))
        return self.desk.run(self.desk.settled(account, **changes))

    def seal(self, order: Order) -> Order:
        return self.desk.run(seal_order(self.bench, order))

    def copy(self, order: Order) -> tuple[Copy, bytes]:
        copy = self.desk.run(self.desk.store.copies.by_order(order.no))
        return copy, self.desk.run(self.desk.store.copies.file(copy.sha256))

    def again(self, order: Order) -> Order:
        return self.desk.run(self.desk.store.orders.by_no(order.no))

    def by_file(self, pdf: bytes) -> verifying.Verification:
        store, adapters, keys = self.desk.store, self.bench.adapters, self.bench.keys
        return self.desk.run(verifying.by_file(store, adapters, pdf, keys=keys, now=self.desk.clock(), trace=TRACE))

    def by_code(self, code: str) -> verifying.Verification:
        return self.desk.run(verifying.by_code(self.desk.store, code, now=self.desk.clock(), trace=TRACE))

    def by_claim(self, claim: str) -> verifying.Verification:
        store, keys = self.desk.store, self.bench.keys
        return self.desk.run(verifying.by_claim(store, claim, keys=keys, now=self.desk.clock(), trace=TRACE))

    def replacing(self, **adapters: Any) -> Bench:
        return replace(self.bench, adapters=SimpleNamespace(**vars(self.bench.adapters) | adapters))


@pytest.fixture(scope="session")
def workshop(desk_store: Any, desk_settings: Settings) -> Iterator[Workshop]:
    _, _, runner = desk_store

    async def opened() -> Workshop:
        return Workshop(1, desk_settings.child_memory_mb)

    made = runner.run(opened())
    yield made
    runner.run(made.close())


@pytest.fixture
def works(desk: Desk, workshop: Workshop, tsa: TimeStampServer) -> Works:
    settings = desk.settings.model_copy(update={"tsa_url": tsa.url})

    async def opened() -> Any:
        made = LocalSeal(settings, workshop)
        return SimpleNamespace(seal=made, pdf=WeasyEngine(workshop), workshop=workshop, sm2=None)

    bench = Bench(
        store=desk.store,
        adapters=desk.run(opened()),
        settings=settings,
        keys=desk.keys,
        sheets=PrintSheets(),
        clock=desk.clock,
    )
    desk.run(put_scans(desk))
    return Works(desk, bench, tsa)


async def put_scans(desk: Desk) -> None:
    """Three scans of d1, two of d2."""
    for document_id, count in (("d1", 3), ("d2", 2)):
        pages = []
        for number in range(1, count + 1):
            content = papers.scan(number + 10 * count)
            sha256 = await desk.store.scans.put(content, "image/jpeg")
            pages.append(
                Page(
                    id=f"{document_id}-{number}",
                    document_id=document_id,
                    number=number,
                    sha256=sha256,
                    media_type="image/jpeg",
                    size=len(content),
                    width=827,
                    height=1169,
                    dpi=100,
                )
            )
        await desk.store.dossiers.put_pages(tuple(pages))


def test_a_permitted_order_becomes_one_sealed_copy(works: Works) -> None:
    order = works.seal(works.permitted(with_extract=True))
    copy, pdf = works.copy(order)
    assert order.status == OrderStatus.READY
    assert [step.status for step in order.history][-2:] == [OrderStatus.SEALING, OrderStatus.READY]
    assert copy.no == copy_no_of(order.no) == order.copy_no
    assert [page.kind for page in copy.pages] == ["certificate", "extract", "scan", "scan", "scan", "scan", "scan"]
    assert [page.original_page for page in copy.pages[2:]] == [1, 2, 3, 1, 2]
    assert len({page.content_digest for page in copy.pages}) == len(copy.pages)
    assert (copy.filing_number, copy.signer) == (2, "天河区企业登记档案查询专用章（开发测试）")
    check = works.desk.run(works.bench.adapters.seal.check(pdf))
    assert check.trusted
    tags = works.desk.run(works.desk.tags())
    assert tags.count("copy:file:sealed") == 1
    assert [m.kind.value for m in works.desk.run(works.desk.store.outbox.recent(order.no))] == ["sms"]


def test_an_extract_alone_makes_a_copy_without_scans(works: Works) -> None:
    order = works.seal(works.permitted(document_ids=(), with_extract=True))
    copy, _ = works.copy(order)
    assert {page.kind for page in copy.pages} == {"certificate", "extract"}


def test_a_copy_says_which_seal_it_carries_and_keeps_saying_it(works: Works) -> None:
    copy, pdf = works.copy(works.seal(works.permitted()))
    (entered,) = works.desk.run(works.desk.store.seals.all())
    assert (copy.seal_id, copy.seal_version) == (entered.seal_id, 1)
    assert entered.signer == copy.signer
    more = {"reason": "样例：证书更换", "by": "command", "now": works.desk.clock()}
    works.desk.run(retire_seal(works.desk.store, entered.seal_id, 1, **more))
    answer = works.by_file(pdf)
    assert answer.result == VerifyResult.VALID, "retiring a seal leaves its copies as they are"
    assert answer.seal == f"{entered.name}（TH-ARCHIVE-1，第 1 版）"
    with pytest.raises(ProviderUnavailable, match="seals add"):
        works.seal(works.permitted())


def in_office(works: Works, id: str, first: str, last: str) -> str:
    """A signatory entered for these days; the line that stands on certificates."""
    made = Signatory(
        id=id, name=f"样例{id}", title="档案管理科科长", first_day=date.fromisoformat(first),
        last_day=date.fromisoformat(last), proposal_id="p", at=works.desk.clock(),
    )  # fmt: skip

    async def work(tx: Any) -> None:
        await works.desk.store.signatories.add(made, tx)

    works.desk.run(works.desk.store.atomically(work))
    return f"{made.title} {made.name}"


def first_page(pdf: bytes) -> str:
    done = subprocess.run(
        ["pdftotext", "-l", "1", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    )  # fmt: skip
    return "".join(done.stdout.decode().split())


def test_a_copy_carries_the_signatory_in_force_on_the_day_it_was_sealed(works: Works) -> None:
    today = beijing(works.desk.clock()).date()
    names = [
        in_office(works, "甲", "2020-01-01", today.isoformat()),
        in_office(works, "乙", (today + timedelta(days=1)).isoformat(), "2099-12-31"),
    ]
    wanted = ["".join(name.split()) for name in names]
    first = works.seal(works.permitted(document_ids=("d2",)))
    assert wanted[0] in first_page(works.copy(first)[1])

    async def end(tx: Any) -> None:
        await works.desk.store.signatories.end("甲", "somebody", tx)

    works.desk.run(works.desk.store.atomically(end))
    works.desk.clock.forward(days=1)
    second = first_page(works.copy(works.seal(works.permitted(document_ids=("d2",))))[1])
    assert wanted[1] in second
    assert wanted[0] not in second
    assert wanted[0] in first_page(works.copy(first)[1]), "what was sealed before keeps its own"


def test_a_seal_that_is_not_the_register_s_makes_no_copy(works: Works, tmp_path: Any) -> None:
    stranger = (development_pki(tmp_path, "eseal") / "ca.pem").read_bytes()
    offer = offer_of(stranger, seal_id=works.bench.settings.seal_id, name="另一枚章")
    works.desk.run(add_seal(works.desk.store, offer, by="command", now=works.desk.clock()))
    order = works.permitted()
    with pytest.raises(ProviderUnavailable, match="register"):
        works.seal(order)
    assert works.desk.run(works.desk.store.copies.by_order(order.no)) is None


def test_the_national_signature_is_kept_with_the_copy_and_checked(works: Works, tmp_path: Any, mongo_url: str) -> None:
    key = new_key()
    (tmp_path / "sm2.pem").write_bytes(pem_of(key))
    keys, stranger = Sm2Keys(pem_of(key)), Sm2Keys(pem_of(new_key()))
    order = works.desk.run(seal_order(works.replacing(sm2=keys), works.permitted()))
    copy, pdf = works.copy(order)
    assert copy.sm3 == sm3(pdf)
    (tmp_path / "copy.pdf").write_bytes(pdf)

    def by_file(sm2: Sm2Keys | None) -> verifying.Verification:
        more = {"keys": works.desk.keys, "now": works.desk.clock(), "trace": TRACE, "sm2": sm2}
        return works.desk.run(verifying.by_file(works.desk.store, works.bench.adapters, pdf, **more))

    def by_command() -> Any:
        settings = works.bench.settings.model_copy(update={"seal_sm2_key_file": tmp_path / "sm2.pem"})
        return works.desk.run(verify_copy_file(tmp_path / "copy.pdf", settings, works.bench.keys))

    assert (by_file(keys).result, by_file(keys).national) == (VerifyResult.VALID, "有效")
    assert "无法核对" in by_file(stranger).national
    assert "无法核对" in by_file(None).national
    assert any(line.startswith("ok    sm2") for line in by_command().lines)
    with MongoClient(mongo_url) as client:
        client[DATABASE]["copies"].update_one({"_id": copy.no}, {"$set": {"sm3": "0" * 64}})
    assert (by_file(keys).result, by_file(keys).national) == (VerifyResult.ALTERED, "不符")
    answer = by_command()
    assert not answer.is_valid
    assert any(line.startswith("FAIL  sm2") for line in answer.lines)


def test_without_a_time_stamp_the_order_waits_and_nothing_is_kept(works: Works) -> None:
    order = works.permitted()
    works.tsa.fault = "http500"
    try:
        with pytest.raises(ProviderUnavailable):
            works.seal(order)
    finally:
        works.tsa.fault = ""
    waiting = works.again(order)
    assert waiting.status == OrderStatus.SEALING
    assert works.desk.run(works.desk.store.copies.by_order(order.no)) is None
    assert works.desk.run(works.desk.store.outbox.recent(order.no)) == ()
    assert works.seal(waiting).status == OrderStatus.READY


class DyingSeal:
    """Takes the file, seals it, and the process dies before anybody hears of it."""

    def __init__(self, seal: LocalSeal) -> None:
        self._seal = seal
        self.seals = seal.seals
        self.given: list[bytes] = []

    async def sign(self, pdf: bytes, **more: Any) -> Sealed:
        self.given.append(pdf)
        await self._seal.sign(pdf, **more)
        raise asyncio.CancelledError


def test_a_try_cut_off_is_taken_up_with_the_same_number_code_and_content(works: Works) -> None:
    order = works.permitted()
    dying = DyingSeal(works.bench.adapters.seal)
    with pytest.raises(asyncio.CancelledError):
        works.desk.run(seal_order(works.replacing(seal=dying), order))
    works.desk.clock.forward(hours=1)
    with pytest.raises(asyncio.CancelledError):
        works.desk.run(seal_order(works.replacing(seal=dying), works.again(order)))
    assert dying.given[0] == dying.given[1], "composed again, the copy is the same to the byte"
    ready = works.seal(works.again(order))
    copy, _ = works.copy(ready)
    assert works.desk.store.vault.reveal(copy.code) == verification_code(works.desk.keys, order.no)


def test_two_processes_sealing_one_order_leave_one_copy(works: Works, mongo_url: str) -> None:
    order = works.permitted()
    begun = works.desk.run(_begun(works, order))

    async def both() -> list[Any]:
        other = works.replacing(seal=LocalSeal(works.bench.settings, works.bench.adapters.workshop))
        return await asyncio.gather(seal_order(works.bench, begun), seal_order(other, begun), return_exceptions=True)

    results = works.desk.run(both())
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Order"]
    assert works.again(order).status == OrderStatus.READY
    assert len(works.desk.run(works.desk.store.outbox.recent(order.no))) == 1
    with MongoClient(mongo_url) as client:
        assert client[DATABASE]["copies"].count_documents({"order_no": order.no}) == 1


async def _begun(works: Works, order: Order) -> Order:
    from handlers.flows.sealing import _begin

    return await _begin(works.bench, order)


class RefusingSeal:
    async def sign(self, *_: Any, **__: Any) -> Sealed:
        raise ProviderRejected("seal", "certificate revoked")


def test_a_final_refusal_ends_the_order_and_tells_the_visitor(works: Works) -> None:
    order = works.permitted()
    works.desk.run(current_seal(works.desk.store, works.bench.adapters, works.bench.settings, now=works.desk.clock()))
    failed = works.desk.run(seal_order(works.replacing(seal=RefusingSeal()), order))
    assert failed.status == OrderStatus.FAILED
    assert failed.fault == "certificate revoked"
    assert len(works.desk.run(works.desk.store.outbox.recent(order.no))) == 1
    with pytest.raises(Conflict):
        works.desk.run(seal_order(works.bench, replace(failed, status=OrderStatus.PERMITTED)))


def told(works: Works, order: Order) -> list[str]:
    """What waits for the portal about an order."""
    waiting = works.desk.run(works.desk.store.outbox.recent(order.no))
    return sorted(each.reference for each in waiting if each.kind is OutboxKind.PROGRESS)


def test_the_portal_an_order_came_from_is_told_how_it_ended(works: Works) -> None:
    ready, failed = settled(works.desk), settled(works.desk)
    works.seal(ready)
    works.desk.run(seal_order(works.replacing(seal=RefusingSeal()), failed))
    steps = {ready.no: ("permitted", "ready", "submitted"), failed.no: ("failed", "permitted", "submitted")}
    for order in (ready, failed):
        assert told(works, order) == [f"{order.no}.{step}.progress" for step in steps[order.no]]


def test_a_damaged_scan_is_never_sealed(works: Works, mongo_url: str) -> None:
    order = works.permitted()
    with MongoClient(mongo_url) as client:
        chunks = next(c for c in client[DATABASE].list_collection_names() if "scan" in c and c.endswith(".chunks"))
        for row in client[DATABASE][chunks].find():
            spoilt = bytes(row["data"])[:-1] + b"?"
            client[DATABASE][chunks].update_one({"_id": row["_id"]}, {"$set": {"data": spoilt}})
    with pytest.raises(IntegrityFault):
        works.seal(order)
    assert works.again(order).status == OrderStatus.SEALING


# -- verifying what was sealed


@pytest.fixture
def made(works: Works) -> tuple[Works, Copy, bytes]:
    order = works.seal(works.permitted())
    return works, *works.copy(order)


def test_the_code_finds_the_copy_however_it_is_typed(made: tuple[Works, Copy, bytes]) -> None:
    works, copy, _ = made
    code = verification_code(works.desk.keys, copy.order_no)
    for typed in (
        code,
        code.lower(),
        " ".join(code[at : at + 4] for at in range(0, 20, 4)),
        code[:10] + "-" + code[10:],
    ):
        answer = works.by_code(typed)
        assert (answer.result, answer.copy_no) == (VerifyResult.VALID, copy.no)
    assert (answer.company_name, answer.page_count) == (copy.company_name, len(copy.pages))
    for wrong in ("", code[:-1], "2" * 20, code + "2", "𠮷" * 20, "x" * 5000):
        answer = works.by_code(wrong)
        assert (answer.result, answer.company_name) == (VerifyResult.NOT_FOUND, "")


def test_terms_and_withdrawal_are_told(made: tuple[Works, Copy, bytes]) -> None:
    works, copy, pdf = made
    assert works.by_file(pdf).result == VerifyResult.VALID
    works.desk.clock.forward(days=91)
    assert works.by_file(pdf).result == VerifyResult.EXPIRED
    works.desk.run(works.desk.store.copies.withdraw(copy.no, "样例"))
    assert works.by_file(pdf).result == VerifyResult.WITHDRAWN
    assert works.by_code(verification_code(works.desk.keys, copy.order_no)).result == VerifyResult.WITHDRAWN


def test_the_altered_page_is_named(made: tuple[Works, Copy, bytes]) -> None:
    works, copy, pdf = made
    answer = works.by_file(with_annotation(pdf))
    assert (answer.result, answer.altered_pages, answer.copy_no) == (VerifyResult.ALTERED, (2,), copy.no)
    inside = pdf.find(b"\xff\xd8\xff") + 400  # within the first scan's picture
    answer = works.by_file(pdf[:inside] + bytes([pdf[inside] ^ 1]) + pdf[inside + 1 :])
    assert (answer.result, answer.altered_pages) == (VerifyResult.ALTERED, (2,))


def test_no_changed_byte_and_no_addition_passes_for_the_copy(made: tuple[Works, Copy, bytes]) -> None:
    works, _, pdf = made
    places = range(0, len(pdf), len(pdf) // 12)
    for place in places:
        assert works.by_file(pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]).result != VerifyResult.VALID
    assert works.by_file(pdf + b"\n").result == VerifyResult.ALTERED
    assert works.by_file(pdf[:-1]).result != VerifyResult.VALID


def test_a_page_taken_out_is_named(made: tuple[Works, Copy, bytes], tmp_path: Any) -> None:
    works, copy, pdf = made
    (tmp_path / "copy.pdf").write_bytes(pdf)
    with pikepdf.open(tmp_path / "copy.pdf") as opened:
        del opened.pages[-1]
        opened.save(tmp_path / "less.pdf")
    answer = works.by_file((tmp_path / "less.pdf").read_bytes())
    assert answer.result == VerifyResult.ALTERED
    assert len(copy.pages) in answer.altered_pages


def test_strangers_files_are_not_ours_and_tell_nothing(made: tuple[Works, Copy, bytes]) -> None:
    works, copy, _ = made
    for stranger in (b"", b"garbage", b"%PDF-1.7\n%%EOF", b"\x00" * 100_000):
        assert works.by_file(stranger).result == VerifyResult.NOT_FOUND
    named = works.by_file(b"%PDF-1.7 (" + copy.no.encode() + b")")
    assert (named.result, named.company_name) == (VerifyResult.ALTERED, ""), "a bare number opens no facts"
    with pytest.raises(Invalid):
        works.by_file(b"\x00" * (verifying.LARGEST_FILE + 1))


def test_a_page_claim_is_checked_against_our_record(made: tuple[Works, Copy, bytes]) -> None:
    from adapters.pdf.digests import read_copy
    from adapters.seal.claims import read_claim, sign_claim

    works, copy, pdf = made
    link = read_copy(pdf).pages[1].links[0]
    answer = works.by_claim(link)
    assert (answer.result, answer.page, answer.copy_no) == (VerifyResult.VALID, 2, copy.no)
    assert works.by_claim(link[:-2] + "AA").result == VerifyResult.NOT_FOUND
    claim = read_claim(link, [works.bench.keys.claim.public_key()])
    other = sign_claim(replace(claim, digest="00" * 16), works.bench.keys.claim)
    assert works.by_claim(other).result == VerifyResult.ALTERED
    unknown = sign_claim(replace(claim, copy_no="THC20200101-222222"), works.bench.keys.claim)
    assert works.by_claim(unknown).result == VerifyResult.NOT_FOUND


def test_every_verification_is_on_record(made: tuple[Works, Copy, bytes]) -> None:
    works, _, pdf = made
    works.by_code("2" * 20)
    works.by_file(pdf)
    works.by_file(b"garbage")
    works.by_claim("nothing")
    assert works.desk.run(works.desk.tags()).count("copy:file:verified") == 4


def test_the_command_checks_a_file_with_and_without_the_register(
    made: tuple[Works, Copy, bytes], tmp_path: Any
) -> None:
    works, copy, pdf = made
    (tmp_path / "copy.pdf").write_bytes(pdf)
    (tmp_path / "bad.pdf").write_bytes(with_annotation(pdf))

    def verify(name: str, **more: Any) -> Any:
        return works.desk.run(verify_copy_file(tmp_path / name, works.bench.settings, works.bench.keys, **more))

    answer = verify("copy.pdf", use_register=False)
    assert answer.is_valid
    assert f"{copy.no}, 6 pages claimed; 5 scans compared" in "".join(answer.lines)
    assert "not asked" in answer.lines[-1], "it says what it could not check"
    assert not verify("bad.pdf", use_register=False).is_valid
    works.desk.run(works.desk.store.copies.withdraw(copy.no, "样例"))
    withdrawn = verify("copy.pdf")
    assert not withdrawn.is_valid
    assert "withdrawn" in withdrawn.lines[-1]
