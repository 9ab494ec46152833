"""The front door: the commands, and the one place that sees every room and joins them."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.clock import utc_now
from conf.errors import EqichaError, Invalid
from conf.keys import Keys, load_keys
from conf.logs import setup_logs
from conf.memory import return_big_buffers
from conf.settings import Settings, SettingsError, load_settings
from conf.terms import Channel, StaffRole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.assembly import Adapters
    from handlers.flows.background import Background
    from handlers.metrics import Metrics
    from store import Store

#: A file without a record is left alone this long: its transaction may still be under way.
ORPHANS_AFTER = timedelta(hours=6)
#: Sample companies the simulated sharing platform knows.
SHARED_COMPANIES = 500

Command = Callable[[argparse.Namespace, Settings], Awaitable[int]]


@dataclass(frozen=True, kw_only=True)
class House:
    """Every room, opened: what a command works with."""

    settings: Settings
    keys: Keys
    store: "Store"
    adapters: "Adapters"


@asynccontextmanager
async def open_house(settings: Settings, *, metrics: "Metrics | None" = None) -> "AsyncIterator[House]":
    """Open keys, store and adapters; close them in reverse order. Raises SettingsError for what is unsafe."""
    from adapters.assembly import open_adapters
    from adapters.base import observe_nothing
    from store import open_store

    keys = load_keys(settings)
    store = await open_store(settings, keys)
    try:
        adapters = await open_adapters(settings, keys, observe=metrics.called_outside if metrics else observe_nothing)
        try:
            yield House(settings=settings, keys=keys, store=store, adapters=adapters)
        finally:
            await adapters.close()
    finally:
        await store.close()


def make_background(house: House) -> "Background":
    """The background work of one process, joined from the flows."""
    from handlers.flows import batches, evidence, incoming, notices, sealing
    from handlers.flows.background import Background
    from views.batch_sheets import GovernmentSheets
    from views.sheets import PrintSheets

    store, settings = house.store, house.settings
    bench = sealing.Bench(
        store=store, adapters=house.adapters, settings=settings, keys=house.keys, sheets=PrintSheets()
    )
    asked = batches.BatchBench(
        store=store, adapters=house.adapters, settings=settings,
        sheets=GovernmentSheets(is_sample=not settings.is_production),
    )  # fmt: skip

    async def sweep_files() -> None:
        await store.copies.sweep_orphans(utc_now() - ORPHANS_AFTER)
        await store.batches.sweep_orphans(utc_now() - ORPHANS_AFTER)

    made = Background(
        store,
        settings,
        seal=lambda order: sealing.seal_order(bench, order),
        deliver=lambda: notices.deliver_next(store, house.adapters, owner=made.owner, now=utc_now()),
        checkpoint=lambda: evidence.keep_checkpoint(store, house.keys, settings.var_dir),
        apply_waiting=lambda: incoming.look_again(store, now=utc_now()),
        sweep=sweep_files,
        batches=lambda: batches.answer_next(asked, made.owner),
    )
    return made


@asynccontextmanager
async def open_cache(settings: Settings) -> "AsyncIterator[tuple[Any, Any]]":
    """Sessions and limits in Redis where it is configured; (None, None) leaves them to the store."""
    if not settings.redis_url:
        yield None, None
        return
    from adapters.cache import connect_cache
    from adapters.cache.limits import RedisLimits
    from adapters.cache.sessions import RedisSessions
    from store.records import Session
    from store.sessions import SessionRules

    redis = connect_cache(settings.redis_url)
    try:
        sessions = RedisSessions(redis, utc_now, rules=SessionRules(settings), record=Session)
        yield sessions, RedisLimits(redis, utc_now)
    finally:
        await redis.aclose()


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
    from handlers.flows.seals import ready_register

    await house.store.ensure_indexes()
    await house.store.companies.refresh_search()
    await ready_register(house.store, house.adapters, house.settings, now=utc_now())


async def sandbox(args: argparse.Namespace, settings: Settings) -> int:
    """Serve the simulated counterpart systems."""
    from adapters.sandbox import serve_sandbox
    from handlers.flows.samples.shared import shared_registry

    await serve_sandbox(settings, args.port, smtp_port=args.smtp_port, registry=shared_registry(SHARED_COMPANIES))
    return 0


async def sample(args: argparse.Namespace, settings: Settings) -> int:
    """Fill the registry with fictional companies and dossiers."""
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


async def check(args: argparse.Namespace, settings: Settings) -> int:
    """Settings, database, seal certificate, adapters: one line each; exit code 1 when any is not well."""
    from handlers.flows.checking import examine

    async with open_house(settings) as house:
        findings = await examine(house.store, house.adapters, house.settings, house.keys)
    for finding in findings:
        print(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.part:<12} {finding.says}")
    return 0 if all(finding.is_well for finding in findings) else 1


async def verify_copy(args: argparse.Namespace, settings: Settings) -> int:
    """Check a copy's seal and page claims, and the register when the database answers."""
    from handlers.flows.copy_files import verify_copy_file

    if not args.file.is_file():
        return complain(f"no file at {args.file}")
    answer = await verify_copy_file(args.file, settings, load_keys(settings), use_register=not args.offline)
    for line in answer.lines:
        print(line)
    return 0 if answer.is_valid else 1


