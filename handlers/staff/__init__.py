"""Pages of our own people: reached from listed networks only, with a session cookie of their own."""

from tornado.web import HTTPError

from handlers.base import BaseHandler
from handlers.guards import within

#: Open to those who still have the password they were given.
WITH_FIRST_PASSWORD = ("/staff/password", "/staff/signout", "/staff/signin", "/staff/signin/code")


class StaffHandler(BaseHandler):
    """Base of every staff page, the sign-in pages included."""

    is_staff_area = True

    async def prepare(self) -> None:
        """From any other network the area answers 403, whoever asks."""
        if not within(self.request.remote_ip or "", self.conf.staff_networks):
            raise HTTPError(403)
        await super().prepare()
        if self.staff is not None and self.staff.must_change and self.request.path not in WITH_FIRST_PASSWORD:
            self.go("/staff/password")
