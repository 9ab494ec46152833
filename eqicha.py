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
from conf.errors import BackupRefused, EqichaError, Invalid
from conf.keys import Keys, load_keys
from conf.logs import setup_logs
from conf.memory import return_big_buffers
from conf.settings import Settings, SettingsError, load_settings
from conf.terms import Channel, StaffRole
from store.records.keeping import Health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.assembly import Adapters
    from handlers.flows.background import Background
    from handlers.metrics import Metrics
    from store import Store
    from store.backups import Written

#: A file without a record is left alone this long: its transaction may still be under way.
ORPHANS_AFTER = timedelta(hours=6)
#: Sample companies the simulated sharing platform knows.
SHARED_COMPANIES = 500

COMMAND: dict[str, Any] = {
    "who": "command",
    "role": "system",
    "channel": Channel.COMMAND,
    "request_id": "",
    "address": "",
}

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


@asynccontextmanager
async def open_alone(settings: Settings, *, to_restore: bool = False) -> "AsyncIterator[tuple[Store, Keys]]":
    """Keys and store without any counterpart: what keeping and proving the database takes."""
    from store import open_store

    keys = load_keys(settings)
    store = await open_store(settings, keys, to_restore=to_restore)
    try:
        yield store, keys
    finally:
        await store.close()


