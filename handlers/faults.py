"""Named faults as answers: status, words for the visitor, headers. Used by the base handler's `write_error` alone."""

from http.client import responses
from typing import Any

from tornado.web import HTTPError

from conf.errors import (
    Conflict,
    EqichaError,
    Forbidden,
    IntegrityFault,
    Invalid,
    NotFound,
    ProviderRejected,
    ProviderUnavailable,
    SignInNeeded,
    StoreUnavailable,
    TooMany,
    WorkFault,
)
from views.contexts.errors import Fault

STATUS: dict[type[EqichaError], int] = {
    NotFound: 404,
    Forbidden: 403,
    SignInNeeded: 401,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    IntegrityFault: 500,
    StoreUnavailable: 503,
    WorkFault: 503,
    ProviderRejected: 502,
    ProviderUnavailable: 503,
}
#: Title, what happened, what to do.
WORDS: dict[int, tuple[str, str, str]] = {
    400: ("请求内容有误", "系统没有看懂这次请求。", "请返回上一页重新填写；如果是点链接进来的，请从首页重新查找。"),
    401: ("请先登录", "这一步需要登录后办理。", "请通过广东省统一身份认证平台登录。"),
    403: ("不能办理", "您目前不能进行这项操作。", "请刷新页面后重试；如仍有疑问，请看“帮助”或致电咨询。"),
    404: ("没有找到这个页面", "您要看的内容不存在，或者已经不在这里。", "请检查地址，或从首页重新查找企业。"),
    405: ("不支持这种操作", "这个地址不支持这种操作。", "请从首页重新开始。"),
    409: ("状态已经变化", "您操作时，这项业务已经有了新的进展。", "请刷新页面，查看最新状态后再继续。"),
    413: ("内容太大", "提交的内容超过了允许的大小。", "请减小文件后重试。"),
    422: ("填写的内容需要修改", "有些内容没有填对。", "请按提示修改后重新提交。"),
    429: ("操作太频繁", "短时间内操作次数过多。", "请稍候再试。"),
    500: (
        "系统出了点问题",
        "系统没有完成这次操作，您的资料没有丢失。",
        "请稍后再试；如多次出现，请把下面的编号告诉工作人员。",
    ),
    502: (
        "对接系统没有受理",
        "对接的外部系统没有受理这次请求。",
        "请稍后再试；如多次出现，请把下面的编号告诉工作人员。",
    ),
    503: ("服务繁忙", "系统暂时忙不过来，您已提交的内容不会丢失。", "请稍后再试。"),
}


def status_of(fault: BaseException | None, otherwise: int) -> int:
    """HTTP status of a named fault; `otherwise` for anything else."""
    for kind in type(fault).__mro__ if fault else ():
        if kind in STATUS:
            return STATUS[kind]
    return otherwise


def is_expected(fault: BaseException | None) -> bool:
    """A fault that is an answer, not a breakdown: nothing to log as an error."""
    return isinstance(fault, EqichaError | HTTPError) and status_of(fault, 400) < 500


def headers_of(fault: BaseException | None) -> dict[str, str]:
    """Extra headers a fault brings along."""
    if isinstance(fault, TooMany):
        return {"Retry-After": str(max(1, fault.retry_after))}
    return {"Retry-After": "10"} if isinstance(fault, ProviderUnavailable | StoreUnavailable | WorkFault) else {}


def page_of(fault: BaseException | None, status: int, *, request_id: str) -> Fault:
    """The page of one fault. Words of a decision or of input faults are the visitor's own; no inner text gets out."""
    title, says, remedy = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    extra: dict[str, Any] = {}
    if isinstance(fault, Forbidden) and fault.decision is not None:
        says, remedy = fault.decision.says, fault.decision.remedy
        extra["ground"] = fault.decision.ground
    if isinstance(fault, Invalid):
        extra["fields"] = tuple(fault.fields.items())
    if isinstance(fault, TooMany):
        remedy = f"请在 {max(1, fault.retry_after)} 秒后再试。"
    return Fault(status=status, title=title, says=says, remedy=remedy, request_id=request_id, **extra)


def body_of(page: Fault) -> dict[str, Any]:
    """The same fault for a program."""
    code = responses.get(page.status, "Error").lower().replace(" ", "_")
    fields = {"fields": dict(page.fields)} if page.fields else {}
    return {"error": {"code": code, "message": page.says, "request_id": page.request_id} | fields}
