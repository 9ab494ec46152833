"""The commands as an operator meets them: help that suffices, errors in one line, right exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = ["serve", "sandbox", "sample", "import", "indexes", "check", "verify-copy", "verify-audit", "create-staff",
            "create-terminal", "withdraw-copy", "seals", "verify-proof", "backup", "restore", "verify",
            "inspect"]  # fmt: skip


#: Runs command lines one after the other in one process; most of a short command is its start.
IN_TURN = """
import contextlib, io, json, sys
import eqicha
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = eqicha.main(arguments)
    print(json.dumps([arguments, code, out.getvalue(), err.getvalue()]))
"""


def environment(settings: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EQICHA_")}
    return clean | {f"EQICHA_{name.upper()}": value for name, value in settings.items()}


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "eqicha.py", *arguments],
        cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def run_in_turn(*lines: list[str], **settings: str) -> list[subprocess.CompletedProcess[str]]:
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN], input=json.dumps(lines),
        cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return [subprocess.CompletedProcess(*json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_it_does_and_gives_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"example: eqicha.py {command}" in done.stdout


def test_unknown_settings_stop_the_start_in_plain_lines() -> None:
    done = run("serve", prot="1", port="zero")
    assert done.returncode == 2
    assert "EQICHA_PROT: no such setting" in done.stderr
    assert "EQICHA_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_serving_without_a_database_says_what_to_set(tmp_path: Path) -> None:
    done = run("serve", var_dir=str(tmp_path))
    assert done.returncode == 2
    assert "EQICHA_MONGO_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    away = "mongodb://127.0.0.1:9/?replicaSet=rs0&serverSelectionTimeoutMS=500"
    done = run("check", var_dir=str(tmp_path), mongo_url=away)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_missing_files_are_named(tmp_path: Path) -> None:
    done = run("import", str(tmp_path / "nowhere"), var_dir=str(tmp_path))
    assert done.returncode == 2
    assert "no folder or zip" in done.stderr
    done = run("verify-copy", str(tmp_path / "nothing.pdf"), var_dir=str(tmp_path))
    assert done.returncode == 2
    assert "no file at" in done.stderr


def test_the_seal_register_is_kept_by_command(var_dir: Path, mongo_url: str) -> None:
    more = {"var_dir": str(var_dir), "mongo_url": mongo_url, "mongo_database": "eqicha_seals_command"}
    empty, added, again, wrong, listed, gone, unknown = run_in_turn(
        ["seals"],
        ["seals", "add", "--note", "首枚"],
        ["seals", "add"],
        ["seals", "add", "--id", "TH-2", "--name", "样例章", "--certificate", __file__],
        ["seals", "list"],
        ["seals", "retire", "TH-ARCHIVE-1", "1", "--reason", "样例：证书更换"],
        ["seals", "retire", "TH-ARCHIVE-1", "7", "--reason", "样例：证书更换"],
        **more,
    )
    assert "the register is empty" in empty.stdout, empty.stderr
    assert "offered, not in the register: TH-ARCHIVE-1" in empty.stdout
    assert "TH-ARCHIVE-1 version 1  in_use" in added.stdout, added.stderr
    assert (again.returncode, len(again.stderr.strip().splitlines())) == (2, 1)
    assert "version 1 of seal TH-ARCHIVE-1 already" in again.stderr
    assert "holds no certificate" in wrong.stderr
    assert "-> TH-ARCHIVE-1 version 1" in listed.stdout
    assert "version 1  retired" in gone.stdout, gone.stderr
    assert (unknown.returncode, "no version 7" in unknown.stderr) == (2, True)


def test_withdrawing_a_copy_that_is_not_there_is_one_line(tmp_path: Path, mongo_url: str) -> None:
    done = run(
        "withdraw-copy",
        "THC20261121-AAAAAA",
        "--reason",
        "登记更正，原件作废",
        var_dir=str(tmp_path),
        mongo_url=mongo_url,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "THC20261121-AAAAAA" in done.stderr


def test_withdrawing_wants_a_reason(tmp_path: Path, mongo_url: str) -> None:
    done = run("withdraw-copy", "THC20261121-AAAAAA", "--reason", "错", var_dir=str(tmp_path), mongo_url=mongo_url)
    assert done.returncode == 2
    assert "reason" in done.stderr
