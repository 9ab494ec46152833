"""For operators and load balancers: is it alive, is it ready, what does it count."""

from tornado.web import RequestHandler

from handlers.base import BaseHandler
from handlers.guards import operator, public


class Health(BaseHandler):
    """The process answers. Looks at nothing else."""

    def prepare(self) -> None:  # type: ignore[override]
        """No session, no database: only the process itself is asked."""

    @public
    def get(self) -> None:
        self.finish({"status": "ok"})


class Ready(Health):
    """503 while draining or while the database has no primary; the probe runs beside, never per request."""

    @public
    def get(self) -> None:
        parts = self.application.readiness()
        self.set_status(200 if all(parts.values()) else 503)
        self.finish({"ready": all(parts.values()), "parts": parts})


class Figures(Health):
    @operator
    async def get(self) -> None:
        metrics = self.application.metrics
        await metrics.read_store(self.store)
        metrics.read_lines(self.adapters.lines)
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(metrics.text())


#: Asked every second by machines: kept out of the access log.
QUIET: tuple[type[RequestHandler], ...] = (Health, Ready, Figures)

ROUTES = [
    (r"/healthz", Health),
    (r"/readyz", Ready),
    (r"/metrics", Figures),
]
