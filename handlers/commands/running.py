"""Commands of the registry's day: seals, a copy withdrawn, the report of a period, accounts and terminals."""

import argparse

from conf.clock import utc_now
from conf.settings import Settings
from handlers.commands import COMMAND, complain
from handlers.commands.house import open_house


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
