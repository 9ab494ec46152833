"""The e-seal platform as our seal: chosen by `seal_provider = platform`. Described in docs/protocols/eseal.md.

Every sealing asks first what the platform already holds under our number, so that a lost answer, another process or a
restart never makes a second seal. What comes back is handed out only after a child found it to be our own document
with the expected seal and nothing else.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from adapters import tif
from adapters.base import Answer, Observe, observe_nothing, open_web
from adapters.seal import Place, SealCheck, Sealed, SealOffer
from adapters.seal.jobs import SealExpected, SealFound, check_sealed, inspect_pdf
from adapters.seal.offers import offer_of, readiness
from adapters.seal.pki import seal_roots
from adapters.seal.positions import to_platform
from adapters.workshop import Workshop
from conf.clock import Clock, utc_now
from conf.errors import ProviderRejected, ProviderUnavailable, WorkFault
from conf.logs import get_log
from conf.settings import Settings

SYSTEM = "seal"
MOST_BYTES = 96 << 20  # the largest sealed file that is taken
GROWTH_BYTES = 4 << 20  # what a seal may add: pictures, certificates, time-stamps, room for the signature
CHECK_SECONDS = 60
REQUESTS = 3  # ask, send, fetch

#: Refusals of this very document: no repeat and nobody at our desk mends them. All others are tried again.
FINAL_CODES = {
    "3001": "not a document that can be sealed",
    "3002": "the word the seal belongs on is not in the document",
    "3003": "the place of the seal is outside the document",
    "3004": "another document was sealed under this number",
    "3005": "document too large",
}
AGAIN_CODES = {
    "2001": "signature refused",
    "2002": "clock or nonce refused",
    "2003": "no such seal for this application",
    "2004": "seal out of use",
    "2099": "busy",
}

log = get_log("seal")


class RemoteSeal:
    """SealProvider over the platform. Nothing unchecked ever leaves `sign`."""

    def __init__(
        self,
        settings: Settings,
        workshop: Workshop,
        *,
        clock: Clock = utc_now,
        observe: Observe = observe_nothing,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises SettingsError when the roots that seals must go back to will not do."""
        self._workshop, self._clock, self._roots = workshop, clock, seal_roots(settings)
        self._url, self._seal_id = settings.seal_url.rstrip("/"), settings.seal_id
        self._app, self._key = settings.seal_app_id, settings.seal_app_key
        self._is_production = settings.is_production
        self.line = open_web(
            SYSTEM, settings, observe=observe, transport=transport, requests=REQUESTS, most_bytes=MOST_BYTES
        )
        self._under_way: dict[str, asyncio.Task[Sealed]] = {}

    async def seals(self) -> tuple[SealOffer, ...]:
        """The seals this application may use. Raises ProviderUnavailable."""
        async with self.line.call("seals"):
            answer = _said(await self.line.send("GET", f"{self._url}/seals", headers=self._signed()))
            return tuple(
                offer_of(base64.b64decode(seal["certificate"]), seal_id=str(seal["seal_id"]), name=str(seal["name"]))
                for seal in answer["seals"]
            )

    async def sign(self, pdf: bytes, *, place: Place, reason: str, biz_no: str, certificate: str = "") -> Sealed:
        """Sealed by the platform and checked. Callers asking at once for one `biz_no` get one seal.

        `certificate`: fingerprint from our register; without one there is no seal. Raises ProviderUnavailable (also
        when what came back is not what we asked for: the platform's people must look) or ProviderRejected.
        """
        if len(pdf) + GROWTH_BYTES > MOST_BYTES:
            raise ProviderRejected(SYSTEM, FINAL_CODES["3005"])
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
        """Our seal at the platform: subject, serial and days left; raises when it is not there or has ended."""
        offers = await self.seals()
        mine = next((offer for offer in offers if offer.seal_id == self._seal_id), None)
        if mine is None:
            raise ProviderUnavailable(SYSTEM, f"the platform offers no seal {self._seal_id}")
        return readiness(mine, now=self._clock(), is_production=self._is_production)

    async def close(self) -> None:
        """Close the kept connections."""
        await self.line.close()

    async def _sign(self, pdf: bytes, place: Place, reason: str, biz_no: str, *, certificate: str) -> Sealed:
        source = await asyncio.to_thread(_sha256, pdf)
        order = {
            "seal_id": self._seal_id,
            "biz_no": biz_no,
            "reason": reason,
            "sha256": source,
            "positions": [to_platform(place)],
        }
        async with self.line.call("sign", biz_no):
            held = await self._held(biz_no) or await self._sent(pdf, order)
            if held["source_sha256"] != source:
                log.error("seal_refused", biz_no=biz_no, kind="document", fault="sealed from another document")
                raise ProviderRejected(SYSTEM, FINAL_CODES["3004"])
            sealed = await self._fetched(str(held["doc_id"]), biz_no, most_bytes=len(pdf) + GROWTH_BYTES)
        expected = SealExpected(roots=self._roots, certificate=certificate, place=place)
        return await self._checked(pdf, sealed, expected, biz_no)

    async def _held(self, biz_no: str) -> dict[str, Any] | None:
        """What the platform already sealed under our number: asked before anything is sent."""
        answer = _said(
            await self.line.send(
                "GET",
                f"{self._url}/documents",
                reference=biz_no,
                params={"biz_no": biz_no},
                headers=self._signed(),
            )
        )
        for document in answer["documents"]:
            if document["biz_no"] == biz_no:
                return dict(document)
        return None

    async def _sent(self, pdf: bytes, order: Mapping[str, Any]) -> dict[str, Any]:
        words = base64.b64encode(json.dumps(order, ensure_ascii=False).encode()).decode()
        headers = self._signed() | {"Content-Type": "application/pdf", "x-seal-order": words}
        reply = await self.line.send(
            "POST", f"{self._url}/documents", reference=order["biz_no"], content=pdf, headers=headers
        )
        return dict(_said(reply)["document"])

    async def _fetched(self, doc_id: str, biz_no: str, *, most_bytes: int) -> bytes:
        if not doc_id.isascii() or not doc_id.replace("-", "").isalnum():  # it becomes part of an address
            raise ValueError("doc_id")
        reply = await self.line.send(
            "GET",
            f"{self._url}/documents/{doc_id}/file",
            reference=biz_no,
            headers=self._signed(),
            most_bytes=most_bytes,
        )
        if reply.media_type != "application/pdf":
            _said(reply)
            raise TypeError("no PDF")
        return reply.body

    async def _checked(self, pdf: bytes, sealed: bytes, expected: SealExpected, biz_no: str) -> Sealed:
        """The file, once a child found nothing wrong with it."""
        try:
            found: SealFound = await self._workshop.run(
                check_sealed, pdf, sealed, expected, seconds=CHECK_SECONDS, pool="large"
            )
        except WorkFault as fault:
            raise ProviderUnavailable(SYSTEM, fault.reason) from None
        check = found.check
        if check is None or check.signed_at is None:
            log.error("seal_refused", biz_no=biz_no, kind=found.kind, fault=found.fault)
            raise ProviderUnavailable(SYSTEM, f"what came back is not our document with our seal: {found.fault}")
        return Sealed(
            pdf=sealed,
            sha256=await asyncio.to_thread(_sha256, sealed),
            signed_at=check.signed_at,
            cert_sn=check.cert_sn,
            signer=check.signer,
            fingerprint=check.fingerprint,
        )

    def _signed(self) -> dict[str, str]:
        now: datetime = self._clock()
        return tif.sign(self._app, self._key.get_secret_value(), now=now)


def _said(reply: Answer) -> dict[str, Any]:
    """The answer of a call that was taken, or the fault its code stands for."""
    answer = reply.json()
    code = str(answer["code"])
    if code in FINAL_CODES:
        raise ProviderRejected(SYSTEM, FINAL_CODES[code])
    if code != "0":
        raise ProviderUnavailable(SYSTEM, AGAIN_CODES.get(code, "unknown code"))
    return answer


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
