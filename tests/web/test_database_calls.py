"""No page asks the database more than a dozen times, however much there is: every page of every role is opened once.

The pages come from the router, so a new one is counted from the day it has a route; one that no caller here ever saw
answered with 200 fails, unless it is named in ELSEWHERE with the reason. Sessions and limits stand in the database here
and in Redis in production; their calls are not counted. Everything else is, each batch of a cursor too.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.assembly import open_adapters
from conf.rights import may
from conf.terms import StaffRole
from handlers.guards import Guard, guard_of
from handlers.routes import all_routes
from tests.access.cases import USCC
from tests.desk import Desk
from tests.web.archive import COMMANDS
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.full_house import FullHouse
from tests.web.test_staff import desk as desk

MOST = 12
NOT_COUNTED = {"sessions", "limits"}
#: What only sends the browser on, or needs a counterpart: counted as it answers here, seen with 200 in its own tests.
ELSEWHERE = {
    "/signin": "sends to the identity platform",
    "/signin/callback": "comes back from the identity platform and sends on",
    "/signin/raise": "sends to the identity platform",
    "/enter/{}": "takes a ticket of another portal and sends on",
    "/enter/portal": "sends on",
    "/signin/licence": "shows what the licence platform gives out",
    "/orders/{}/rating/platform": "sends to the rating platform",
    "/orders/{}/check": "only with the setting copy_recheck",
    "/kiosk/idle": "ends the visit and sends on",
    "/kiosk/stay": "an empty answer",
    "/type": "sets a cookie and sends back",
    "/gov": "sends to the cases",
    "/gov/signin/code": "only between password and code",
    "/gov/cases/{}/batches/{}/file": "a download that needs a sealed file",
    "/staff/enrol/{}": "only with a one-time link",
    "/gov/enrol/{}": "only with a one-time link",
}
#: Which of the things of the house stands in an address; the longest beginning counts.
STANDS: dict[str, tuple[str, ...]] = {
    "/companies/{}": (USCC,), "/companies/{}/documents/{}": (USCC, "d1", "1"), "/pages/{}": ("d1-p1", "view"),
    "/orders/{}": ("own",), "/orders/{}/rating": ("to rate",), "/p/{}": ("claim",), "/enter/{}": ("shb",),
    "/staff/proposals/{}": ("proposal",), "/staff/orders/{}": ("waiting",),
    "/staff/orders/{}/documents/{}": ("waiting", "d1", "1"), "/staff/orders/{}/images/{}": ("waiting", "d1-p1", "view"),
    "/staff/orders/{}/answers/{}": ("waiting", "answer", "1"), "/staff/companies/{}": (USCC,),
    "/staff/tasks/{}": ("task",), "/staff/system/{}": ("inspection",), "/staff/audit/events/{}": ("event",),
    "/staff/ratings/{}": ("own", "1"), "/staff/differences/{}": (USCC,), "/staff/accounts/{}": ("person",),
    "/staff/texts/{}": ("notice",), "/staff/rules/versions/{}": ("rules",), "/staff/paper/volumes/{}": ("volume",),
    "/staff/paper/handovers/{}": ("handover",), "/staff/paper/loans/{}": ("loan",),
    "/staff/paper/destructions/{}": ("destruction",), "/staff/government/{}": ("unit", "unit user"),
    "/staff/government/checks/{}": ("case",), "/staff/government/checks/{}/letter/{}": ("case", "1"),
    "/staff/government/batches/{}": ("batch",), "/gov/cases/{}": ("case", USCC, "d1", "1"),
    "/gov/cases/{}/pages/{}": ("case", "d1-p1", "view"), "/gov/cases/{}/batches/{}": ("case", "batch"),
    "/staff/enrol/{}": ("x" * 43,), "/gov/enrol/{}": ("x" * 43,), "/{}": ("help",),
}  # fmt: skip
#: The same page asked for otherwise: with a search, a filter, a longer range.
ASKED = {
    "/companies": ("q=样例", f"q={USCC}"), "/companies/{}/order": ("document=d1&document=d2&extract=1",),
    "/verify": ("code=ABCD",), "/staff/orders": ("words=样例", "due=overdue&holder=nobody&kind=natural", "due=asked"),
    "/staff/companies": (f"q={USCC}", "q=样例"), "/staff/tasks": ("view=ended",), "/staff/copies": ("no=THC{own}",),
    "/staff/audit": (f"uscc={USCC}", "who=" + "ab" * 32), "/staff/ratings": ("view=closed",),
    "/staff/numbers": ("from=2025-11-21&to=2026-11-21", "from=2021-11-22&to=2026-11-21"),
    "/staff/differences": (f"uscc={USCC}",), "/staff/paper": (f"q={USCC}", "q=BOX-0001"),
    "/staff/paper/labels": ("list={handover}", "start=L-A1"), "/staff/government/checks": ("view=done",),
    "/gov/cases/{}/companies": ("q=样例", f"q={USCC}"),
}  # fmt: skip


class AtOnce:
    """The workshop's and the PDF engine's place: drawing asks no database, and children would only take time."""

    async def run(self, function: Any, *args: Any, **_: Any) -> Any:
        return await asyncio.to_thread(function, *args)

    async def render(self, html: str) -> bytes:
        return html.encode()


@pytest.fixture
def house(site: Site, desk: Desk) -> Iterator[FullHouse]:
    """Full, with real counterparts at hand; none is listening."""
    kept, opened = site.app.adapters, site.run(open_adapters(site.settings, site.app.keys))
    site.app.adapters = replace(opened, workshop=AtOnce(), pdf=AtOnce())
    yield FullHouse(site, desk)
    site.run(opened.close())
    site.app.adapters = kept


def shape(pattern: str) -> str:
    """`/orders/{}/copy` of a route's pattern."""
    path = pattern.rstrip("$").replace("\\.", ".").replace("\\-", "-")
    return re.sub(r"\((?:\[[^]]*\]|[^()\[])*\)", "{}", path)


