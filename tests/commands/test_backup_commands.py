"""backup, verify, restore and inspect as an operator meets them: what is printed, one line for what is refused."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.commands.test_commands import run

LIVE, BACK = "eqicha_commands", "eqicha_commands_back"


@pytest.fixture
def place(tmp_path: Path, mongo_url: str) -> Iterator[dict[str, str]]:
    """Settings of a service with one register entry and one staff account."""
    settings = {"var_dir": str(tmp_path / "var"), "mongo_url": mongo_url, "mongo_database": LIVE}
    made = run("create-staff", "--login", "xi.guan", "--name", "样例", "--role", "system_admin", **settings)
    assert made.returncode == 0, made.stderr
    yield settings
    with MongoClient(mongo_url) as client:
        client.drop_database(LIVE)
        client.drop_database(BACK)


def refused(*arguments: str, saying: str, **settings: str) -> None:
    done = run(*arguments, **settings)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("eqicha:")]
    assert len(lines) == 1, done.stderr
    assert saying in lines[0]
    assert "Traceback" not in done.stderr


def test_there_and_back(place: dict[str, str], tmp_path: Path, mongo_url: str) -> None:
    made = run("backup", "--to", str(tmp_path), **place)
    assert made.returncode == 0, made.stderr
    file, *said = made.stdout.splitlines()
    assert re.fullmatch(r"eqicha-eqicha_commands-\d{8}T\d{6}Z\.backup", Path(file).name)
    assert re.search(r"manifest [0-9a-f]{64}", said[-1])
    assert not list(tmp_path.glob(".*.part"))
    proven = run("verify", file, **place)
    assert proven.returncode == 0, proven.stderr
    assert proven.stdout.splitlines()[1:] == said
    refused("restore", file, saying="is not empty", **place)
    shutil.copytree(tmp_path / "var" / "dev", tmp_path / "aside" / "dev")
    aside = place | {"mongo_database": BACK, "var_dir": str(tmp_path / "aside")}
    back = run("restore", file, **aside)
    assert back.returncode == 0, back.stderr
    assert back.stdout.splitlines()[1:] == said
    with MongoClient(mongo_url) as client:
        assert list(client[BACK]["staff"].find()) == list(client[LIVE]["staff"].find())
    assert run("verify", "--database", **aside).returncode == 0
    assert run("verify-audit", **aside).stdout.startswith("the audit is whole")


def test_what_cannot_be_done_is_one_line(place: dict[str, str], tmp_path: Path) -> None:
    refused("backup", "--to", str(tmp_path / "no" / "where"), saying="no folder at", **place)
    file = str(tmp_path / "one.backup")
    assert run("backup", "--to", file, **place).returncode == 0
    refused("backup", "--to", file, saying="there already", **place)
    refused("verify", saying="name a backup file, or --database", **place)
    refused("verify", str(tmp_path / "none"), "--offline", saying="No such file", **place)
    strange = place | {"var_dir": str(tmp_path / "other"), "mongo_database": BACK}
    refused("restore", file, saying="made with another key", **strange)
    whole = Path(file).read_bytes()
    Path(file).write_bytes(whole[: len(whole) // 2])
    refused("restore", file, saying="cut off", **(place | {"mongo_database": BACK}))
    Path(file).write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    refused("verify", file, saying="altered", **place)


def test_a_database_left_half_restored_is_not_served(place: dict[str, str], mongo_url: str) -> None:
    with MongoClient(mongo_url) as client:
        client[LIVE]["restoring"].insert_one({"_id": "restoring"})
    for command in (("check",), ("verify-audit",), ("backup", "--to", "x")):
        refused(*command, saying="half restored", **place)


def test_an_inspection_is_printed_and_kept(place: dict[str, str], mongo_url: str) -> None:
    done = run("inspect", **place)
    assert done.returncode == 1, "no backup has been made"
    assert re.search(r"^BAD .* 最近备份: 还没有备份  → .*eqicha.py backup", done.stdout, re.M)
    assert re.search(r"^ok .* 核验: ", done.stdout, re.M)
    with MongoClient(mongo_url) as client:
        assert client[LIVE]["inspections"].count_documents({}) == 1
