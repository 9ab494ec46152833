"""Commands that serve: the pages with the background work, the simulated counterparts."""

import argparse
import asyncio

from conf.clock import utc_now
from conf.memory import return_big_buffers
from conf.settings import Settings
from handlers.commands.house import House, make_background, open_cache, open_house

#: Sample companies the simulated sharing platform knows.
SHARED_COMPANIES = 500


async def serve(args: argparse.Namespace, settings: Settings) -> int:
    """Serve the pages and do the background work until SIGTERM or Ctrl-C."""
    from handlers.application import make_application
    from handlers.application import serve as serve_pages
    from handlers.metrics import Metrics

    return_big_buffers()
    metrics = Metrics()
    async with open_house(settings, metrics=metrics) as house, open_cache(settings) as (sessions, limits):
        await asyncio.gather(_ready_store(house), house.adapters.workshop.warm())
        app = make_application(
            house.store,
            house.adapters,
            settings,
            keys=house.keys,
            background=make_background(house) if settings.worker_enabled else None,
            sessions=sessions,
            limits=limits,
            metrics=metrics,
        )
        await serve_pages(app)
    return 0


async def _ready_store(house: House) -> None:
    """Indexes, the table of gram frequencies that lets the first search be as cheap as the next, our own seal."""
    from handlers.flows.rules import keep_file_rules
    from handlers.flows.seals import ready_register

    await house.store.ensure_indexes()
    await keep_file_rules(house.store, now=utc_now())
    await house.store.live.refresh()
    await house.store.companies.refresh_search()
    await ready_register(house.store, house.adapters, house.settings, now=utc_now())


async def sandbox(args: argparse.Namespace, settings: Settings) -> int:
    """Serve the simulated counterpart systems."""
    from adapters.sandbox import serve_sandbox
    from handlers.flows.samples.shared import shared_registry

    await serve_sandbox(settings, args.port, smtp_port=args.smtp_port, registry=shared_registry(SHARED_COMPANIES))
    return 0
