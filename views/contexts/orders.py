"""Contexts of the order form, one order's page and the list of a visitor's orders."""

from dataclasses import field
from datetime import datetime

from conf.consent import Consent
from conf.refusals import APPEAL, refusal_of
from conf.terms import CopyStatus, OrderStatus, Outcome, PurposeCode
from store.records import Copy, Decision, Order, OrderItem, Question
from store.records.work import Task
from views.contexts import Context, context
from views.contexts.tasks import KINDS, told
from views.contexts.terms import last_day
from views.filters import label, minute

HAS_COPY = frozenset({OrderStatus.READY, OrderStatus.DOWNLOADED, OrderStatus.RATED})
#: States after which nothing changes by itself; the page stops asking.
FINAL = HAS_COPY | {OrderStatus.REFUSED, OrderStatus.FAILED, OrderStatus.EXPIRED}
CLOSED = "这份复制件现在不能下载。如仍需要，请重新申请。"
SAYS = {
    OrderStatus.SUBMITTED: "申请已收到，正在核对。",
    OrderStatus.UNDER_REVIEW: "工作人员正在审核，有结果时会发短信通知您。您可以先离开本页。",
    OrderStatus.PERMITTED: "已经同意，正在排队制作复制件。",
    OrderStatus.SEALING: "正在制作复制件并加盖电子印章，一般不超过一分钟。",
    OrderStatus.READY: "复制件已经盖章，可以下载。",
    OrderStatus.DOWNLOADED: "复制件已经下载，在下载期内可以再次下载。",
    OrderStatus.RATED: "感谢您的评价。复制件在下载期内可以再次下载。",
    OrderStatus.REFUSED: "这份申请未予同意。",
    OrderStatus.FAILED: "复制件没有制作成功，工作人员已经收到提示。请重新申请，或联系登记机关档案窗口。",
    OrderStatus.EXPIRED: "复制件的下载期已过。如仍需要，请重新申请。",
}
REMEDY = "请按上述理由补充后重新申请；对结果有异议的，可以向登记机关咨询或依法申请行政复议。"


@context
class OrderForm(Context):
    """The form between choosing papers and an order; shown again with `errors` (field → sentence)."""

    template = "pages/order_form.html"
    uscc: str
    company_name: str
    items: tuple[OrderItem, ...]
    with_extract: bool
    page_count: int
    decision: Decision
    due_at: datetime | None
    purposes: tuple[PurposeCode, ...]
    purpose: str
    statement: str
    licence_no: str
    firm: str
    case_summary: str
    promised: bool
    consent: Consent
    is_consented: bool
    request_key: str
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def purpose_options(self) -> tuple[tuple[str, str], ...]:
        return tuple((code.value, label(code)) for code in self.purposes)

    @property
    def needs_review(self) -> bool:
        return self.decision.outcome == Outcome.REVIEW

    @property
    def review_until(self) -> datetime | None:
        return last_day(self.due_at)

    @property
    def offers_lawyer(self) -> bool:
        return PurposeCode.LEGAL_SERVICE in self.purposes

    @property
    def is_lawyer(self) -> bool:
        fields = {"licence_no", "firm", "case_summary", "promised"}
        return self.purpose == PurposeCode.LEGAL_SERVICE or bool(fields & set(self.errors))


