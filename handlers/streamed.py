"""A form whose body brings files and is taken in piece by piece; a class that ends it is `@stream_request_body`."""

from collections.abc import Mapping

from tornado.web import HTTPError

from conf.errors import Invalid, TooMany
from handlers.base import BaseHandler
from handlers.uploads import MOST_PARTS, Upload


class StreamedForm(BaseHandler):
    """Checked like every form, but after the body: the token stands in it.

    A refusal waits until the body is over: a browser that is still sending would not read it. A body larger than
    `most_read` bytes is cut off; up to there it is read, so that the visitor gets an answer that says what is wrong.
    """

    file_field, largest, most_parts, most_read = "file", 1 << 20, MOST_PARTS, 4 << 20
    upload: Upload | None = None
    refusal: Exception | None = None

    async def opened(self) -> Upload | None:
        """What takes the body in; None for whom the guard will refuse: nothing of it is kept. Raises TooMany,
        HTTPError 400 for a body that is no form.
        """
        kind = self.request.headers.get("Content-Type", "")
        return Upload(kind, file_name=self.file_field, largest=self.largest, most_parts=self.most_parts)

    def check_xsrf_cookie(self) -> None:
        """The token stands in the body, which comes later: `whole` checks it before anything is done."""

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method != "POST" or self._finished:
            return
        self.request.connection.set_max_body_size(self.most_read)  # type: ignore[union-attr]
        try:
            self.upload = await self.opened()
        except (TooMany, HTTPError) as fault:
            self.refusal = fault

    def data_received(self, chunk: bytes) -> None:
        if self.upload is None or self.refusal is not None:
            return
        try:
            self.upload.feed(chunk)
        except (Invalid, HTTPError) as fault:
            self.refusal = fault

    @property
    def fields(self) -> Mapping[str, str]:
        """The text that came, stripped, whatever became of the files: a form that is refused shows it again."""
        return {name: value.strip() for name, value in self.upload.fields.items()} if self.upload else {}

    def whole(self) -> Upload:
        """The body, once it is over. Raises what refused it, HTTPError 400 (cut off) or 403 (token)."""
        if self.refusal is not None or self.upload is None:
            raise self.refusal or HTTPError(400)
        self.upload.end()
        self.request.arguments["_xsrf"] = [self.upload.fields.get("_xsrf", "").encode()]
        super().check_xsrf_cookie()
        return self.upload
