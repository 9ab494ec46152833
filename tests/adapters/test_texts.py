"""Message templates: one for each notice, complete, with the names the flows give."""

import string

from conf.terms import Notice
from conf.texts import all_texts, text_of


def test_every_notice_has_a_text_with_a_template_of_its_own() -> None:
    assert [text.notice for text in all_texts()] == list(Notice)
    assert len({text.template for text in all_texts()}) == len(Notice)
    assert text_of(Notice.COPY_READY).sms_names == {"order_no", "until"}


def test_mail_and_sms_ask_for_the_same_values() -> None:
    for text in all_texts():
        in_mail = set(string.Template(text.mail).get_identifiers()) | set(
            string.Template(text.subject).get_identifiers()
        )
        assert in_mail <= text.sms_names, text.notice
        assert "\n" not in text.subject + text.sms
