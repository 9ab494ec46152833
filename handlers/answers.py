"""`POST /orders/{no}/answer`: a visitor's answer to a reviewer, with up to three files, taken in piece by piece."""

import unicodedata

from tornado.web import stream_request_body

from conf.errors import Conflict, Invalid, TooMany
from handlers.flows import supplements
from handlers.guards import signed_in
from handlers.orders import NO, OrderHandler
from handlers.streamed import StreamedForm
from handlers.uploads import Upload

FIRST, *MORE = supplements.FILES
LONGEST_TEXT = 8192  # bytes; the flow counts characters
PER_HOUR = 20


@stream_request_body
class Answer(StreamedForm, OrderHandler):
    """Text and files, as the order's page asks for them."""

    most_read = 5 * supplements.LARGEST_FILE

    async def opened(self) -> Upload | None:
        if self.account is None:
            return None
        wait = await self.limits.hit(f"answer:{self.account.id}", PER_HOUR, 3600)
        if wait:
            raise TooMany(wait)
        kind, largest = self.request.headers.get("Content-Type", ""), supplements.LARGEST_FILE
        return Upload(kind, file_name=FIRST, more=tuple(MORE), largest=largest, longest=LONGEST_TEXT)

    @signed_in
    async def post(self, no: str) -> None:
        assert self.account is not None  # by the guard
        await self.own_order(no)
        text = unicodedata.normalize("NFC", self.fields.get("answer", ""))
        try:
            upload = self.whole()
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


ROUTES = [(rf"/orders/{NO}/answer", Answer)]
