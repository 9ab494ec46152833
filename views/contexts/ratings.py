"""Context of the rating page (好差评)."""

from dataclasses import field

from conf.terms import Satisfaction
from store.records import Order, Rating
from views.contexts import Context, context
from views.filters import label

#: A level with its ready-made reasons: (value, name, ((code, text), …)).
Level = tuple[str, str, tuple[tuple[str, str], ...]]


@context
class RatingPage(Context):
    """Five levels, their reasons, room for words. `number` 1 is the rating, 2 the follow-up, 0: nothing left to say."""

    template = "pages/rating.html"
    order: Order
    given: tuple[Rating, ...]
    number: int
    is_rated: bool  # by the visitor; a default rating is nobody's word
    is_elsewhere: bool  # ratings are given on the platform's own page
    levels: tuple[Level, ...]
    satisfaction: str = ""
    tags: tuple[str, ...] = ()
    text: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def level_options(self) -> tuple[tuple[str, str, str], ...]:
        stars = {5: "★★★★★", 4: "★★★★☆", 3: "★★★☆☆", 2: "★★☆☆☆", 1: "★☆☆☆☆"}
        return tuple((value, name, stars[int(value)]) for value, name, _ in self.levels)

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """What was said before, for the follow-up and the end."""
        texts = {code: text for _, _, tags in self.levels for code, text in tags}
        rows = []
        for rating in self.given:
            words = [*(texts.get(code, code) for code in rating.tags), *([rating.text] if rating.text else [])]
            name = "系统默认" if rating.is_default else "首次评价" if rating.number == 1 else "追加评价"
            rows.append((name, "：".join(filter(None, (label(Satisfaction(rating.satisfaction)), "；".join(words))))))
        return tuple(rows)
