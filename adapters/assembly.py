"""Opens every adapter the settings name; called once a process by eqicha.py, closed by it at the end."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.base import Line, Observe, observe_nothing
from adapters.callbacks import CallbackReader
from adapters.entry import EntryProvider, ProgressProvider
from adapters.entry.progress import PortalProgress
from adapters.entry.tickets import AppTickets
from adapters.identity import IdentityProvider
from adapters.identity.tyrz import TyrzIdentity
from adapters.mail import MailProvider
from adapters.mail.smtp import SmtpMail
from adapters.pdf import PdfEngine
from adapters.rating import RatingPage, RatingProvider
from adapters.rating.jump import JumpPage
from adapters.rating.national import NationalRating
from adapters.rating.told import RatingCalls
from adapters.seal import SealProvider
from adapters.sms import first_access
from adapters.sms.gateway import GatewaySms
from adapters.sms.receipts import GatewayReceipts
from adapters.sms.routing import Route, RoutedSms, Rules
from adapters.sms.vendors import second_vendor
from conf.keys import Keys
from conf.settings import Settings, SettingsError

if TYPE_CHECKING:
    from adapters.workshop import Workshop

Closer = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """Everything outside, behind Protocols. `keys` signs page claims; `workshop` runs CPU work in child processes."""

    identity: IdentityProvider
    sms: RoutedSms
    mail: MailProvider
    rating: RatingProvider
    entry: EntryProvider
    progress: ProgressProvider
    seal: SealProvider
    pdf: PdfEngine
    workshop: "Workshop"
    #: The platform's own rating page, in the redirect style.
    rating_page: RatingPage | None = None
    #: How each system that may call us proves itself, by its name in the address /callbacks/<name>.
    callbacks: Mapping[str, CallbackReader] = field(default_factory=dict)
    #: Every line out, for `check`, staff and metrics.
    lines: tuple[Line, ...] = ()
    closers: tuple[Closer, ...] = ()

    async def close(self) -> None:
        """Close connections and child processes; nothing may be asked of the adapters afterwards."""
        for closer in self.closers:
            await closer()


async def open_adapters(settings: Settings, keys: Keys, *, observe: Observe = observe_nothing) -> Adapters:
    """Raises SettingsError naming what cannot be opened. `observe` is the metrics hook of adapters/base.py."""
    # the heavy libraries (pyHanko, WeasyPrint) are loaded when adapters are opened, not when a module is named
    from adapters.seal.local import LocalSeal
    from adapters.workshop import Workshop

    workshop = Workshop(settings.child_processes, settings.child_memory_mb)
    seal, rating = LocalSeal(settings, workshop), _rating(settings, observe)  # these read files and may refuse
    identity = TyrzIdentity(settings, observe=observe)
    sms = _sms(settings, observe)
    mail = SmtpMail(settings, observe=observe)
    entry, progress = AppTickets(settings, observe=observe), PortalProgress(settings, observe=observe)
    return Adapters(
        identity=identity,
        sms=sms,
        mail=mail,
        rating=rating,
        entry=entry,
        progress=progress,
        seal=seal,
        pdf=_pdf_engine(settings, workshop),
        workshop=workshop,
        rating_page=JumpPage(settings) if _is_redirect(settings) else None,
        callbacks=_callbacks(settings),
        lines=(
            identity.line,
            *(route.provider.line for route in sms.routes),
            mail.line,
            rating.line,
            *entry.lines,
            progress.line,
        ),
        closers=(identity.close, sms.close, mail.close, rating.close, entry.close, progress.close, workshop.close),
    )


def _sms(settings: Settings, observe: Observe) -> RoutedSms:
    """The vendors of the settings; a second one is a module of adapters/sms, taken by its name."""
    routes = [Route("sms", GatewaySms(settings, observe=observe), settings.sms_weight)]
    if settings.sms2_provider:
        try:
            vendor = second_vendor(settings.sms2_provider)
        except LookupError as fault:
            raise SettingsError([f"EQICHA_SMS2_PROVIDER: {fault}"]) from None
        routes.append(Route("sms2", vendor(settings, observe=observe), settings.sms2_weight))
    return RoutedSms(routes, Rules.of(settings))


def _is_redirect(settings: Settings) -> bool:
    return settings.rating_style == "redirect"


def _callbacks(settings: Settings) -> dict[str, CallbackReader]:
    """Who may call us; the rating platform only where visitors rate on its own page."""
    readers: dict[str, CallbackReader] = {"sms": GatewayReceipts(first_access(settings))}
    return readers | ({"rating": RatingCalls(settings)} if _is_redirect(settings) else {})


def _rating(settings: Settings, observe: Observe) -> NationalRating:
    try:
        return NationalRating(settings, observe=observe)
    except (OSError, ValueError) as fault:
        raise SettingsError([f"EQICHA_RATING_PLATFORM_KEY_FILE: {fault}"]) from None


def _pdf_engine(settings: Settings, workshop: "Workshop") -> PdfEngine:
    if settings.pdf_engine == "wkhtmltopdf":
        from adapters.pdf.wkhtml import WkhtmlEngine

        return WkhtmlEngine(workshop)
    from adapters.pdf.weasy import WeasyEngine

    return WeasyEngine(workshop)
