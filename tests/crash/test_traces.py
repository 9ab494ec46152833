"""What a journey leaves behind: no id number, phone, address or verification code in the clear, anywhere."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.sandbox.people import sample_people, sample_person
from conf.codes import is_citizen_id
from tests.trial import TrialSet
from tests.visitor import Visitor

LOOKS_LIKE_AN_ID = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")


@pytest.fixture(scope="module")
def code(trial: TrialSet, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Walk the journey once; returns the verification code printed on the copy, without spaces."""
    visitor = Visitor(trial).sign_in("legal_representative")
    uscc = sample_person("legal_representative").uscc
    visitor.http.get(f"/companies/{uscc}/extract")
    visitor.http.get("/companies", params={"q": sample_person("legal_representative").name})
    visitor.http.get("/companies", params={"q": sample_person("legal_representative").id_number})
    number = visitor.place(uscc, visitor.open_documents(uscc)[:1])
    visitor.wait_ready([number])
    path = tmp_path_factory.mktemp("traces") / "copy.pdf"
    path.write_bytes(visitor.copy(number))
    visitor.http.close()
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"验证码\s*((?:[0-9A-Z]{4} ?){5})", text)
    assert found
    plain = found.group(1).replace(" ", "")
    said = Visitor(trial)
    assert "有效" in said.http.get("/verify", params={"code": plain}).text
    said.http.close()
    return plain


def secrets(code: str) -> set[str]:
    known = {value for person in sample_people() for value in (person.phone, person.mail)}
    numbers = {person.id_number for person in sample_people() if person.kind.value == "natural"}
    return {value for value in known | numbers | {code} if value}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings(part)]
    if isinstance(value, list | tuple | set):
        return [text for part in value for text in strings(part)]
    return [value if isinstance(value, str) else value.decode("latin-1") if isinstance(value, bytes) else ""]


def leaks(text: str, code: str) -> list[str]:
    found = [secret for secret in secrets(code) if secret in text]
    return found + [number for number in LOOKS_LIKE_AN_ID.findall(text) if is_citizen_id(number.upper())]


def test_the_database_holds_nothing_personal_in_the_clear(trial: TrialSet, code: str) -> None:
    looked, found = 0, []
    with MongoClient(trial.mongod.url) as client:
        tables = client["eqicha"]
        business = {
            row["business_no"] for row in tables["filings"].find()
        }  # region, date and number: some look like ids
        for name in tables.list_collection_names():
            if name.endswith(".chunks"):
                continue  # scans and copies themselves: pictures and papers
            for row in tables[name].find():
                looked += 1
                told = set(leaks("\n".join(strings(row)), code)) - business
                found += [f"{name}: {leak}" for leak in sorted(told)]
    assert looked > 500
    assert not found, found[:10]


def test_logs_and_checkpoints_hold_nothing_personal(trial: TrialSet, code: str) -> None:
    files = [trial.folder / "service.log", *sorted((trial.folder / "var" / "checkpoints").glob("*"))]
    for path in files:
        text = Path(path).read_text(encoding="utf-8")
        assert text, path
        assert not leaks(text, code), path
        assert sample_person("legal_representative").name not in text, path
