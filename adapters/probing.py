"""Whether each counterpart can be reached; asked by `eqicha.py check`, never by a request."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from conf.errors import ProviderUnavailable
from conf.settings import Settings

Probe = Callable[[], Awaitable[str]]
_PORTS = {"http": 80, "https": 443}


def probes(settings: Settings) -> dict[str, Probe]:
    """One probe per configured counterpart: returns one line, raises ProviderUnavailable when nothing answers there."""
    places = {
        "identity": _place(settings.identity_url),
        "sms": _place(settings.sms_url),
        "rating": _place(settings.rating_url),
        "time-stamp": _place(settings.tsa_url),
    }
    if settings.seal_provider == "platform":
        places["seal platform"] = _place(settings.seal_url)
    if settings.sms2_provider:
        places["sms2"] = _place(settings.sms2_url)
    if settings.mail_host:
        places["mail"] = (settings.mail_host, settings.mail_port)
    return {name: _probe(name, *place, settings.outside_connect_seconds) for name, place in places.items()}


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _probe(name: str, host: str, port: int, seconds: float) -> Probe:
    async def reach() -> str:
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            raise ProviderUnavailable(name, f"nothing answers at {host}:{port}") from None
        writer.close()
        return f"{host}:{port} answers"

    return reach