async def seals(args: argparse.Namespace, settings: Settings) -> int:
    """Keep the seal register: list its versions, add the certificate of a new one, retire an old one."""
    from handlers.flows import seal_desk

    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        if args.action == "add":
            wish = seal_desk.Wish(
                seal_id=args.id or settings.seal_id,
                name=args.name,
                certificate=args.certificate,
                starts=args.starts,
                ends=args.ends,
                note=args.note,
            )
            lines = await seal_desk.add(house.store, house.adapters, wish, now=utc_now())
        elif args.action == "retire":
            lines = await seal_desk.retire(house.store, args.id, args.version, reason=args.reason, now=utc_now())
        else:
            lines = await seal_desk.listed(house.store, house.adapters, settings, now=utc_now())
    print("\n".join(lines))
    return 0


async def withdraw_copy(args: argparse.Namespace, settings: Settings) -> int:
    """Declare a copy withdrawn: no more download, and whoever verifies it is told. Cannot be taken back."""
    from handlers.flows.copies import withdraw

    trace = {"who": "command", "role": "system", "channel": Channel.COMMAND, "request_id": "", "address": ""}
    async with open_house(settings) as house:
        copy = await withdraw(house.store, args.copy_no, reason=args.reason, now=utc_now(), trace=trace)
    print(f"{copy.no} of order {copy.order_no} is withdrawn")
    return 0


async def verify_audit(args: argparse.Namespace, settings: Settings) -> int:
    """Recompute the audit tree and compare it with every signed checkpoint."""
    from handlers.flows.evidence import verify_audit as verify

    async with open_house(settings) as house:
        report = await verify(house.store, house.keys, settings.var_dir)
    if report.ok:
        print(f"the audit is whole: {report.size} events")
        return 0
    at = "" if report.first_bad is None else f" at position {report.first_bad}"
    return complain(f"the audit does not hold{at}: {report.problem}")


async def create_staff(args: argparse.Namespace, settings: Settings) -> int:
    """Create a staff account; prints its first password and one-time-code address once."""
    from handlers.flows.staffing import create_staff as create

    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        made = await create(house.store, login=args.login, name=args.name, roles=frozenset(args.role))
    print(f"login     {args.login}\npassword  {made.password}\none-time  {made.totp_uri}")
    print("This is shown once. Put the one-time address into an authenticator app now.")
    return 0


async def create_terminal(args: argparse.Namespace, settings: Settings) -> int:
    """Register a kiosk terminal; prints the address that enrols the machine, once."""
    from handlers.flows.kiosks import register_terminal

    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        made = await register_terminal(house.store, terminal_id=args.id, name=args.name, location=args.location)
    print(f"Open this once on the terminal: {settings.base_url}/kiosk/enrol and enter the key\n{made.key}")
    return 0


def progress_bar(title: str) -> Any:
    """A bar on a terminal, silent elsewhere; its callable takes (done, total)."""
    from contextlib import contextmanager

    from tqdm import tqdm

    @contextmanager
    def bar() -> Any:
        with tqdm(desc=title, unit="", disable=None) as line:

            def progress(done: int, total: int) -> None:
                line.total = total
                line.update(done - line.n)

            yield progress

    return bar()


def complain(text: str) -> int:
    """One line on standard error saying what to do; the exit code of a refused command."""
    print(f"eqicha: {text}", file=sys.stderr)
    return 2


