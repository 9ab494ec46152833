"""A stranger with a batch result: every page says what it is and can be checked, and nobody learns whom it is about."""

import hashlib
import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import zxingcpp
from pymongo import MongoClient

from adapters.seal.inspecting import inspect_pdf
from adapters.seal.pki import seal_files
from conf.terms import VerifyResult
from handlers.flows import batches
from handlers.flows.batches import BatchBench
from handlers.flows.verdicts import Verification
from store.records.government import BatchLookup
from tests.government import PERSON, a_case, a_unit
from tests.pdf.test_compose import picture
from tests.seal.test_batch_lookups import asked, decided
from tests.seal.test_batch_lookups import bench as bench
from tests.seal.test_sealing_flow import Works
from tests.seal.test_sealing_flow import works as works
from tests.seal.test_sealing_flow import workshop as workshop
from tests.seal.test_tampering import is_genuine, with_annotation
from views.contexts.verify import Verdict
from views.filters import label


@pytest.fixture
def sealed(works: Works, bench: BatchBench) -> tuple[BatchLookup, bytes]:
    desk = works.desk
    batch = decided(desk, asked(desk))
    assert desk.run(batches.answer_next(bench, "w1")) is True
    ready = desk.run(desk.store.batches.by_id(batch.id))
    return ready, desk.run(desk.store.batches.file(ready.sha256))


def shown(answer: Verification) -> str:
    """All that the verify page shows of an answer."""
    verdict = Verdict(**{name: getattr(answer, name) for name in Verdict.__slots__})
    return answer.says + str(verdict.rows)


def genuine(works: Works, batch: BatchLookup, answer: Verification) -> None:
    """Genuine, number, date, how many companies, which kind of unit; and nothing that names anybody."""
    words = shown(answer)
    assert answer.result is VerifyResult.VALID
    assert all(word in words for word in (batch.id, "1 户", label(a_unit(works.desk.store, None).kind), "2026"))
    company, case = works.desk.company(), a_case(works.desk.clock())
    names = (company.name, company.uscc, PERSON, case.no, case.unit_name, case.letter.no, batch.decided_name)
    assert not [name for name in names if name in words]


def test_every_page_has_its_number_and_a_code_that_leads_to_the_verify_page(
    works: Works, sealed: tuple[BatchLookup, bytes], tmp_path: Path
) -> None:
    batch, pdf = sealed
    said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    pages = said.decode().split("\f")[:-1]
    assert len(pages) == len(batch.pages) >= 2
    for number, words in enumerate(pages, 1):
        plain = re.sub(r"\s+", " ", words)
        assert f"第 {number} 页 共 {len(pages)} 页" in plain
        assert batch.id in plain
        [code] = [found.text for found in zxingcpp.read_barcodes(picture(pdf, number, tmp_path))]
        assert code.startswith(works.bench.settings.base_url + "/p/")
        answer = works.by_claim(code)
        genuine(works, batch, answer)
        assert (answer.page, answer.page_count) == (number, len(pages))
    printed = re.search(r"(?:[0-9A-Z]{4} ){4}[0-9A-Z]{4}", pages[0])
    assert printed
    genuine(works, batch, works.by_code(printed[0]))


def test_the_file_itself_is_known_and_its_seal_holds(works: Works, sealed: tuple[BatchLookup, bytes]) -> None:
    batch, pdf = sealed
    assert hashlib.sha256(pdf).hexdigest() == batch.sha256
    genuine(works, batch, works.by_file(pdf))
    assert is_genuine(inspect_pdf(pdf, seal_files(works.bench.settings).roots))
    assert works.desk.run(works.desk.tags())[-1] == "copy:file:verified"


def test_a_changed_file_is_found_and_told_by_its_page(works: Works, sealed: tuple[BatchLookup, bytes]) -> None:
    _, pdf = sealed
    answer = works.by_file(with_annotation(pdf))
    assert (answer.result, answer.altered_pages) == (VerifyResult.ALTERED, (2,))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        while len(opened.pages) > 1:
            del opened.pages[1]
        cut = io.BytesIO()
        opened.save(cut)
    short = works.by_file(cut.getvalue())
    assert (short.result, short.altered_pages[:1]) == (VerifyResult.ALTERED, (2,))


def test_a_page_of_another_record_is_refused(works: Works, sealed: tuple[BatchLookup, bytes], tmp_path: Path) -> None:
    """The signature of the code is ours, but the record says another page was sealed."""
    batch, pdf = sealed
    code = zxingcpp.read_barcodes(picture(pdf, 2, tmp_path))[0].text
    with MongoClient[Any](works.desk.settings.mongo_url) as client:
        rows = client[works.desk.settings.mongo_database]["batch_lookups"]
        rows.update_one({"_id": batch.id}, {"$set": {"pages.1.digest": "0" * 64}})
        answer = works.by_claim(code)
        assert (answer.result, answer.companies, answer.unit_kind) == (VerifyResult.ALTERED, 0, None)
        rows.update_one({"_id": batch.id}, {"$set": {"status": "waiting"}})
        assert works.by_claim(code).result is VerifyResult.NOT_FOUND, "nothing that was not sealed is vouched for"
