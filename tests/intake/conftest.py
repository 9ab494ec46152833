"""An empty store, a real workshop, and a package folder to fill; the tests of intake and samples share them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.workshop import Workshop
from conf.keys import load_keys
from conf.settings import load_settings
from store import Store, open_store

DATABASE = "eqicha_intake_test"
Run = Callable[[Awaitable[Any]], Any]


@pytest.fixture(scope="session")
def intake_run() -> Iterator[Run]:
    async def awaited(work: Awaitable[Any]) -> Any:
        return await work

    with asyncio.Runner() as runner:
        yield lambda work: runner.run(awaited(work))


@pytest.fixture(scope="session")
def workshop(intake_run: Run) -> Iterator[Workshop]:
    shop = Workshop(2, 1536)
    yield shop
    intake_run(shop.close())


@pytest.fixture(scope="session")
def adapters(workshop: Workshop) -> Any:
    return SimpleNamespace(workshop=workshop)


@pytest.fixture(scope="session")
def _opened_intake(intake_run: Run, mongo_url: str, var_dir: Path) -> Iterator[Store]:
    settings = load_settings(mongo_url=mongo_url, mongo_database=DATABASE, var_dir=var_dir, worker_enabled=False)
    store = intake_run(open_store(settings, load_keys(settings)))
    intake_run(store.ensure_indexes())
    yield store
    intake_run(store.close())


@pytest.fixture
def store(_opened_intake: Store, mongo_url: str) -> Iterator[Store]:
    yield _opened_intake
    with MongoClient(mongo_url) as client:
        for name in client[DATABASE].list_collection_names():
            if not name.startswith("system."):
                client[DATABASE][name].delete_many({})


class Package:
    """A package folder being written: `row` adds a line, `file` a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []

    def row(self, **fields: Any) -> None:
        self.line(json.dumps(fields, ensure_ascii=False))

    def line(self, text: str) -> None:
        self.lines.append(text)
        (self.folder / "manifest.jsonl").write_text("\n".join(self.lines) + "\n", encoding="utf-8")

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    def company(self, uscc: str = "91440106MA9W00010Y", **more: Any) -> None:
        fields = {"name": "广州砚测样例有限公司", "entity_type": "有限责任公司", "status": "active"}
        fields |= {"legal_representative": "样某某", "established_on": "2020-01-02"}
        fields |= {"registry": "广州市天河区市场监督管理局", "domicile": "广州市天河区样例路 1 号"}
        self.row(kind="company", uscc=uscc, **(fields | more))

    def filing(self, business_no: str = "20200102001", uscc: str = "91440106MA9W00010Y", **more: Any) -> None:
        fields = {"event": "establishment", "title": "设立登记", "approved_on": "2020-01-02"}
        self.row(kind="filing", uscc=uscc, business_no=business_no, **(fields | more))

    def document(self, number: int, files: list[Any], **more: Any) -> None:
        fields = {"uscc": "91440106MA9W00010Y", "business_no": "20200102001", "type": "章程", "title": f"材料 {number}"}
        self.row(kind="document", number=number, files=files, **(fields | more))


@pytest.fixture
def package(tmp_path: Path) -> Package:
    folder = tmp_path / "package"
    folder.mkdir()
    return Package(folder)
