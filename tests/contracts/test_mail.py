"""What every MailProvider promises (adapters/mail), against a real SMTP server."""

import pytest

from adapters.mail import MailProvider
from adapters.mail.smtp import SmtpMail
from adapters.sandbox.server import Sandbox
from adapters.sandbox.smtp import UNKNOWN_ADDRESS
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from tests.outside import Run


@pytest.fixture(params=[SmtpMail])
def mail(request: pytest.FixtureRequest, sandbox_settings: Settings) -> MailProvider:
    return request.param(sandbox_settings)


def send(run: Run, mail: MailProvider, **changes: str) -> str:
    values = {
        "to": "visitor@example.com",
        "subject": "登记档案查询件已办好",
        "text": "您好：\n单号 TH1\n",
        "reference": "TH1.mail",
    }
    return run(mail.send(**(values | changes)))


def test_a_mail_arrives_with_its_chinese_whole(run: Run, sandbox: Sandbox, mail: MailProvider) -> None:
    number = send(run, mail, subject="查询件𠮷已办好", text="䶮㛃𠮷\n" * 30)
    (kept,) = sandbox.state.received["mail"]
    assert kept["key"] == number == "<TH1.mail@eqicha.example>"
    assert (kept["to"], kept["subject"]) == (["visitor@example.com"], "查询件𠮷已办好")
    assert kept["text"].replace("\r\n", "\n") == "䶮㛃𠮷\n" * 30


def test_the_same_reference_again_is_the_same_mail(run: Run, sandbox: Sandbox, mail: MailProvider) -> None:
    assert send(run, mail) == send(run, mail)
    assert len(sandbox.state.received["mail"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"to": UNKNOWN_ADDRESS},
        {"to": "nobody"},
        {"to": "a@example.com\r\nBcc: b@example.com"},
        {"to": ""},
        {"subject": "a\r\nBcc: b@example.com"},
    ],
)
def test_what_no_repeat_will_mend_is_rejected(
    run: Run, sandbox: Sandbox, mail: MailProvider, changes: dict[str, str]
) -> None:
    with pytest.raises(ProviderRejected):
        send(run, mail, **changes)
    assert sandbox.state.received["mail"] == []


def test_nobody_listening_means_again_later(run: Run, sandbox_settings: Settings, sandbox: Sandbox) -> None:
    values = dict(sandbox_settings) | {"mail_port": 9}
    with pytest.raises(ProviderUnavailable):
        send(run, SmtpMail(load_settings(**values)))


def test_switched_off_says_so(run: Run, sandbox_settings: Settings) -> None:
    values = dict(sandbox_settings) | {"mail_host": ""}
    with pytest.raises(ProviderRejected, match="EQICHA_MAIL_HOST"):
        send(run, SmtpMail(load_settings(**values)))
