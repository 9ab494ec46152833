"""Pages of our own people: reached from listed networks only, with a session cookie of their own."""

from tornado.web import HTTPError

from handlers.base import BaseHandler
from handlers.guards import within


class StaffHandler(BaseHandler):
    """Base of every staff page, the sign-in pages included."""

    is_staff_area = True

    async def prepare(self) -> None:
        """From any other network the area answers 403, whoever asks."""
        if not within(self.request.remote_ip or "", self.conf.staff_networks):
            raise HTTPError(403)
        await super().prepare()
