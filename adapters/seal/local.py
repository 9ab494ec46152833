"""The local e-seal: a key we hold (PKCS#12 or PKCS#11) applied by pyHanko; chosen by `seal_provider=local`."""

import asyncio

from adapters.seal import Place, SealCheck, Sealed, SealOffer, SealPlace
from adapters.seal.jobs import SealJob, SealOutcome, certificate_der, inspect_pdf, seal_pdf
from adapters.seal.offers import offer_of, readiness
from adapters.seal.picture import seal_picture
from adapters.seal.pki import seal_files, seal_roots
from adapters.workshop import Workshop
from conf.clock import utc_now
from conf.errors import ProviderRejected, ProviderUnavailable, WorkFault
from conf.logs import get_log
from conf.settings import Settings

SYSTEM = "seal"
_SECONDS = 60  # the longest a sealing may take in its child

log = get_log("seal")


class LocalSeal:
    """SealProvider over our own key. Nothing unsealed ever leaves `sign`: it returns a checked file or raises."""

    def __init__(self, settings: Settings, workshop: Workshop) -> None:
        """Reads the seal files (in development: makes them). Raises SettingsError naming each that will not do."""
        self._workshop = workshop
        self._is_production, self._roots = settings.is_production, seal_roots(settings)
        self._seal_id, self._name = settings.seal_id, settings.seal_name
        self._job = SealJob(
            files=seal_files(settings),
            picture=str(seal_picture(settings)),
            tsa_url=settings.tsa_url,
            connect_seconds=settings.outside_connect_seconds,
            total_seconds=settings.outside_total_seconds,
        )
        self._under_way: dict[str, asyncio.Task[Sealed]] = {}

    async def seals(self) -> tuple[SealOffer, ...]:
        """The one seal we hold the key of."""
        try:
            der = await self._workshop.run(certificate_der, self._job.files, pool="large")
        except WorkFault as fault:
            raise ProviderUnavailable(SYSTEM, fault.reason) from None
        return (offer_of(der, seal_id=self._seal_id, name=self._name),)

    async def sign(self, pdf: bytes, *, place: Place, reason: str, biz_no: str, certificate: str = "") -> Sealed:
        """PAdES B-LTA, certified against changes, checked before it is handed out.

        Callers asking at once for one `biz_no` get one seal. Raises ProviderUnavailable or ProviderRejected; the
        latter for a place given by keyword or seam, which only a platform offers.
        """
        if not isinstance(place, SealPlace):
            raise ProviderRejected(SYSTEM, "the local seal is placed by coordinates only")
        task = self._under_way.get(biz_no)
        if task is None:
            task = asyncio.create_task(self._sign(pdf, place, reason, biz_no, certificate=certificate))
            self._under_way[biz_no] = task
            task.add_done_callback(lambda _: self._under_way.pop(biz_no, None))
        return await asyncio.shield(task)

    async def check(self, pdf: bytes) -> SealCheck:
        """What a validator finds; a stranger's file is parsed in a child of its own. WorkFault when it is killed."""
        return await self._workshop.run(inspect_pdf, pdf, self._roots, seconds=20, pool="intake")

    async def ready(self) -> str:
        """Certificate subject, serial and days left; ProviderUnavailable when key or certificate cannot be used."""
        (offer,) = await self.seals()
        return readiness(offer, now=utc_now(), is_production=self._is_production)

    async def _sign(self, pdf: bytes, place: SealPlace, reason: str, biz_no: str, *, certificate: str) -> Sealed:
        try:
            outcome = await self._workshop.run(seal_pdf, pdf, self._job, place, reason, seconds=_SECONDS, pool="large")
        except WorkFault as fault:
            raise ProviderUnavailable(SYSTEM, fault.reason) from None
        if outcome.fault:
            log.warning("seal_failed", biz_no=biz_no, fault=outcome.fault, final=outcome.final)
            raise (ProviderRejected if outcome.final else ProviderUnavailable)(SYSTEM, outcome.fault)
        if certificate and outcome.fingerprint != certificate:
            log.error("seal_failed", biz_no=biz_no, fault="another certificate than the register's", final=False)
            raise ProviderUnavailable(SYSTEM, "our key's certificate is not the one in the seal register")
        return _sealed(outcome)


def _sealed(outcome: SealOutcome) -> Sealed:
    assert outcome.signed_at is not None
    return Sealed(
        pdf=outcome.pdf,
        sha256=outcome.sha256,
        signed_at=outcome.signed_at,
        cert_sn=outcome.cert_sn,
        signer=outcome.signer,
        fingerprint=outcome.fingerprint,
    )
