"""Contexts of the first page and of search results; made by handlers/search.py."""

from conf.terms import CompanyStatus
from store.records import Hit
from store.records.tuned import FrontNotice
from views.contexts import Context, context


@context
class Home(Context):
    template = "pages/home.html"
    title: str = "查企业登记档案"
    notices: tuple[FrontNotice, ...] = ()


@context
class Results(Context):
    """One batch of hits for `q`; `more` is the address of the next batch or ""."""

    template = "pages/results.html"
    fragment = "results"
    title: str = "查找企业"
    q: str
    hits: tuple[Hit, ...] = ()
    problem: str = ""  # "" | too_short | too_broad
    more: str = ""
    is_first: bool = True

    @property
    def says(self) -> str:
        """The one sentence a screen reader hears."""
        if not self.q:
            return "请输入企业名称、代码或法定代表人姓名。"
        if self.problem == "too_short":
            return "输入的内容太短。"
        if self.problem == "too_broad":
            shown = f"下面是最接近的 {len(self.hits)} 家，" if self.hits else ""
            return f"符合的企业太多，{shown}请再加几个字缩小范围。"
        if not self.hits:
            return "没有找到符合的企业。" if self.is_first else "没有更多了。"
        if self.more or not self.is_first:
            return f"本批 {len(self.hits)} 家企业" + ("，后面还有。" if self.more else "，已全部列出。")
        return f"找到 {len(self.hits)} 家企业。"

    @property
    def has_ended(self) -> bool:
        """Are any of the hits no longer in being? Then a word on what that means is shown."""
        return any(hit.status is not CompanyStatus.ACTIVE for hit in self.hits)


@context
class Batch(Results):
    """A further batch for htmx: only its lines and the next "more"."""

    fragment = "batch"