def commands() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="eqicha.py", description="天河 e企查: certified copies of company dossiers.")
    sub = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, example: str) -> argparse.ArgumentParser:
        help_text = (run.__doc__ or "").strip()
        made = sub.add_parser(name, help=help_text, description=help_text, epilog=f"example: eqicha.py {example}")
        made.set_defaults(run=run)
        return made

    add("serve", serve, "serve")
    part = add("sandbox", sandbox, "sandbox --port 8090")
    part.add_argument("--port", type=int, default=8090, help="HTTP port (default %(default)s)")
    part.add_argument("--smtp-port", type=int, default=8025, help="SMTP port (default %(default)s)")
    part = add("sample", sample, "sample --companies 300 --dossiers 20 --seed 1")
    part.add_argument("--companies", type=int, default=300, help="companies to make (default %(default)s)")
    part.add_argument("--dossiers", type=int, default=20, help="of them with scanned dossiers (default %(default)s)")
    part.add_argument("--seed", type=int, default=1, help="the same seed makes the same registry (default %(default)s)")
    part.add_argument("--if-empty", action="store_true", help="do nothing when companies are there already")
    part = add("import", import_package, "import docs/examples/intake")
    part.add_argument("path", type=Path, metavar="PATH", help="folder or zip with manifest.jsonl and scans")
    part = add("indexes", indexes, "indexes --rebuild-search")
    part.add_argument("--rebuild-search", action="store_true", help="make the search rows anew")
    add("check", check, "check")
    part = add("verify-copy", verify_copy, "verify-copy copy.pdf")
    part.add_argument("file", type=Path, metavar="FILE", help="a certified copy (PDF)")
    part.add_argument("--offline", action="store_true", help="check seal and page claims only, ask no database")
    _seal_commands(add("seals", seals, "seals add --name 广州市天河区企业登记档案查询专用章 --from 2026-12-01"))
    part = add("withdraw-copy", withdraw_copy, "withdraw-copy THC20261121-7K3M9Q --reason 登记更正，原件作废")
    part.add_argument("copy_no", metavar="NUMBER", help="copy number, as printed on its certificate sheet")
    part.add_argument("--reason", required=True, help="why, 5 to 500 characters; kept in the audit")
    add("verify-audit", verify_audit, "verify-audit")
    part = add("create-staff", create_staff, "create-staff --login li.shenhe --name 样例审核员 --role reviewer")
    part.add_argument("--login", required=True, help="login name")
    part.add_argument("--name", required=True, help="name as colleagues know it")
    part.add_argument(
        "--role", required=True, action="append", type=StaffRole, choices=list(StaffRole), help="repeat for several"
    )
    part = add("create-terminal", create_terminal, "create-terminal --id hall-1 --name 一号机 --location 政务大厅")
    part.add_argument("--id", required=True, help="short id of the machine")
    part.add_argument("--name", required=True, help="name shown to staff")
    part.add_argument("--location", required=True, help="where it stands")
    return parser


def _seal_commands(part: argparse.ArgumentParser) -> None:
    actions = part.add_subparsers(dest="action", metavar="list | add | retire")
    actions.add_parser("list", help="every version, and what the provider offers (the default)")
    one = actions.add_parser("add", help="enter the next version of a seal; from then on copies carry it")
    one.add_argument("--id", default="", help="seal id (default: EQICHA_SEAL_ID)")
    one.add_argument("--name", default="", help="name of the seal (default: as its provider names it)")
    one.add_argument("--certificate", type=Path, help="PEM or DER file (default: what the provider offers)")
    one.add_argument("--from", dest="starts", type=date.fromisoformat, help="first day, Beijing time (YYYY-MM-DD)")
    one.add_argument("--until", dest="ends", type=date.fromisoformat, help="first day no more (YYYY-MM-DD)")
    one.add_argument("--note", default="", help="kept in the history of the version")
    one = actions.add_parser("retire", help="take a version out of use for good; its copies stay valid")
    one.add_argument("id", metavar="ID", help="seal id")
    one.add_argument("version", metavar="VERSION", type=int, help="number of the version")
    one.add_argument("--reason", required=True, help="why, at least 5 characters; kept in history and audit")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every foreseeable fault is one line saying what to do."""
    args = commands().parse_args(argv)
    try:
        settings = load_settings()
    except SettingsError as fault:
        for line in fault.faults:
            complain(line)
        return 2
    listener = setup_logs(style=settings.log_format, level=settings.log_level)
    try:
        return asyncio.run(args.run(args, settings))
    except SettingsError as fault:
        for line in fault.faults:
            complain(line)
        return 2
    except Invalid as fault:
        return complain("; ".join(f"{name}: {text}" for name, text in fault.fields.items()))
    except EqichaError as fault:
        return complain(f"{type(fault).__name__}: {fault}")
    except KeyboardInterrupt:
        return 130
    except OSError as fault:
        return complain(str(fault))
    finally:
        listener.stop()


if __name__ == "__main__":
    sys.exit(main())
