"""Message templates (conf/texts.toml) by id; read by flows/notices and, as first approved, by the SMS sandbox."""

import re
import string
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conf.live import live
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


def all_texts() -> tuple[Text, ...]:
    """Every text as it counts now: what was approved in place of the file's."""
    changed = live().texts
    return tuple(
        _text(text.notice, dict(changed[text.notice.value])) if text.notice.value in changed else text
        for text in file_texts()
    )


@cache
def file_texts() -> tuple[Text, ...]:
    """Every text of the file; raises at first use when a Notice has none."""
    rows = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
    return tuple(_text(notice, rows[notice.value]) for notice in Notice)


#: Values as long as real ones, to measure a text by.
SAMPLE = {
    "order_no": "TH20261121-7K3M9Q",
    "task_no": "TK20261121-7K3M9Q",
    "loan_no": "JY20261121-7K3M9Q",
    "until": "11月28日18:00",
    "code": "123456",
}


def text_faults(notice: Notice, row: dict[str, str], *, signature: str) -> dict[str, str]:
    """What stands against a changed text, by field: its places must stay, and the SMS must fit into one part."""
    before = next(text for text in file_texts() if text.notice is notice)
    faults, sms = {}, row.get("sms", "")
    if not re.fullmatch(r"[A-Z0-9-]{4,32}", row.get("template", "")):
        faults["template"] = "请填写短信平台批准的模板编号（大写字母、数字和 -）。"
    elif any(text.template == row["template"] for text in all_texts() if text.notice is not notice):
        faults["template"] = "这个模板编号已用于另一种消息，请填写本消息自己的模板编号。"
    if names_in(sms) != before.sms_names:
        faults["sms"] = (
            "占位符必须与原来的相同：" + "、".join(f"${{{name}}}" for name in sorted(before.sms_names)) + "。"
        )
    elif re.search(r"https?:|www\.|【|】", sms):
        faults["sms"] = "短信中不能有网址，也不能有【】。"
    elif sms_parts(f"【{signature}】{string.Template(sms).substitute(SAMPLE)}") > 1:
        faults["sms"] = f"连同签名和内容最多 {ONE_PART} 个字，请缩短。"
    for name, most in (("subject", 80), ("mail", 2000)):
        words, usual = row.get(name, ""), getattr(before, name)
        if bool(words) != bool(usual) or len(words) > most:
            faults[name] = f"请填写，最多 {most} 个字。" if usual else "这条消息不发邮件。"
        elif not names_in(words) <= before.sms_names:
            faults[name] = "有不认识的占位符。"
    return faults


def names_in(words: str) -> frozenset[str]:
    """Placeholders of a text; a lone `$` counts as one that is not known."""
    template = string.Template(words)
    return frozenset(template.get_identifiers()) | (frozenset() if template.is_valid() else frozenset({"$"}))


def _text(notice: Notice, row: dict[str, str]) -> Text:
    return Text(notice=notice, **(row | ({"mail": row["mail"].strip() + "\n"} if row.get("mail") else {})))


def text_by_template(template: str) -> Text | None:
    """The text approved under this id, or None; an older id may still be on its way out."""
    return next((text for text in (*all_texts(), *file_texts()) if text.template == template), None)


def text_of(notice: Notice) -> Text:
    """The text of one notice."""
    return next(text for text in all_texts() if text.notice is notice)


def sms_parts(text: str) -> int:
    """Messages the network sends for `text`, signature included: characters beyond the BMP count twice."""
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    return 1 if units <= ONE_PART else -(-units // LONG_PART)
