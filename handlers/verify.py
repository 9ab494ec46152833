"""Verifying a copy by its code, its file or one page's QR code; and the public key that signs page codes."""

from typing import Any

from tornado.web import stream_request_body

from conf.errors import Invalid, TooMany
from handlers.base import BaseHandler
from handlers.flows import verifying
from handlers.flows.audit_files import published_key
from handlers.flows.verdicts import Verification
from handlers.flows.verifying import LARGEST_FILE
from handlers.guards import public
from handlers.streamed import StreamedForm
from handlers.uploads import Upload
from views.contexts.verify import Verdict, VerifyForm

TITLE = "验真伪"


class VerifyHandler(BaseHandler):
    """What the verify pages share: the limit, and one way to show an answer."""

    async def count(self) -> None:
        """One verification more from this address. Raises TooMany."""
        wait = await self.limits.hit(f"verify:{self.request.remote_ip}", self.conf.verify_per_minute, 60)
        if wait:
            raise TooMany(wait)

    def show_verdict(self, answer: Verification) -> None:
        verdict = Verdict(**{name: getattr(answer, name) for name in Verdict.__slots__})
        self.show(VerifyForm(title=TITLE, verdict=verdict))


class Verify(VerifyHandler):
    """`/verify` and `/verify?code=`"""

    @public
    async def get(self) -> None:
        code = self.text("code", max=100)
        if not code:
            self.show(VerifyForm(title=TITLE))
            return
        await self.count()
        known = {"now": self.clock(), "trace": self.audit_context(), "sm2": self.adapters.sm2}
        self.show_verdict(await verifying.by_code(self.store, code, **known))


@stream_request_body
class VerifyFile(StreamedForm, VerifyHandler):
    """`/verify/file`: the PDF itself, taken in piece by piece."""

    largest, most_read = LARGEST_FILE, 4 * LARGEST_FILE

    async def opened(self) -> Upload | None:
        await self.count()
        return await super().opened()

    @public
    async def post(self) -> None:
        try:
            upload = self.whole()
            if not upload.file:
                raise Invalid({"file": "请先选择要核验的 PDF 文件。"})
        except Invalid as fault:
            self.show(VerifyForm(title=TITLE, errors=fault.fields), status=422)
            return
        self.show_verdict(
            await verifying.by_file(
                self.store,
                self.adapters,
                upload.file,
                keys=self.keys,
                now=self.clock(),
                trace=self.audit_context(),
                sm2=self.adapters.sm2,
            )
        )


class VerifyPage(VerifyHandler):
    """`/p/{claim}`: the address in the QR code of every page."""

    @public
    async def get(self, claim: str) -> None:
        await self.count()
        known = {"now": self.clock(), "trace": self.audit_context(), "sm2": self.adapters.sm2}
        self.show_verdict(await verifying.by_claim(self.store, claim, keys=self.keys, **known))


class ClaimKeys(BaseHandler):
    """`/.well-known/eqicha-keys.json`: with it anyone can check a page's QR code without asking us."""

    @public
    async def get(self) -> None:
        keys: dict[str, Any] = verifying.published_keys(self.keys)
        self.set_header("Cache-Control", "public, max-age=3600")
        self.finish(keys)


class AuditKey(BaseHandler):
    """`/.well-known/eqicha-audit-key.json`: the key that signs the audit, for whoever checks a proof of one event."""

    @public
    def get(self) -> None:
        self.set_header("Cache-Control", "public, max-age=3600")
        self.finish(published_key(self.keys))


ROUTES = [
    (r"/verify", Verify),
    (r"/verify/file", VerifyFile),
    (r"/p/([A-Za-z0-9_-]{1,400})", VerifyPage),
    (r"/\.well-known/eqicha-keys\.json", ClaimKeys),
    (r"/\.well-known/eqicha-audit-key\.json", AuditKey),
]
