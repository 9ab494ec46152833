"""Message templates (conf/texts.toml) by id; read by flows/notices and, as the approved ones, by the SMS sandbox."""

import string
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conf.terms import Notice

ONE_PART, LONG_PART = 70, 67  # UCS-2 units an SMS carries alone, and in each part of a longer text


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """One message in its two forms, or by SMS only. Placeholders are `${name}`."""

    notice: Notice
    template: str  # id at the SMS platform
    sms: str
    subject: str = ""  # of a text that also goes by mail
    mail: str = ""

    @property
    def sms_names(self) -> frozenset[str]:
        """Placeholders of the SMS; the platform refuses any other set of values."""
        return frozenset(string.Template(self.sms).get_identifiers())

    def sms_text(self, values: dict[str, str], *, signature: str) -> str:
        """The whole SMS as it arrives, 【signature】 first; raises KeyError when a value is missing."""
        return f"【{signature}】{string.Template(self.sms).substitute(values)}"

    def mail_text(self, values: dict[str, str]) -> tuple[str, str]:
        """Subject and body with the values put in; raises KeyError when one is missing."""
        return string.Template(self.subject).substitute(values), string.Template(self.mail).substitute(values)


@cache
def all_texts() -> tuple[Text, ...]:
    """Every text; raises at first use when a Notice has none."""
    rows = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
    return tuple(_text(notice, rows[notice.value]) for notice in Notice)


def _text(notice: Notice, row: dict[str, str]) -> Text:
    return Text(notice=notice, **(row | ({"mail": row["mail"].strip() + "\n"} if "mail" in row else {})))


def text_by_template(template: str) -> Text | None:
    """The text approved under this id, or None."""
    return next((text for text in all_texts() if text.template == template), None)


def text_of(notice: Notice) -> Text:
    """The text of one notice."""
    return next(text for text in all_texts() if text.notice is notice)


def sms_parts(text: str) -> int:
    """Messages the network sends for `text`, signature included: characters beyond the BMP count twice."""
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    return 1 if units <= ONE_PART else -(-units // LONG_PART)
