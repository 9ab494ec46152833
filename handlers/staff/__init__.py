"""Pages of our own people: reached from listed networks only, with a session cookie of their own."""

from tornado.web import HTTPError

from conf.rights import Action, may
from conf.terms import Channel
from handlers.doors import DoorHandler
from handlers.flows.staffing import OUR_PEOPLE
from handlers.guards import within
from store.records import Staff


class StaffHandler(DoorHandler):
    """Base of every staff page, the sign-in pages included."""

    is_staff_area, own_cookie = True, "staff"
    door, door_channel = OUR_PEOPLE, Channel.STAFF
    signin_title = "工作台登录"
    signin_note = "仅限登记机关工作人员在指定网络内使用，登录与操作均有记录。"

    async def prepare(self) -> None:
        """From any other network the area answers 403, whoever asks."""
        if not within(self.request.remote_ip or "", self.conf.staff_networks):
            raise HTTPError(403)
        await super().prepare()
        if self.needs_password:
            self.go("/staff/password")

    @property
    def holder(self) -> Staff | None:
        return self.staff

    def first_page(self, person: Staff) -> str:
        """The queue for those who decide it, else the desk."""
        return "/staff/orders" if may(person.roles, Action.ORDERS_REVIEW) else "/staff"
