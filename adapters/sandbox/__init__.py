"""The other side: one server that speaks every counterpart's protocol over HTTP and SMTP, with switchable faults.

Shares no code with the adapters it answers, beyond published constants. For trial and tests; never in production.
"""

from collections.abc import Mapping

from conf.settings import Settings


async def serve_sandbox(
    settings: Settings,
    port: int,
    smtp_port: int | None = None,
    *,
    registry: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. `smtp_port` defaults to the setting `mail_port`.

    `registry`: what the sharing platform knows, company fields by code.
    """
    from adapters.sandbox.server import serve  # tornado and aiosmtpd only when the sandbox really runs

    mail_port = settings.mail_port if smtp_port is None else smtp_port
    await serve(settings, port=port, smtp_port=mail_port, registry=registry or {})
