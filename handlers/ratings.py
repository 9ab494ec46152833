"""The rating page of an order, and the way to the platform's own page where visitors rate there."""

from typing import Any

from conf.errors import Conflict, Invalid
from conf.rating_tags import TAGS
from conf.terms import Channel, Satisfaction
from handlers.base import BaseHandler
from handlers.flows import rating_reports, ratings
from handlers.guards import signed_in
from handlers.orders import NO, wake
from views.contexts.ratings import Level, RatingPage
from views.filters import label


class RatingHandler(BaseHandler):
    """What both addresses share."""

    @property
    def platform(self) -> Any:
        """The platform's own page, or None: a kiosk keeps our form, its browser must not wander off with a name."""
        return None if self.channel is Channel.KIOSK else getattr(self.adapters, "rating_page", None)


class RateOrder(RatingHandler):
    """`/orders/{no}/rating`"""

    @signed_in
    async def get(self, no: str) -> None:
        await self._page(no)

    @signed_in
    async def post(self, no: str) -> None:
        assert self.account is not None  # by the guard
        satisfaction = self.text("satisfaction", max=1)
        try:
            await ratings.rate(
                self.store,
                self.account,
                no,
                number=_number(self.text("number", max=1)),
                satisfaction=_number(satisfaction),
                tags=self.texts(f"tags{satisfaction}", max_each=8),
                text=self.text("text", max=600),
                channel=self.channel,
                now=self.clock(),
                trace=self.audit_context(),
            )
        except Invalid as fault:
            await self._page(no, errors=fault.fields)
        except Conflict:  # sent twice: the first one counts
            self.go(f"/orders/{no}/rating")
        else:
            wake(self.application)
            self.go(f"/orders/{no}/rating")

    async def _page(self, no: str, *, errors: dict[str, str] | None = None) -> None:
        assert self.account is not None  # by the guard
        invitation = await ratings.invite(self.store, self.account, no)
        satisfaction = self.text("satisfaction", max=1)
        self.show(
            RatingPage(
                title="评价本次服务",
                order=invitation.order,
                given=invitation.given,
                number=invitation.number,
                is_rated=invitation.is_rated,
                is_elsewhere=self.platform is not None,
                levels=tuple(_level(one) for one in sorted(Satisfaction, reverse=True)),
                satisfaction=satisfaction,
                tags=self.texts(f"tags{satisfaction}", max_each=8),
                text=self.text("text", max=600),
                errors=errors or {},
            ),
            status=422 if errors else 200,
        )


class RateAtPlatform(RatingHandler):
    """`/orders/{no}/rating/platform`: off to the platform's page, with the case in the address."""

    @signed_in
    async def get(self, no: str) -> None:
        assert self.account is not None  # by the guard
        invitation = await ratings.invite(self.store, self.account, no)
        if self.platform is None or not invitation.number:
            self.go(f"/orders/{no}/rating")
            return
        visit = await rating_reports.visit_of(
            self.store,
            self.account,
            invitation.order,
            number=invitation.number,
            now=self.clock(),
            trace=self.audit_context(),
        )
        self.leave(self.platform.address(visit))


def _number(text: str) -> int:
    return int(text) if text in set("12345") else 0


def _level(one: Satisfaction) -> Level:
    return str(int(one)), label(one), tuple(TAGS[one].items())


ROUTES = [(rf"/orders/{NO}/rating", RateOrder), (rf"/orders/{NO}/rating/platform", RateAtPlatform)]
