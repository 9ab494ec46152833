"""Who looked into the dossier: shown to the company itself, signed in, and to nobody else."""

from conf.clock import day_given
from conf.errors import Invalid
from conf.terms import IdentityLevel
from handlers.base import BaseHandler
from handlers.companies import USCC
from handlers.flows.lookers import who_looked
from handlers.guards import signed_in
from views.contexts.lookers import LookersPage


class Lookers(BaseHandler):
    """`/companies/{uscc}/lookers?before=2026-11-21`: visits, newest first, by kind of inquirer; absent to others."""

    @signed_in(level=IdentityLevel.L0)
    async def get(self, uscc: str) -> None:
        assert self.account is not None  # @signed_in proved it
        try:
            before = day_given(day) if (day := self.text("before", max=10)) else None
        except ValueError:
            raise Invalid({"before": "日期无效，请从第一页重新开始。"}) from None
        looks = await who_looked(
            self.store, self.conf, uscc, self.account, now=self.clock(), before=before, trace=self.audit_context()
        )
        self.show(
            LookersPage(
                title="谁查阅过本企业档案",
                company=looks.company,
                visits=looks.visits,
                before=looks.before,
                is_first=before is None,
                organs_after_days=None if self.conf.looker_silent_organs else self.conf.looker_delay_days,
            )
        )


ROUTES = [(rf"/companies/{USCC}/lookers", Lookers)]
