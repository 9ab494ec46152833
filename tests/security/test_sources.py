"""What must not stand in our own code or in the repository, looked for in every file: commands, pickles, secrets."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("conf", "store", "adapters", "handlers", "views")
SOURCES = [ROOT / "eqicha.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def called() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in our code: file, dotted name of what is called, the call."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, ast.unparse(node.func), node


def imported() -> dict[str, set[str]]:
    """Module → files that import it."""
    found: dict[str, set[str]] = {}
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for module in names:
                found.setdefault(module.split(".")[0], set()).add(name)
    return found


def test_nothing_unpickles_and_nothing_runs_text() -> None:
    """Pickle, marshal, shelve and YAML make objects of what strangers send; eval and exec run it."""
    modules = imported()
    assert {
        module: modules[module] for module in ("pickle", "marshal", "shelve", "dill", "yaml") if module in modules
    } == {}
    assert [(file, what) for file, what, _ in called() if what in {"eval", "exec", "compile", "__import__"}] == []
    assert [file for file, what, _ in called() if what.endswith(".from_string")] == [], "a template out of a text"


def test_programs_are_started_in_three_places_without_a_shell() -> None:
    """The names of programs and options are ours; what a stranger wrote goes in on standard input at most."""
    assert imported()["subprocess"] == {
        "adapters/imaging/fonts.py",
        "adapters/pdf/wkhtml.py",
        "adapters/seal/picture.py",
    }
    shells = {
        "os.system",
        "os.popen",
        "asyncio.create_subprocess_shell",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
    }
    for file, what, call in called():
        assert what not in shells, file
        assert not [each for each in call.keywords if each.arg == "shell"], f"{file}: {what}"
        if what == "subprocess.run":
            assert not isinstance(call.args[0], ast.Constant | ast.JoinedStr), f"{file}: a line is split by somebody"


def test_chance_that_guards_something_comes_from_the_system() -> None:
    """`random` spreads load and makes samples; tokens, codes and keys come from `secrets`."""
    allowed = {"adapters/sms/routing.py", "handlers/flows/background.py", "handlers/flows/notices.py"}
    users = {
        file for file in imported()["random"] if not file.startswith(("handlers/flows/samples/", "adapters/sandbox/"))
    }
    assert users == allowed


def test_secrets_are_compared_in_constant_time() -> None:
    """No `==` where one side is a token, signature or password of somebody; lengths and emptiness may be asked."""
    telling = re.compile(r"(^|[._])(token|nonce|signature|password|passphrase|secret|mac|totp)$")
    found = []
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            sides = (node.left, *node.comparators)
            if any(isinstance(side, ast.Constant) for side in sides):
                continue
            if any(telling.search(ast.unparse(side)) for side in sides):
                found.append(f"{file}:{node.lineno}: {ast.unparse(node)}")
    assert found == []


#: What a secret looks like: a private key with its bytes, tokens of well-known services, a name with a long value.
SECRETS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\\?[rn]?\s*[\"']?[A-Za-z0-9+/=]{24}"),
    "a service's token": re.compile(
        r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abpr]-[\w-]{20,}|glpat-[\w-]{20})"
    ),
    "an address with a password": re.compile(r"[a-z]+://[^/\s:@{}<>\"']+:(?!\{)[^/\s:@{}<>\"']{6,}@[a-z0-9.-]+"),
    "a key with its value": re.compile(
        r"(?i)(?:api_?key|secret|passw(?:or)?d|token)[\"']?\s*[=:]\s*[\"'](?=[^\"']*\d)(?=[^\"']*[a-z])[A-Za-z0-9+/=]{28,}[\"']"
    ),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_the_repository(kind: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if (
            name == "package-lock.json"
            or path.suffix in {".png", ".jpg", ".pdf", ".ttf", ".woff2"}
            or not path.is_file()
        ):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{name}: {match[0][:30]}…" for match in SECRETS[kind].finditer(text)]
    assert found == []


def test_the_scan_sees_what_it_is_for() -> None:
    """Each pattern against an invented one, put together here so that it is in no file."""
    examples = {
        "a private key": "-----BEGIN " + "PRIVATE KEY-----\n" + "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49",
        "a service's token": "gh" + "p_" + "a1" * 18,
        "an address with a password": "mongodb://eqicha" + ":geheim-2026@db.example",
        "a key with its value": 'sms_token = "' + "a1b2" * 8 + '"',
    }
    assert [kind for kind, text in examples.items() if not SECRETS[kind].search(text)] == []
