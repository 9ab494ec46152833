"""The documents say what the code does: collections and indexes, settings named, commands, log events."""

import re
from pathlib import Path

from conf.settings import Settings
from eqicha import commands
from store.indexes import INDEXES

ROOT = Path(__file__).resolve().parent.parent
MODEL = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_data_model_names_every_collection_and_index() -> None:
    rows = [line.split("|") for line in MODEL.splitlines() if line.startswith("| `")]
    said = {}
    for row in rows:
        indexes = set(re.findall(r"`([^`]+)`", row[5]))
        said |= {name: indexes for name in re.findall(r"`([^`]+)`", row[1]) if not name.endswith(".chunks")}
    made = {name: {model.document["name"] for model in models} for name, models in INDEXES.items()}
    assert said == made


def test_no_document_names_a_setting_that_is_not_there() -> None:
    known = {f"EQICHA_{name.upper()}" for name in Settings.model_fields} | {"EQICHA_SETTINGS_FILE", "EQICHA_NAME"}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        named = set(re.findall(r"EQICHA_[A-Z0-9_]+", path.read_text(encoding="utf-8")))
        assert named <= known, f"{path.name}: {sorted(named - known)}"


def test_every_event_the_operators_are_told_of_is_logged_somewhere() -> None:
    table = OPERATING.split("what to tail for")[1].split("\n## ")[0]
    events = set(re.findall(r"`([a-z_]+)`(?= / |  *\||\s\|)", table)) - {"ms"}
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("conf", "store", "adapters", "handlers")
        for path in (ROOT / room).rglob("*.py")
    )
    silent = sorted(event for event in events if f'"{event}"' not in source)
    assert events
    assert not silent, f"docs/operating.md names events nothing logs: {silent}"


def test_links_and_pictures_of_the_readme_are_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert targets
    assert not missing, missing


def test_commands_in_the_documents_exist() -> None:
    names = set(commands()._subparsers._group_actions[0].choices)  # type: ignore[union-attr,arg-type]
    for text in (README, OPERATING):
        assert set(re.findall(r"eqicha\.py ([a-z-]+)", text)) <= names
