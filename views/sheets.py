"""The sheets of a copy as HTML, and the words of its watermark; handed to the sealing flow by the front door."""

from conf.clock import beijing
from store.records import Company, CopyIssue, Order
from views.contexts.print import certificate, extract_sheet
from views.filters import label
from views.render import render


class PrintSheets:
    """What `handlers/flows/sealing.py: Sheets` asks for, drawn from our templates."""

    def certificate(self, order: Order, company: Company, issue: CopyIssue) -> str:
        """HTML of the certificate sheet."""
        return render(certificate(order, company, issue))

    def extract(self, company: Company, issue: CopyIssue) -> str:
        """HTML of the machine-readable extract."""
        return render(extract_sheet(company, issue))

    def watermark(self, order: Order, issue: CopyIssue) -> str:
        """仅供<用途>使用 · 查询人 · 单号 · 时间, as on every page."""
        sample = "样例 · " if issue.is_sample else ""
        return (
            f"{sample}仅供{label(order.purpose.code)}使用 · 查询人 {order.requester_masked} · {order.no} · "
            f"{beijing(issue.issued_at):%Y-%m-%d %H:%M}"
        )
