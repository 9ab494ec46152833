"""Commands that keep the database: backup, restore, the proof of either."""

import argparse
from typing import TYPE_CHECKING

from conf.keys import load_keys
from conf.settings import Settings
from handlers.commands import complain, progress_bar
from handlers.commands.house import open_alone

if TYPE_CHECKING:
    from store.backups import Written


async def backup(args: argparse.Namespace, settings: Settings) -> int:
    """Back the whole database up into one sealed file: consistent, compressed, encrypted, with its manifest."""
    from handlers.flows.backups import make_backup

    async with open_alone(settings) as (store, keys):
        await store.ensure_indexes()
        with progress_bar("backup") as progress:
            path, written = await make_backup(store, settings, keys, args.to, progress=progress)
    print(f"{path}\n{_told(written)}")
    for digest in written.manifest.damaged:
        complain(f"{digest} is damaged in the database; it is in the backup as it is")
    return 1 if written.manifest.damaged else 0


async def restore(args: argparse.Namespace, settings: Settings) -> int:
    """Restore a backup into an empty database; the file is proven before, the database afterwards."""
    from handlers.flows.backups import restore as bring_back

    async with open_alone(settings, to_restore=True) as (store, keys):
        with progress_bar("restore") as progress:
            written = await bring_back(
                store, settings, keys, args.file, progress=progress, accept_loss=args.accept_loss
            )
        await store.companies.refresh_search()
    print(f"restored into {settings.mongo_database}, equal to the manifest\n{_told(written)}")
    return 0


async def verify(args: argparse.Namespace, settings: Settings) -> int:
    """Prove a backup file, or with --database what stands in the database: manifest, scans, copies, audit."""
    from handlers.flows.backups import verify_database, verify_file

    if args.database == bool(args.file):
        return complain("name a backup file, or --database")
    with progress_bar("verify") as progress:
        if args.database:
            async with open_alone(settings) as (store, keys):
                proven = await verify_database(store, settings, keys, progress=progress)
        elif settings.mongo_url and not args.offline:
            async with open_alone(settings) as (store, keys):
                proven = await verify_file(store, settings, keys, args.file, progress=progress)
        else:
            proven = await verify_file(None, settings, load_keys(settings), args.file, progress=progress)
    for problem in proven.problems:
        complain(problem)
    print(f"{proven.files} files and {proven.events} audit events looked at")
    if proven.written:
        print(_told(proven.written))
    return 1 if proven.problems else 0


def _told(written: "Written") -> str:
    """What an operator writes down of a backup."""
    manifest = written.manifest
    return (
        f"{manifest.documents} documents, {written.size / 2**20:.1f} MiB, as of "
        f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC\n"
        f"audit {manifest.audit_size} events, root {manifest.audit_root}\n"
        f"manifest {written.digest}"
    )
