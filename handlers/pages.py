"""Pages of plain text (help, privacy, accessibility, about, site map) and the switch of type size."""

from handlers.base import BaseHandler
from handlers.guards import public
from views.contexts.texts import TEXTS, Text


class TextPage(BaseHandler):
    @public
    def get(self, name: str) -> None:
        self.show(Text(name=name, title=TEXTS[name]))


class TypeSize(BaseHandler):
    """Larger type (长辈版) for this browser; kept in a cookie that says nothing about the person."""

    @public
    def get(self) -> None:
        if self.text("size", max=10) == "large":
            self.set_visit_cookie("type", "large", days=365)
        else:
            self.clear_visit_cookie("type")
        self.go("/")


ROUTES = [
    (rf"/({'|'.join(TEXTS)})", TextPage),
    (r"/type", TypeSize),
]
