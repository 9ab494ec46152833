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
from adapters.identity.signout import SignOutNotices
from adapters.identity.tyrz import TyrzIdentity
from adapters.licence import LicenceProvider
from adapters.licence.platform import LicencePlatform
from adapters.mail import MailProvider
from adapters.mail.smtp import SmtpMail
from adapters.pdf import PdfEngine
from adapters.rating import RatingPage, RatingProvider
from adapters.rating.jump import JumpPage
from adapters.rating.national import NationalRating
from adapters.rating.told import RatingCalls
from adapters.seal import SealProvider
from adapters.sharing import SharingProvider
from adapters.sharing.gateway import GatewaySharing
from adapters.sms import first_access
from adapters.sms.gateway import GatewaySms
from adapters.sms.receipts import GatewayReceipts
from adapters.sms.routing import Route, RoutedSms, Rules
from adapters.sms.vendors import second_vendor
from conf.keys import Keys
from conf.settings import Settings, SettingsError

if TYPE_CHECKING:
    from adapters.seal.sm2 import Sm2Keys
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
    sharing: SharingProvider
    licence: LicenceProvider
    seal: SealProvider
    pdf: PdfEngine
    workshop: "Workshop"
    sm2: "Sm2Keys | None" = None
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
    from adapters.seal.sm2 import load_sm2
    from adapters.workshop import Workshop

    workshop = Workshop(settings.child_processes, settings.child_memory_mb)
    rating, sm2 = _rating(settings, observe), load_sm2(settings)  # these and the seal read files and may refuse
    seal = _seal(settings, workshop, observe)
    identity = TyrzIdentity(settings, observe=observe)
    sms = _sms(settings, observe)
    mail = SmtpMail(settings, observe=observe)
    entry, progress = AppTickets(settings, observe=observe), PortalProgress(settings, observe=observe)
    sharing, licence = GatewaySharing(settings, observe=observe), _licence(settings)
    reaching = (identity, sms, mail, rating, entry, progress, sharing, seal)
    return Adapters(
        identity=identity,
        sms=sms,
        mail=mail,
        rating=rating,
        entry=entry,
        progress=progress,
        sharing=sharing,
        licence=licence,
        seal=seal,
        pdf=_pdf_engine(settings, workshop),
        workshop=workshop,
        sm2=sm2,
        rating_page=JumpPage(settings) if _is_redirect(settings) else None,
        callbacks=_callbacks(settings) | {"licence": licence},
        lines=tuple(line for each in reaching for line in _lines(each)),
        closers=tuple(each.close for each in (*reaching, workshop) if hasattr(each, "close")),
    )


def _lines(adapter: Any) -> tuple[Line, ...]:
    """The lines out of one adapter: several, one, or none (a seal of our own)."""
    if hasattr(adapter, "lines"):
        return tuple(adapter.lines)
    return (adapter.line,) if hasattr(adapter, "line") else ()


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


def _seal(settings: Settings, workshop: "Workshop", observe: Observe) -> SealProvider:
    """Our own key, or the platform with its line out."""
    if settings.seal_provider == "platform":
        from adapters.seal.remote import RemoteSeal

        return RemoteSeal(settings, workshop, observe=observe)
    from adapters.seal.local import LocalSeal

    return LocalSeal(settings, workshop)


def _is_redirect(settings: Settings) -> bool:
    return settings.rating_style == "redirect"


def _callbacks(settings: Settings) -> dict[str, CallbackReader]:
    """Who may call us; the rating platform only where visitors rate on its own page."""
    readers: dict[str, CallbackReader] = {
        "sms": GatewayReceipts(first_access(settings)),
        "identity": SignOutNotices(settings.identity_notice_id, settings.identity_notice_token.get_secret_value()),
    }
    return readers | ({"rating": RatingCalls(settings)} if _is_redirect(settings) else {})


def _rating(settings: Settings, observe: Observe) -> NationalRating:
    try:
        return NationalRating(settings, observe=observe)
    except (OSError, ValueError) as fault:
        raise SettingsError([f"EQICHA_RATING_PLATFORM_KEY_FILE: {fault}"]) from None


def _licence(settings: Settings) -> LicencePlatform:
    try:
        return LicencePlatform(settings)
    except (OSError, ValueError) as fault:
        raise SettingsError([f"EQICHA_LICENCE_KEY_FILE: {fault}"]) from None


def _pdf_engine(settings: Settings, workshop: "Workshop") -> PdfEngine:
    if settings.pdf_engine == "wkhtmltopdf":
        from adapters.pdf.wkhtml import WkhtmlEngine

        return WkhtmlEngine(workshop)
    from adapters.pdf.weasy import WeasyEngine

    return WeasyEngine(workshop)
