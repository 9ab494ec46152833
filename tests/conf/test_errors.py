"""Errors: what is raised in a child process arrives whole in the parent."""

import pickle

import pytest
import structlog

from conf.errors import EqichaError, Invalid, NotFound, ProviderRejected, ProviderUnavailable, TooMany, WorkFault

FAULTS = (
    ProviderRejected("sms", "number unknown"),
    ProviderUnavailable("tsa", "no answer"),
    Invalid({"code": "请输入验证码"}),
    TooMany(30),
    WorkFault("文件已损坏"),
    NotFound("nothing"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_error_survives_the_way_out_of_a_child(fault: EqichaError) -> None:
    arrived = pickle.loads(pickle.dumps(fault))
    assert type(arrived) is type(fault)
    assert (str(arrived), arrived.__dict__) == (str(fault), fault.__dict__)


def test_a_traceback_in_the_console_log_shows_no_local_values() -> None:
    import io

    from conf.logs import get_log, setup_logs

    out = io.StringIO()
    listener = setup_logs(style="console", level="info", stream=out)
    holder = "某位来访者的姓名"
    try:
        raise ValueError("broken")
    except ValueError:
        get_log("test").error("request_failed", exc_info=True)
    listener.stop()
    structlog.reset_defaults()
    assert "request_failed" in out.getvalue()
    assert "ValueError: broken" in out.getvalue()
    assert holder not in out.getvalue()
