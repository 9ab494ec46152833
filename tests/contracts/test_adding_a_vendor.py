"""docs/adding-a-vendor.md, followed to the letter in a copy of this tree: the vendor it adds passes the same tests."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "adding-a-vendor.md"
FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "node_modules", "__pycache__", ".*_cache", "output")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """This tree as it stands, with the files of the guide written where it says."""
    copy = tmp_path / "tree"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    for path, content in FILE.findall(GUIDE.read_text(encoding="utf-8")):
        assert not (copy / path).exists(), f"the guide would write over {path}"
        (copy / path).write_text(content, encoding="utf-8")
    return copy


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=400, check=False)


def test_the_guide_adds_one_adapter_of_about_a_hundred_lines(tree: Path) -> None:
    adapters = [path for path, _ in FILE.findall(GUIDE.read_text(encoding="utf-8")) if path.startswith("adapters/sms/")]
    assert adapters == ["adapters/sms/acme.py"]
    assert len((tree / adapters[0]).read_text(encoding="utf-8").splitlines()) <= 120
    for tool in (["ruff", "check", "adapters"], ["ruff", "format", "--check", "adapters"], ["mypy", "adapters"]):
        done = run(tree, sys.executable, "-m", *tool)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_guides_command_finds_the_vendor_and_passes(tree: Path) -> None:
    (text,) = COMMAND.findall(GUIDE.read_text(encoding="utf-8"))
    command = text.strip().replace("python", sys.executable, 1).split()
    done = run(tree, *command, "--junit-xml=ran.xml")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    ran = (tree / "ran.xml").read_text(encoding="utf-8")
    assert ran.count("[acme") >= 5, "the contract ran over the new vendor"
