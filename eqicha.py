"""The front door: the commands and their arguments; what they do stands in handlers/commands."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from conf.errors import BackupRefused, EqichaError, Invalid
from conf.logs import setup_logs
from conf.settings import SettingsError, load_settings
from conf.terms import StaffRole
from handlers.commands import Command, complain
from handlers.commands.filling import import_package, indexes, sample
from handlers.commands.keeping import backup, restore, verify
from handlers.commands.looking import check, inspect, recount, verify_audit, verify_copy, verify_proof
from handlers.commands.running import create_staff, create_terminal, report, seals, withdraw_copy
from handlers.commands.serving import sandbox, serve


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
