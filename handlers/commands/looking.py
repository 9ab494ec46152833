"""Commands that look and prove: the parts, an inspection, a copy, the audit and its proofs, the kept counts."""

import argparse
import sys

from conf.clock import utc_now
from conf.keys import load_keys
from conf.settings import Settings
from handlers.commands import COMMAND, complain
from handlers.commands.house import open_house
from store.records.keeping import Health


async def check(args: argparse.Namespace, settings: Settings) -> int:
    """Settings, database, seal certificate, adapters: one line each; exit code 1 when any is not well."""
    from handlers.flows.checking import examine

    async with open_house(settings) as house:
        findings = await examine(house.store, house.adapters, house.settings, house.keys)
    for finding in findings:
        print(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.part:<12} {finding.says}")
    return 0 if all(finding.is_well for finding in findings) else 1


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


async def verify_copy(args: argparse.Namespace, settings: Settings) -> int:
    """Check a copy's seal and page claims, and the register when the database answers."""
    from handlers.flows.copy_files import verify_copy_file

    if not args.file.is_file():
        return complain(f"no file at {args.file}")
    answer = await verify_copy_file(args.file, settings, load_keys(settings), use_register=not args.offline)
    for line in answer.lines:
        print(line)
    return 0 if answer.is_valid else 1


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


async def recount(args: argparse.Namespace, settings: Settings) -> int:
    """Count a day anew from orders, ratings and audit; exit code 1 when the kept counts differ."""
    from handlers.flows.nightly import recount_day

    async with open_house(settings) as house:
        found = await recount_day(house.store, args.day, now=utc_now())
    for each in found.differences:
        print(f"{each.measure} {each.cell or 'total'}: kept {each.kept}, counted {each.counted}", file=sys.stderr)
    print(f"{args.day}: {len(found.differences)} differences")
    return 1 if found.differences else 0
