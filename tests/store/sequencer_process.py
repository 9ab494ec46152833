"""A process of its own that appends and sequences until it is killed; started by test_audit_crash.py."""

import asyncio
import sys
from pathlib import Path

from conf.keys import load_keys
from conf.settings import load_settings
from store import open_store
from tests.store.things import an_event


async def main(url: str, database: str, var_dir: str, owner: str) -> None:
    settings = load_settings(mongo_url=url, mongo_database=database, var_dir=Path(var_dir))
    store = await open_store(settings, load_keys(settings))
    n = 0
    while True:
        await asyncio.gather(*(store.audit.append(**an_event(n + k, request_id=owner)) for k in range(20)))
        n += 20
        await store.audit.sequence(owner)
        print(n, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
