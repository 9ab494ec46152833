"""`POST /orders/{no}/answer`: a visitor's answer to a reviewer, with up to three files, taken in piece by piece."""

import unicodedata

from tornado.web import HTTPError, stream_request_body

from conf.errors import Conflict, Invalid, TooMany
from handlers.flows import supplements
from handlers.guards import signed_in
from handlers.orders import NO, OrderHandler
from handlers.uploads import Upload

FIRST, *MORE = supplements.FILES
#: A larger body is cut off; up to here it is read, so that the visitor gets an answer that says what is wrong.
MOST_READ = 5 * supplements.LARGEST_FILE
LONGEST_TEXT = 8192  # bytes; the flow counts characters
PER_HOUR = 20


@stream_request_body
class Answer(OrderHandler):
    """Checked like every form, but after the body: the token stands in it."""

    upload: Upload | None = None
    refusal: Exception | None = None

    def check_xsrf_cookie(self) -> None:
        """The token stands in the body, which comes later: `post` checks it before anything is done."""

    async def prepare(self) -> None:
        """A refusal waits until the body is over: a browser that is still sending would not read it."""
        await super().prepare()
        self.request.connection.set_max_body_size(MOST_READ)  # type: ignore[union-attr]
        try:
            if self.account is None:
                return  # the guard says so once the body is over; nothing of it is kept
            wait = await self.limits.hit(f"answer:{self.account.id}", PER_HOUR, 3600)
            if wait:
                raise TooMany(wait)
            content_type = self.request.headers.get("Content-Type", "")
            largest = supplements.LARGEST_FILE
            self.upload = Upload(content_type, file_name=FIRST, more=tuple(MORE), largest=largest, longest=LONGEST_TEXT)
        except (TooMany, HTTPError) as fault:
            self.refusal = fault

    def data_received(self, chunk: bytes) -> None:
        if self.upload is None or self.refusal is not None:
            return
        try:
            self.upload.feed(chunk)
        except (Invalid, HTTPError) as fault:
            self.refusal, self.upload = fault, None

    @signed_in
    async def post(self, no: str) -> None:
        assert self.account is not None  # by the guard
        await self.own_order(no)
        text = ""
        try:
            upload = self._whole()
            text = unicodedata.normalize("NFC", upload.fields.get("answer", "")).strip()
            await supplements.answer(
                self.store, self.adapters.workshop, self.account, no, text=text, files=upload.files, now=self.clock(),
                trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self.show_order(no, status=422, errors=fault.fields, answer=text)
        except Conflict:
            await self.show_order(no, status=409)
        else:
            self.go(f"/orders/{no}")

    def _whole(self) -> Upload:
        if self.refusal is not None or self.upload is None:
            raise self.refusal or HTTPError(400)
        self.upload.end()
        self.request.arguments["_xsrf"] = [self.upload.fields.get("_xsrf", "").encode()]
        super().check_xsrf_cookie()
        return self.upload


ROUTES = [(rf"/orders/{NO}/answer", Answer)]
