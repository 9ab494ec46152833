"""Contexts of the plain text pages; the words stand in `views/pages/texts/`."""

from views.contexts import Context, context

TEXTS = {
    "help": "帮助",
    "privacy": "隐私政策",
    "accessibility": "无障碍说明",
    "about": "关于与联系我们",
    "sitemap": "网站地图",
}


@context
class Text(Context):
    """One of TEXTS."""

    template = "pages/text.html"
    name: str
