"""`/callbacks/<system>`: where counterparts tell us of their own accord; each call proves itself by its signature.

Which systems there are, how they sign and what their word changes stands in flows/incoming.py.
"""

from tornado.web import HTTPError

from conf.errors import NotFound, TooMany
from conf.terms import Channel
from handlers.base import BaseHandler
from handlers.flows import incoming
from handlers.flows.callbacks import CallbackRefused, receive
from handlers.guards import counterpart
from handlers.orders import wake

LARGEST_CALL = 64 << 10  # bytes
PER_MINUTE = 600


class Callbacks(BaseHandler):
    """One call of a counterpart: taken, or refused with 401; the answer is spelled as that system wants it."""

    channel = Channel.COUNTERPART  # type: ignore[assignment]

    def check_xsrf_cookie(self) -> None:
        """No browser calls here: the signature stands in place of a form token."""

    @counterpart
    async def post(self, system: str) -> None:
        wait = self.application.searches.hit(f"callback:{self.request.remote_ip}", PER_MINUTE, 60)
        if wait:
            raise TooMany(wait)
        known = incoming.system_of(self.adapters, system, self.sessions)
        if known is None:
            raise NotFound("no such counterpart")
        if len(self.request.body) > LARGEST_CALL:
            raise HTTPError(413)
        headers = dict(self.request.headers.get_all())
        trace = {**self.audit_context(), "who": "", "role": "counterpart"}
        try:
            await receive(
                self.store, known.reader, known.apply, system=system, headers=headers, body=self.request.body,
                skew=self.conf.callback_skew_seconds, now=self.clock(), trace=trace,
            )  # fmt: skip
        except CallbackRefused:
            self.set_status(401)
            self.finish(dict(known.reader.answer(taken=False)))
            return
        wake(self.application)
        self.finish(dict(known.reader.answer(taken=True)))


ROUTES = [(r"/callbacks/([a-z0-9-]{2,30})", Callbacks)]
