"""The rules of the house as checks: who may import whom, sizes, guards, contexts, settings, audit tags, words."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from conf.settings import PREFIX, Settings
from conf.terms import AUDIT_FIELDS, AuditTag
from handlers.base import BaseHandler
from handlers.guards import VERBS, guard_of
from handlers.routes import MODULES, all_routes
from views.contexts import Context
from views.render import environment

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("conf", "store", "adapters", "views", "handlers")
HOUSE = ("conf", "store", "adapters", "views", "handlers", "eqicha")
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_VERB = 400, 40, 25
#: Lists that are read, not followed; splitting one would only hide it.
LISTS = {"store/records/__init__.py": 700, "conf/terms.py": 710, "conf/settings.py": 560}

#: room → (our rooms it may see, packages it may never see). The longest matching room counts.
IMPORTS: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "conf": (("conf",), frozenset({"tornado", "jinja2", "httpx", "pymongo", "gridfs", "redis"})),
    "store": (("conf", "store"), frozenset({"tornado", "jinja2", "httpx", "redis"})),
    "adapters": (("conf", "adapters"), frozenset({"tornado", "jinja2", "pymongo", "gridfs"})),
    "adapters/sandbox": (("conf", "adapters"), frozenset({"jinja2", "pymongo", "gridfs"})),
    "views": (("conf", "views", "store.records"), frozenset({"tornado", "httpx", "pymongo", "gridfs", "redis"})),
    "handlers/flows": (
        ("conf", "store", "adapters", "handlers.flows"),
        frozenset({"tornado", "jinja2", "httpx", "pymongo", "gridfs", "redis"}),
    ),
    "handlers/commands": (
        ("conf", "store", "adapters", "views", "handlers"),
        frozenset({"tornado", "jinja2", "httpx", "pymongo", "gridfs", "redis"}),
    ),
    "handlers": (("conf", "store", "views", "handlers"), frozenset({"pymongo", "gridfs", "httpx", "redis"})),
}


def files_of(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    """Modules imported at run time; those under `if TYPE_CHECKING` tie nothing together."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(each for child in node.body for each in ast.walk(child))
    for node in ast.walk(tree_of(path)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    name = name_of(path)
    return max((room for room in IMPORTS if name.startswith(f"{room}/")), key=len)


@pytest.mark.parametrize("path", files_of(*ROOMS), ids=name_of)
def test_each_module_imports_only_what_its_room_may(path: Path) -> None:
    ours, never = IMPORTS[room_of(path)]
    imported = list(imports_of(path))
    banned = [name for name in imported if name.split(".")[0] in never]
    strange = [
        name
        for name in imported
        if name.split(".")[0] in HOUSE and not any(name == o or name.startswith(f"{o}.") for o in ours)
    ]
    assert not banned + strange, f"{name_of(path)} may not import {banned + strange}: see the table in docs/doors.md"


@pytest.mark.parametrize("path", files_of(*ROOMS), ids=name_of)
def test_each_module_is_small_and_says_what_it_holds(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LISTS.get(name_of(path), LONGEST_FILE), f"{lines} lines: split it"
    if lines > 1:
        assert ast.get_docstring(tree_of(path)), "open with one sentence: what it holds and who calls it"
    long = [
        f"{node.name} ({length})"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for length in [length_of(node)]
        if length > (LONGEST_VERB if is_verb(path, node) else LONGEST_FUNCTION)
    ]
    assert not long, f"too long: {long}"


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of what it does: signature and docstring do not count."""
    first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
    return (node.end_lineno or 0) - first.lineno + 1


def is_verb(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return room_of(path) == "handlers" and node.name in VERBS


def test_names_the_house_does_not_use() -> None:
    """`manager`, `helper`, `util` say nothing; a slice is a batch; our people are staff."""
    banned = re.compile(r"(?i)(manager|helper|util(s|ity)?|officer)$")
    found = [
        f"{name_of(path)}: {node.name}"
        for path in files_of(*ROOMS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and banned.search(node.name)
    ]
    found += [name_of(path) for path in files_of(*ROOMS) if banned.search(path.stem)]
    assert found == []


def test_every_function_is_typed() -> None:
    found = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in files_of(*ROOMS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.returns is None or any(a.annotation is None and a.arg not in {"self", "cls"} for a in node.args.args))
    ]
    assert found == []


def test_no_unfinished_work_is_left() -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    found = [
        f"{name_of(path)}:{number}"
        for path in [*files_of(*ROOMS, "setup"), ROOT / "eqicha.py"]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    ]
    assert found == []


# -- routes, pages


def test_every_module_with_routes_is_joined() -> None:
    with_routes = {
        name_of(path).removesuffix(".py").replace("/", ".")
        for path in files_of("handlers")
        for node in tree_of(path).body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "ROUTES" for t in node.targets)
    }
    assert with_routes == set(MODULES), "name the module in handlers/routes.py"


def test_every_verb_is_guarded_or_public() -> None:
    naked = [
        f"{spec.handler_class.__name__}.{verb}"
        for spec in all_routes()
        for verb in VERBS
        if getattr(spec.handler_class, verb) is not getattr(BaseHandler, verb)
        and guard_of(spec.handler_class, verb) is None
    ]
    assert naked == []


def contexts() -> list[type[Context]]:
    for path in (ROOT / "views" / "contexts").glob("*.py"):
        import_module(f"views.contexts.{path.stem}" if path.stem != "__init__" else "views.contexts")
    found, waiting = [], [Context]
    while waiting:
        children = waiting.pop().__subclasses__()
        found += [child for child in children if hasattr(child, "template")]
        waiting += children
    return found


def test_every_page_has_a_context_and_every_context_a_page() -> None:
    named = {str(context.template) for context in contexts()}
    folder = ROOT / "views" / "pages"
    pages = {f"pages/{path.relative_to(folder).as_posix()}" for path in folder.rglob("[!_]*.html")}
    pages = {page for page in pages if not page.startswith("pages/texts/")}  # parts of pages/text.html
    assert named == pages


def test_every_context_names_a_block_its_template_has() -> None:
    missing = [
        f"{context.__name__}: {context.fragment}"
        for context in contexts()
        if context.fragment and context.fragment not in environment().get_template(context.template).blocks
    ]
    assert missing == []


def test_templates_are_safe_by_their_form() -> None:
    """No |safe, no inline style or script, every attribute with a value in quotes, every POST form with its token."""
    faults = []
    for path in (ROOT / "views").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        is_sheet = path.parent.name == "print" or path.name == "print.html"  # for the PDF engine, never for a browser
        faults += [f"{path.name}: |safe"] if re.search(r"\|\s*safe\b", text) else []
        faults += [f"{path.name}: unquoted attribute"] if re.search(r"<[^>{]*\s[\w-]+=\{\{", text) else []
        if not is_sheet:
            faults += [f"{path.name}: inline style"] if re.search(r"<style|\sstyle=", text) else []
            faults += [f"{path.name}: inline script"] if re.search(r"<script(?![^>]*\ssrc=)|\son\w+=", text) else []
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.S)
        faults += [f"{path.name}: form without token" for form in forms if "frame.xsrf()" not in form]
    assert faults == []


# -- settings, audit


def test_every_setting_is_explained_and_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*files_of(*ROOMS, "setup"), ROOT / "eqicha.py"])
    used = Counter(re.findall(r"\w+", code))
    lone = [name for name in Settings.model_fields if used[name] < 2]
    bare = [name for name, field in Settings.model_fields.items() if not field.description]
    assert (lone, bare) == ([], []), f"{PREFIX}… settings nobody reads, or without a meaning"


def test_every_audit_tag_has_its_fields_and_is_written_somewhere() -> None:
    code = "\n".join(p.read_text(encoding="utf-8") for p in files_of("handlers", "store") if p.name != "terms.py")
    assert set(AUDIT_FIELDS) == set(AuditTag)
    assert [tag.name for tag in AuditTag if f"AuditTag.{tag.name}" not in code] == []


def test_nothing_fetched_is_committed() -> None:
    """Assets are installed at set-up; a lock file names no host."""
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in lock
    assert '"node_modules/htmx.org": {\n      "version": "2.0.11"' in lock
    assert "/static/vendor/" in (ROOT / ".gitignore").read_text(encoding="utf-8")
