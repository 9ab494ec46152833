"""The documents say what the code does: collections and indexes, settings named, commands, log events."""

import ast
import re
from pathlib import Path

from conf.settings import Settings
from eqicha import commands
from handlers.metrics import Metrics
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


def first_cells(part: str) -> dict[str, str]:
    """Name in the first column of a table of the guide → what is said of it and what to do."""
    rows = [line.split(" | ", 1) for line in part.splitlines() if line.startswith("| `")]
    return {name: rest for first, rest in rows for name in re.findall(r"`([a-z_]+)`", first)}


def sources() -> list[Path]:
    """Our own code, without the simulated counterparts."""
    rooms = ("conf", "store", "adapters", "handlers")
    return [path for room in rooms for path in (ROOT / room).rglob("*.py") if "sandbox" not in path.parts]


EVENTS = first_cells(OPERATING.split("what to tail for")[1].split("\n### ")[0])
FIGURES = first_cells(OPERATING.split("what to set an alarm on\n")[1].split("\n## ")[0])


def test_every_event_the_operators_are_told_of_is_logged_somewhere() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sources())
    silent = sorted(event for event in EVENTS if f'"{event}"' not in source)
    assert EVENTS
    assert not silent, f"docs/operating.md names events nothing logs: {silent}"


def test_every_alarm_stands_in_the_guide_with_its_meaning_and_what_to_do() -> None:
    """Whatever is logged as a warning or worse may wake somebody, who looks for it there."""
    raised = {"database_down"}  # said through a choice of two
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"warning", "error", "critical", "exception"}
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in {"log", "_log"}
            ):
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: an event with a name of its own"
                raised.add(str(node.args[0].value))
    assert len(raised) > 30
    assert sorted(raised - set(EVENTS)) == [], "alarms without a line in docs/operating.md"
    mute = [event for event in raised if len([cell for cell in EVENTS[event].split("|") if cell.strip()]) < 2]
    assert mute == [], "the guide does not say what to do"


def test_every_figure_of_metrics_stands_in_the_guide_and_no_other() -> None:
    told = {metric.name for metric in Metrics().registry.collect()}
    made = {f"{name}_total" if name == "eqicha_answers" else name for name in told}
    assert set(FIGURES) == made


def test_links_and_pictures_of_the_readme_are_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert targets
    assert not missing, missing


def test_commands_in_the_documents_exist() -> None:
    names = set(commands()._subparsers._group_actions[0].choices)  # type: ignore[union-attr,arg-type]
    for text in (README, OPERATING):
        assert set(re.findall(r"eqicha\.py ([a-z-]+)", text)) <= names


def test_the_table_of_controls_is_complete_and_names_tests_there_are() -> None:
    """C1 to C60, each once; a control said to be shown names a test file, and every file named is there."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| C")]
    assert [row[0] for row in rows] == [f"C{number}" for number in range(1, 61)]
    assert [
        row[0] for row in rows if row[2].startswith("shown") and "test_" not in row[3] and "tests/" not in row[3]
    ] == []
    named = set(re.findall(r"tests/[\w/]+\.py", text))
    assert sorted(path for path in named if not (ROOT / path).is_file()) == []
