"""Message templates: one for each notice, complete, with the names the flows give."""

import string

import pytest

from conf.terms import Notice
from conf.texts import all_texts, text_faults, text_of
from views.contexts.tuning import NOTICES


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


@pytest.mark.parametrize("notice", list(Notice))
def test_every_message_can_be_changed_while_the_service_runs(notice: Notice) -> None:
    text = text_of(notice)
    row = {"template": "TH-EQC-900", "sms": text.sms, "subject": text.subject, "mail": text.mail.strip()}
    assert text_faults(notice, row, signature="天河e企查") == {}
    assert notice in NOTICES, "and has a name on the staff page"


def test_a_template_number_belongs_to_one_message() -> None:
    text, other = text_of(Notice.COPY_READY), text_of(Notice.ORDER_REFUSED)
    row = {"template": other.template, "sms": text.sms, "subject": text.subject, "mail": text.mail.strip()}
    assert "另一种消息" in text_faults(Notice.COPY_READY, row, signature="天河e企查")["template"]
