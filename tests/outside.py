"""Fixtures of every test that speaks to outside systems: one event loop, a sandbox on free ports, adapters to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.entry import Progress
from adapters.entry.progress import PortalProgress
from adapters.entry.tickets import AppTickets
from adapters.identity.tyrz import TyrzIdentity
from adapters.mail.smtp import SmtpMail
from adapters.rating import RatingReport
from adapters.rating.national import NationalRating
from adapters.sandbox.server import Sandbox
from adapters.sharing.gateway import GatewaySharing
from adapters.sms.gateway import GatewaySms
from adapters.sms.routing import Route, RoutedSms, Rules
from adapters.sms.textline import TextlineSms
from conf.settings import Settings, load_settings
from conf.terms import Channel, EntryPoint, OrderStatus, Satisfaction

T = TypeVar("T")
Run = Callable[[Awaitable[Any]], Any]
__all__ = ["outside", "run", "runner", "sandbox", "sandbox_settings"]

#: Ends a test that would otherwise hang for ever; nothing is measured by it.
STUCK_SECONDS = 30


def routed(settings: Settings, *, both: bool = False) -> RoutedSms:
    """The first vendor alone, or both."""
    routes = [Route("sms", GatewaySms(settings), 3)]
    if both:
        routes.append(Route("sms2", TextlineSms(settings), 1))
    return RoutedSms(routes, Rules.of(settings))


@dataclass
class Outside:
    """The adapters that reach the network, as flows see them in `Adapters`."""

    identity: TyrzIdentity
    sms: RoutedSms
    mail: SmtpMail
    rating: NationalRating
    entry: AppTickets
    progress: PortalProgress
    sharing: GatewaySharing

    @classmethod
    def of(cls, settings: Settings) -> "Outside":
        return cls(
            TyrzIdentity(settings),
            routed(settings),
            SmtpMail(settings),
            NationalRating(settings),
            AppTickets(settings),
            PortalProgress(settings),
            GatewaySharing(settings),
        )

    async def close(self) -> None:
        everything = (self.identity, self.sms, self.mail, self.rating, self.entry, self.progress, self.sharing)
        for each in everything:
            await each.close()


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.fixture(scope="session")
def run(runner: asyncio.Runner) -> Run:
    async def awaited(work: Awaitable[T]) -> T:
        async with asyncio.timeout(STUCK_SECONDS):
            return await work

    return lambda work: runner.run(awaited(work))


@pytest.fixture
def sandbox(run: Run, var_dir: Path) -> Iterator[Sandbox]:
    """A fresh sandbox; slow means slower than the adapters under test wait."""
    box = run(Sandbox(load_settings(var_dir=var_dir), slow_seconds=1.0).start())
    yield box
    run(box.stop())


@pytest.fixture
def sandbox_settings(sandbox: Sandbox, var_dir: Path) -> Settings:
    """Settings of a service that speaks to the sandbox and has little patience."""
    return load_settings(var_dir=var_dir, outside_connect_seconds=0.3, outside_total_seconds=0.5, **sandbox.addresses)


@pytest.fixture
def outside(run: Run, sandbox_settings: Settings) -> Iterator[Outside]:
    async def opened() -> Outside:
        return Outside.of(sandbox_settings)

    adapters = run(opened())
    yield adapters
    run(adapters.close())


async def choose(address: str, person: str, **more: str) -> dict[str, str]:
    """What a browser does on the platform's page: choose a person; returns the query it comes back with."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    async with httpx.AsyncClient(trust_env=False, cookies={"sandbox_person": person} if more else None) as browser:
        page = await browser.get(address)
        assert page.status_code == 200, page.text
        back = await browser.post(address.partition("?")[0], data={**query, "person": person, **more})
    assert back.status_code == 302, back.text
    returned = urlsplit(back.headers["location"])
    return {name: values[0] for name, values in parse_qs(returned.query).items()}


def a_report(**changes: Any) -> RatingReport:
    """One rating as the flows would report it."""
    moment = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)
    values: dict[str, Any] = {
        "order_no": "TH20261120-ABC234",
        "task_name": "企业登记档案查询",
        "company_name": "广州样例有限公司",
        "visitor_name": "样例甲",
        "visitor_is_body": False,
        "id_number": "440106199001010011",
        "accepted_at": moment,
        "finished_at": moment,
        "channel": Channel.PC,
        "satisfaction": Satisfaction.GOOD,
        "tags": ("406",),
        "text": "",
        "rated_at": moment,
        "number": 1,
    }
    return RatingReport(**(values | changes))


async def opened_in(url: str, app: str, person: str, *, is_bound: bool = True, to: str = "/") -> str:
    """The address an app opens when its user taps the service: ours, with a fresh ticket. `url`: the sandbox."""
    asked = {"app": app, "person": person, "to": to, "bound": "yes" if is_bound else "no"}
    async with httpx.AsyncClient(trust_env=False) as phone:
        answer = await phone.get(f"{url}/apps/open", params=asked)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def ticket_of(url: str, app: str, person: str = "stranger", *, is_bound: bool = True) -> str:
    """A fresh ticket of an app for a sample person."""
    address = await opened_in(url, app, person, is_bound=is_bound)
    return parse_qs(urlsplit(address).query)["ticket"][0]


def a_step(status: OrderStatus = OrderStatus.SUBMITTED, **changes: Any) -> Progress:
    """One step of a case as the flows would tell it."""
    values: dict[str, Any] = {
        "order_no": "TH20261120-ABC234",
        "entry": EntryPoint.SHB,
        "task_code": "EQC-SHB-01",
        "provider": "tyrz",
        "subject": "sample-0001",
        "status": status,
        "at": datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC),
    }
    return Progress(**(values | changes))