@context
class OrderPage(Context):
    """One order of the visitor. The block `order` is what the page fetches again until the order is final."""

    template = "pages/order.html"
    fragment = "order"
    order: Order
    copy: Copy | None
    now: datetime
    is_rateable: bool
    is_rated: bool  # by the visitor; a default rating is nobody's word
    address: str  # of this page, for the phone of a visitor who stands at a kiosk
    answer: str = ""  # what was typed into an answer that came back
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        return self.order.status in FINAL

    def title_of(self, item: OrderItem) -> str:
        """A lawyer reads a paper's title once a person has permitted it, not by merely asking."""
        asks_as_lawyer = self.order.purpose.code == PurposeCode.LEGAL_SERVICE
        is_open = item.document_id in self.order.document_ids_permitted
        return "档案材料" if asks_as_lawyer and not is_open else item.document_title

    @property
    def is_refused(self) -> bool:
        return self.order.status == OrderStatus.REFUSED

    @property
    def delay(self) -> int:
        """Seconds until the block asks again: short while machines work, long while a person does."""
        return 20 if self.order.status == OrderStatus.UNDER_REVIEW else 1

    @property
    def is_waiting_again(self) -> bool:
        """A counterpart was away; the order stays in line and is tried again."""
        return bool(self.order.fault) and self.order.status in (OrderStatus.PERMITTED, OrderStatus.SEALING)

    @property
    def can_download(self) -> bool:
        if self.copy is None or self.order.status not in HAS_COPY:
            return False
        return self.copy.status == CopyStatus.VALID and self.now < self.copy.download_until

    @property
    def says(self) -> str:
        """Where the order stands, in a sentence."""
        if self.order.status in HAS_COPY and not self.can_download:
            return CLOSED
        if self.question is not None:
            return "审核人员请您补充说明或材料，请在本页答复。等候您答复的时间不计入审核期限。"
        return SAYS[self.order.status]

    @property
    def question(self) -> Question | None:
        """What the reviewer asks for now; None when nothing is open."""
        asked = self.order.status == OrderStatus.UNDER_REVIEW and self.order.review.waits_until is not None
        return self.order.review.questions[-1] if asked else None

    @property
    def answered(self) -> tuple[Question, ...]:
        return tuple(each for each in self.order.review.questions if each.answered_at is not None)

    @property
    def answer_until(self) -> datetime | None:
        return last_day(self.question.until) if self.question else None

    @property
    def remedy(self) -> str:
        """What would change a refusal: what goes with the reason given, then the general way."""
        reason = refusal_of(self.order.refusal_id)
        return f"{reason.remedy}{APPEAL}" if reason else REMEDY

    @property
    def rating_label(self) -> str:
        return "追加评价" if self.is_rated else "评价本次服务"

    @property
    def size(self) -> str:
        """Size of the file for the button: 3.2 MB."""
        size = self.copy.size if self.copy else 0
        return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, size // 1000)} KB"

    @property
    def copy_rows(self) -> tuple[tuple[str, str], ...]:
        copy = self.copy
        if copy is None:
            return ()
        until = (("下载截止", minute(copy.download_until)),) if self.can_download else ()
        return (
            ("复制件编号", copy.no),
            ("页数", f"{len(copy.pages)} 页"),
            ("出具时间", minute(copy.issued_at)),
            *until,
            ("核验有效期至", minute(copy.valid_until)),
        )

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        order = self.order
        statement = f"：{order.purpose.statement}" if order.purpose.statement else ""
        term = (("审核期限", f"{minute(last_day(order.due_at))} 前"),) if order.due_at else ()
        return (
            ("申请编号", order.no),
            ("统一社会信用代码", order.uscc),
            ("申请人", order.requester_masked),
            ("用途", f"{label(order.purpose.code)}{statement}"),
            *term,
        )

    def left_out(self, document_id: str) -> bool:
        """Asked for, and not among what was permitted."""
        permitted = self.order.document_ids_permitted
        return bool(permitted) and document_id not in permitted

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """The way of an order as (name, "done" | "now" | "later")."""
        reviewed = any(step.status == OrderStatus.UNDER_REVIEW for step in self.order.history)
        names = ["提交申请", *(["人工审核"] if reviewed else []), "制作盖章", "下载"]
        sealing = len(names) - 2
        at = {
            OrderStatus.SUBMITTED: 0,
            OrderStatus.UNDER_REVIEW: 1,
            OrderStatus.REFUSED: 1,
            OrderStatus.PERMITTED: sealing,
            OrderStatus.SEALING: sealing,
            OrderStatus.FAILED: sealing,
            OrderStatus.READY: sealing + 1,
        }.get(self.order.status, len(names))
        return tuple((name, "done" if n < at else "now" if n == at else "later") for n, name in enumerate(names))


@context
class PrintPage(Context):
    """A kiosk's page around the file of one order."""

    template = "pages/print_copy.html"
    order: Order

    @property
    def file(self) -> str:
        return f"/orders/{self.order.no}/print/copy"


@context
class Orders(Context):
    """A batch of the visitor's orders, newest first; `after` is the cursor of the next batch, "" at the end."""

    template = "pages/orders.html"
    fragment = "batch"
    orders: tuple[Order, ...]
    after: str
    is_first: bool
    tasks: tuple[Task, ...] = ()  # on the first page: what the visitor asked of the archive itself

    def task_name(self, task: Task) -> str:
        """A paper by its kind: a visitor may have been told no more."""
        return f"{KINDS[task.kind]}：{task.document_kind}" + (f" 第 {task.page} 页" if task.page else "")

    def task_state(self, task: Task) -> tuple[str, str]:
        return told(task)
