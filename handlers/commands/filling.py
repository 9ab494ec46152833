"""Commands that fill the registry: samples, packages of dossiers, search rows."""

import argparse
import sys

from conf.settings import Settings
from handlers.commands import complain, progress_bar
from handlers.commands.house import open_house


async def sample(args: argparse.Namespace, settings: Settings) -> int:
    """Fill the registry with fictional companies and dossiers."""
    from handlers.flows.samples.boxes import sample_boxes
    from handlers.flows.samples.registry import sample_registry

    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        if args.if_empty and await house.store.companies.count():
            return 0
        with progress_bar("sample registry") as progress:
            made = await sample_registry(
                house.store,
                house.adapters,
                companies=args.companies,
                dossiers=args.dossiers,
                seed=args.seed,
                progress=progress,
            )
        await sample_boxes(house.store, now=house.store.clock())
    print(f"{made.companies} companies, {made.dossiers} dossiers, {made.pages} page images, all fictional")
    return 0


async def import_package(args: argparse.Namespace, settings: Settings) -> int:
    """Take an intake package in; name every row or file that could not be taken."""
    from handlers.flows.importing import import_package as take_in

    if not args.path.exists():
        return complain(f"no folder or zip file at {args.path}")
    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        with progress_bar("import") as progress:
            report = await take_in(house.store, house.adapters, args.path, progress=progress)
    for refusal in report.refusals:
        print(refusal, file=sys.stderr)
    print(report)
    return 1 if report.refusals else 0


async def indexes(args: argparse.Namespace, settings: Settings) -> int:
    """Create missing indexes and rebuild the search rows when asked."""
    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        print("all indexes are in place")
        if args.rebuild_search:
            print(f"{await house.store.companies.rebuild_search()} companies indexed for search")
    return 0