def make_background(house: House) -> "Background":
    """The background work of one process, joined from the flows."""
    from handlers.flows import batches, evidence, incoming, inspecting, notices, retention, sealing
    from handlers.flows.background import Background
    from handlers.flows.turns import Turn, day, month
    from views.batch_sheets import GovernmentSheets
    from views.sheets import PrintSheets

    store, settings = house.store, house.settings
    bench = sealing.Bench(
        store=store, adapters=house.adapters, settings=settings, keys=house.keys, sheets=PrintSheets()
    )
    asked = batches.BatchBench(
        store=store, adapters=house.adapters, settings=settings, keys=house.keys,
        sheets=GovernmentSheets(is_sample=not settings.is_production),
    )  # fmt: skip

    async def sweep_files() -> None:
        await store.copies.sweep_orphans(utc_now() - ORPHANS_AFTER)
        await store.retention.sweep(utc_now() - ORPHANS_AFTER)

    made = Background(
        store,
        settings,
        seal=lambda order: sealing.seal_order(bench, order),
        deliver=lambda: notices.deliver_next(store, house.adapters, owner=made.owner, now=utc_now()),
        checkpoint=lambda: evidence.keep_checkpoint(store, house.keys, settings.var_dir),
        apply_waiting=lambda: incoming.look_again(store, now=utc_now()),
        sweep=sweep_files,
        batches=lambda: batches.answer_next(asked, made.owner),
        turns=(
            Turn(
                name="retention",
                period=day,
                run=lambda _day: retention.keep_terms(store, settings, house.keys, now=utc_now()),
            ),
            Turn(
                name="inspection",
                period=month,
                run=lambda period: inspecting.inspect(
                    store, house.adapters, settings, house.keys, now=utc_now(), period=period
                ),
            ),
        ),
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

    async with open_house(settings) as house:
        copy = await withdraw(house.store, args.copy_no, reason=args.reason, now=utc_now(), trace=COMMAND)
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


async def inspect(args: argparse.Namespace, settings: Settings) -> int:
    """Make an inspection report now: printed, kept, and shown on /staff/system; exit code 1 when something is bad."""
    from handlers.flows.inspecting import inspect as look

    async with open_house(settings) as house:
        await house.store.ensure_indexes()
        report = await look(house.store, house.adapters, settings, house.keys, now=utc_now(), trace=COMMAND)
    words = {Health.GOOD: "ok   ", Health.WATCH: "WATCH", Health.BAD: "BAD  "}
    for item in report.items:
        advice = f"  → {item.advice}" if item.advice else ""
        print(f"{words[item.health]}  {item.part} · {item.name}: {item.says}{advice}")
    return 1 if report.health is Health.BAD else 0


def _told(written: "Written") -> str:
    """What an operator writes down of a backup."""
    manifest = written.manifest
    return (
        f"{manifest.documents} documents, {written.size / 2**20:.1f} MiB, as of "
        f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC\n"
        f"audit {manifest.audit_size} events, root {manifest.audit_root}\n"
        f"manifest {written.digest}"
    )


async def verify_proof(args: argparse.Namespace, settings: Settings) -> int:
    """Check the proof file of one audit event against the registry's published key; asks no database."""
    from handlers.flows import audit_files

    if not args.file.is_file():
        return complain(f"no file at {args.file}")
    if args.file.stat().st_size > audit_files.LARGEST_FILE:
        return complain(f"{args.file} is too large for a proof")
    key = args.public_key or audit_files.published_key(load_keys(settings))["public_key"]
    answer = audit_files.verify_proof(args.file.read_bytes(), key)
    for line in answer.lines:
        print(line)
    return 0 if answer.is_valid else 1


async def report(args: argparse.Namespace, settings: Settings) -> int:
    """Write the performance report of a period as a one-page PDF."""
    from handlers.flows.exports import watched_minutes
    from views.contexts.performance import performance
    from views.filters import minute
    from views.render import render

    if args.first > args.last:
        return complain("--from must not be later than --to")
    now = utc_now()
    async with open_house(settings) as house:
        numbers = house.store.numbers
        figures = await numbers.read(args.first, args.last, grain="m")
        watched = await numbers.watched(args.first, args.last)
        minutes = watched_minutes(args.first, args.last, watched, now)
        page = render(performance(figures, watched, minutes, made_at=minute(now)))
        pdf = await house.adapters.pdf.render(page)
    args.out.write_bytes(pdf)
    print(f"{args.out}: {args.first} to {args.last}, days of Beijing")
    return 0


async def recount(args: argparse.Namespace, settings: Settings) -> int:
    """Count a day anew from orders, ratings and audit; exit code 1 when the kept counts differ."""
    from handlers.flows.nightly import recount_day

    async with open_house(settings) as house:
        found = await recount_day(house.store, args.day, now=utc_now())
    for each in found.differences:
        print(f"{each.measure} {each.cell or 'total'}: kept {each.kept}, counted {each.counted}", file=sys.stderr)
    print(f"{args.day}: {len(found.differences)} differences")
    return 1 if found.differences else 0


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
    part = add("backup", backup, "backup --to /srv/backups")
    part.add_argument("--to", required=True, type=Path, metavar="PATH", help="a folder (the name is made), or a file")
    part = add("restore", restore, "restore /srv/backups/eqicha-20261121T020000Z.backup")
    part.add_argument("file", type=Path, metavar="FILE", help="a backup; EQICHA_MONGO_DATABASE names an empty database")
    part.add_argument("--accept-loss", action="store_true", help="give up what was signed after the backup was made")
    part = add("verify", verify, "verify /srv/backups/eqicha-20261121T020000Z.backup")
    part.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a backup")
    part.add_argument("--database", action="store_true", help="what stands in the database instead")
    part.add_argument("--offline", action="store_true", help="do not note the proof in the database")
    add("inspect", inspect, "inspect")
    part = add("verify-proof", verify_proof, "verify-proof audit-proof.json")
    part.add_argument("file", type=Path, metavar="FILE", help="the JSON file an auditor handed out")
    part.add_argument(
        "--public-key",
        default="",
        metavar="BASE64",
        help="public_key of /.well-known/eqicha-audit-key.json (default: this deployment's own)",
    )
    part = add("report", report, "report --from 2026-01-01 --to 2026-12-31 --out report.pdf")
    part.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="first day (Beijing)")
    part.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="last day (Beijing)")
    part.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the PDF goes")
    part = add("recount", recount, "recount --day 2026-11-20")
    part.add_argument("--day", type=date.fromisoformat, required=True, help="a day of Beijing that is over")
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
    except BackupRefused as fault:
        return complain(str(fault))
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