def addresses(house: FullHouse, path: str) -> list[str]:
    """The page of a thing that exists, as plain address and with every question of ASKED."""
    if "{}" not in path:
        stands: tuple[str, ...] = ()
    else:
        stands = STANDS[max((start for start in STANDS if path.startswith(start)), key=len)]
    plain = path.format(*(house.filled.get(name, name) for name in stands))
    return [plain, *(f"{plain}?{asked.format(**house.filled)}" for asked in ASKED.get(path, ()))]


def callers(house: FullHouse, guard: Guard) -> list[tuple[str, PageClient]]:
    """Those whom the guard lets in."""
    people = house.people
    staff = [role for role in StaffRole if not guard.actions or any(may([role], one) for one in guard.actions)]
    named: dict[str, list[Any]] = {
        "public": ["nobody", "head", "kiosk", "half in"], "signed_in": ["head", "kiosk", "shareholder"], "staff": staff,
        "government": ["unit"], "government_gate": ["unit", "nobody"], "operator": ["nobody"],
    }  # fmt: skip
    return [(str(name), people[name]) for name in named[guard.name]]


def calls_of(client: PageClient, address: str) -> tuple[int, list[str]]:
    """The status of the answer, and the database calls it took."""
    COMMANDS.sent.clear()
    status = client.raw.get(address).status_code
    return status, [f"{name} {about}" for name, about in COMMANDS.sent if about not in NOT_COUNTED]


def test_no_page_of_anybody_takes_more_than_a_dozen_database_calls(house: FullHouse) -> None:
    seen, broken, dear = set[str](), list[str](), list[str]()
    pages = {shape(spec.regex.pattern): guard_of(spec.handler_class, "get") for spec in all_routes()}
    for path, guard in pages.items():
        if guard is None:
            continue
        for address in addresses(house, path):
            for who, client in callers(house, guard):
                status, calls = calls_of(client, address)
                if status == 200:
                    seen.add(path)
                elif status >= 500:
                    broken.append(f"{address} for {who}: {status}")
                if len(calls) > MOST:
                    dear.append(f"{address} for {who} takes {len(calls)} calls: {', '.join(calls)}")
    read = {path for path, guard in pages.items() if guard is not None}
    assert not dear, "\n".join(dear)
    assert not broken, broken
    assert read - seen - ELSEWHERE.keys() == set(), "never answered with 200: say in STANDS or ASKED how it is opened"
    assert ELSEWHERE.keys() - read == set(), "no such route"
