"""The other side: one server that speaks every counterpart's protocol over HTTP and SMTP, with switchable faults.

Shares no code with the adapters it answers, beyond published constants. For trial and tests; never in production.
"""

from conf.settings import Settings


async def serve_sandbox(settings: Settings, port: int, smtp_port: int | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C. `smtp_port` defaults to the setting `mail_port`."""
    from adapters.sandbox.server import serve  # tornado and aiosmtpd only when the sandbox really runs

    await serve(settings, port=port, smtp_port=settings.mail_port if smtp_port is None else smtp_port)
