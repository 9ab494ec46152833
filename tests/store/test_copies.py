"""Copies: the file is what was sealed, one copy an order, found by code without storing the code."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import Conflict, IntegrityFault, NotFound
from conf.terms import CopyStatus
from store import Store
from store.records import Copy
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.things import T0, a_copy, an_order

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 9000  # several chunks


def kept(store: Store, run: Any, **changes: Any) -> Copy:
    copy = a_copy(store, an_order(), **changes)
    run(store.copies.create(copy))
    return copy


def test_a_file_comes_back_as_it_was_put_and_is_kept_once(store: Store, run: Any, mongo_url: str) -> None:
    name = run(store.copies.put_file(PDF))
    assert name == sha256(PDF).hexdigest() == run(store.copies.put_file(PDF))
    assert run(store.copies.file(name)) == PDF
    with MongoClient(mongo_url) as client:
        assert client[DATABASE]["copy_files.files"].count_documents({}) == 1
    with pytest.raises(NotFound):
        run(store.copies.file("0" * 64))


def test_a_stored_byte_that_changed_is_never_handed_out(store: Store, run: Any, mongo_url: str) -> None:
    name = run(store.copies.put_file(PDF))
    with MongoClient(mongo_url) as client:
        chunks = client[DATABASE]["copy_files.chunks"]
        chunk = chunks.find_one({"n": 1})
        spoiled = bytearray(chunk["data"])
        spoiled[7] ^= 1
        chunks.update_one({"_id": chunk["_id"]}, {"$set": {"data": bytes(spoiled)}})
    with pytest.raises(IntegrityFault):
        run(store.copies.file(name))


def test_a_copy_is_found_by_number_order_and_file(store: Store, run: Any) -> None:
    copy = kept(store, run, sha256="a" * 64)
    assert run(store.copies.by_no(copy.no)) == copy
    assert run(store.copies.by_order(copy.order_no)) == copy
    assert run(store.copies.by_sha256("a" * 64)) == copy
    assert run(store.copies.by_sha256("b" * 64)) is None


@pytest.mark.parametrize("typed", ["7K3M9QABCDEFGHJKMNPQ", "7k3m9-qabcd-efghj-kmnpq", " 7K3M9 QABCD EFGHJ KMNPQ "])
def test_a_code_is_found_however_it_is_typed_and_never_stored(
    store: Store, run: Any, mongo_url: str, typed: str
) -> None:
    copy = kept(store, run, plain_code="7K3M9QABCDEFGHJKMNPQ")
    assert run(store.copies.by_code(typed)) == copy
    assert run(store.copies.by_code("7K3M9QABCDEFGHJKMNPR")) is None
    with MongoClient(mongo_url) as client:
        assert "7K3M9QABCDEFGHJKMNPQ" not in str(client[DATABASE]["copies"].find_one({}))


def test_an_order_has_one_copy(store: Store, run: Any) -> None:
    copy = kept(store, run)
    with pytest.raises(Conflict):
        run(store.copies.create(replace(copy, no=copy.no + "X", code=store.vault.conceal("other", ""))))


def test_a_copy_is_withdrawn_once_with_its_reason(store: Store, run: Any) -> None:
    copy = kept(store, run)
    gone = run(store.copies.withdraw(copy.no, "登记被撤销"))
    assert (gone.status, gone.withdrawn_reason) == (CopyStatus.WITHDRAWN, "登记被撤销")
    with pytest.raises(Conflict):
        run(store.copies.withdraw(copy.no, "again"))
    with pytest.raises(NotFound):
        run(store.copies.withdraw("THC0", "absent"))


def test_a_sweep_takes_old_files_without_a_record_and_nothing_else(
    store: Store, run: Any, store_clock: Clock, mongo_url: str
) -> None:
    named = run(store.copies.put_file(PDF + b"named"))
    kept(store, run, sha256=named)
    orphan = run(store.copies.put_file(PDF + b"orphan"))
    renewed = run(store.copies.put_file(PDF + b"renewed"))
    store_clock.forward(hours=2)
    fresh = run(store.copies.put_file(PDF + b"fresh"))
    assert run(store.copies.put_file(PDF + b"renewed")) == renewed
    assert run(store.copies.sweep_orphans(store_clock() - timedelta(hours=1))) == 1
    for name in (named, fresh, renewed):
        assert run(store.copies.file(name)).startswith(b"%PDF")
    with pytest.raises(NotFound):
        run(store.copies.file(orphan))
    with MongoClient(mongo_url) as client:
        files = {row["_id"] for row in client[DATABASE]["copy_files.files"].find()}
        assert set(client[DATABASE]["copy_files.chunks"].distinct("files_id")) == files


def test_chunks_of_an_upload_cut_off_by_a_crash_are_swept(store: Store, run: Any, mongo_url: str) -> None:
    name = run(store.copies.put_file(PDF))
    with MongoClient(mongo_url) as client:
        client[DATABASE]["copy_files.files"].delete_one({"filename": name})
        assert run(store.copies.sweep_orphans(T0.replace(year=2020))) == 0
        assert run(store.copies.sweep_orphans(T0.replace(year=2100))) == 1
        assert client[DATABASE]["copy_files.chunks"].count_documents({}) == 0
    assert run(store.copies.put_file(PDF)) == name
    assert run(store.copies.file(name)) == PDF
