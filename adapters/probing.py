"""Whether each counterpart can be reached, its clock and certificate; asked by `check` and the inspection report."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from adapters.trust import trusted
from conf.clock import utc_now
from conf.errors import ProviderUnavailable
from conf.settings import Settings

Probe = Callable[[], Awaitable[str]]
#: A clock further off than signatures allow, a certificate that ends within this: for an operator to act on.
LEAST_DAYS = 14
_BREAKER = re.compile(r'^eqicha_breaker_open\{system="([^"]+)"\} (\S+)$', re.M)


def probes(settings: Settings, *, verify: ssl.SSLContext | None = None) -> dict[str, Probe]:
    """One probe per configured counterpart: returns one line, raises ProviderUnavailable when something is not well.

    `verify`: which certificates are trusted; the system's when None.
    """
    places = {
        "identity": settings.identity_url,
        "sms": settings.sms_url,
        "rating": settings.rating_url,
        "time-stamp": settings.tsa_url,
        "sharing": settings.sharing_url,
        "licence": settings.licence_url,
    }
    if settings.entry_shb_tasks:
        places["shb"] = settings.entry_shb_url
    if settings.entry_yst_tasks:
        places["yst"] = settings.entry_yst_url
    if settings.entry_shb_tasks or settings.entry_yst_tasks or settings.entry_portal_tasks:
        places["portal"] = settings.progress_url
    if settings.seal_provider == "platform":
        places["seal platform"] = settings.seal_url
    if settings.sms2_provider:
        places["sms2"] = settings.sms2_url
    found = {name: _web(name, url, settings, verify=verify) for name, url in places.items()}
    if settings.mail_host:
        found["mail"] = _mail("mail", settings.mail_host, settings.mail_port, settings.outside_connect_seconds)
    found["breakers"] = _breakers(settings)
    return found


def front_probe(settings: Settings) -> Probe | None:
    """Our own address as visitors reach it, through nginx: its certificate is ours to renew. None without TLS."""
    return _web("front", settings.base_url, settings, verify=None) if settings.is_secure else None


def _web(name: str, url: str, settings: Settings, *, verify: ssl.SSLContext | None) -> Probe:
    """Asks for the first page of the host: any answer shows that it is there, and what it takes for the time."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc}"

    async def reach() -> str:
        times = httpx.Timeout(settings.outside_total_seconds, connect=settings.outside_connect_seconds)
        try:
            async with (
                httpx.AsyncClient(
                    timeout=times, trust_env=False, follow_redirects=False, verify=verify or trusted()
                ) as client,
                client.stream("GET", f"{place}/") as answer,
            ):
                inside = answer.extensions["network_stream"].get_extra_info("ssl_object")
                days, off = _days_left(inside), _clock_off(answer.headers.get("date", ""))
        except (httpx.HTTPError, OSError) as fault:
            raise ProviderUnavailable(name, f"nothing answers at {place} ({type(fault).__name__})") from None
        if off is not None and abs(off) > settings.callback_skew_seconds:
            raise ProviderUnavailable(name, f"its clock differs by {off:+.0f} s: set one of the two right")
        if days is not None and days < LEAST_DAYS:
            raise ProviderUnavailable(name, f"its certificate ends in {days} days: have it renewed")
        clock = "tells no time" if off is None else f"clock {off:+.0f} s"
        return f"{place} answers, {clock}, " + ("no TLS" if days is None else f"certificate {days} days left")

    return reach


def _breakers(settings: Settings) -> Probe:
    """From the running service's own figures: a breaker is a matter of the process that calls out."""
    place = f"{settings.host}:{settings.port}"

    async def ask() -> str:
        try:
            async with httpx.AsyncClient(
                timeout=settings.outside_connect_seconds, trust_env=False, verify=trusted()
            ) as client:
                answer = await client.get(f"http://{place}/metrics", headers={"Host": settings.hosts.split(",")[0]})
        except httpx.HTTPError:
            return f"no service at {place}: nothing to tell"
        state = dict(_BREAKER.findall(answer.text))
        is_open = sorted(system for system, value in state.items() if float(value))
        if is_open:
            raise ProviderUnavailable("breakers", f"no calls go out to {', '.join(is_open)} until it answers again")
        return f"calls go out to {', '.join(sorted(state)) or 'nobody yet'}"

    return ask


def _clock_off(date: str) -> float | None:
    """Seconds their clock is ahead of ours by the Date header (RFC 9110 §6.6.1), None when they send none."""
    try:
        return (parsedate_to_datetime(date) - utc_now()).total_seconds()
    except (ValueError, TypeError):
        return None


def _days_left(inside: ssl.SSLObject | None) -> int | None:
    """Whole days the peer's certificate is still good for; None without TLS."""
    certificate = inside.getpeercert() if inside else None
    if not certificate:
        return None
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    return (ends - utc_now()).days


def _mail(name: str, host: str, port: int, seconds: float) -> Probe:
    async def reach() -> str:
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            raise ProviderUnavailable(name, f"nothing answers at {host}:{port}") from None
        writer.close()
        return f"{host}:{port} answers"

    return reach
