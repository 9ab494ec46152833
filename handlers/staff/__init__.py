"""Pages of our own people: reached from listed networks only, with a session cookie of their own."""

from tornado.web import HTTPError

from handlers.base import BaseHandler
from handlers.flows.staffing import is_expired
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
        if self.staff is None or self.request.path in WITH_FIRST_PASSWORD:
            return
        if self.staff.must_change or is_expired(self.staff, self.conf.staff_password_days, self.clock()):
            self.go("/staff/password")
