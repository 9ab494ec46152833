"""How the picture of a page leaves: from this process, or by nginx (X-Accel-Redirect); their handlers call `send`.

Each picture is drawn for the one who looks, so what nginx is handed is a file of its own under a name nobody can guess,
in a folder both reach (`EQICHA_ACCEL_DIR`, on tmpfs), which nginx serves to nobody by itself. It is gone in a minute.
"""

import asyncio
import os
import secrets
import time
from pathlib import Path

from conf.logs import get_log
from handlers.base import BaseHandler

log = get_log("web")

#: What nginx's internal location is called (docs/examples/nginx.conf).
LOCATION = "/internal/pictures/"
#: Seconds a file stays: nginx opens it at once, and goes on sending what it has opened when the name is gone.
KEPT, SWEPT_EVERY = 30.0, 10.0


class HandOver:
    """The folder between this service and nginx; all processes of a host share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Write one picture; returns its name. Raises OSError (full, not ours, not there). Blocks: call in a thread."""
        path = self.folder / f"{secrets.token_hex(16)}.picture"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            os.fchmod(descriptor, 0o640)  # whatever the umask: the folder's group, nginx's, reads it
            with os.fdopen(descriptor, "wb", closefd=False) as out:
                out.write(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return path.name

    def sweep(self, now: float) -> int:
        """Remove what was handed over longer than KEPT seconds before `now` (Unix time), of whichever process."""
        removed = 0
        for path in self.folder.glob("*.picture"):
            try:
                if path.stat().st_mtime < now - KEPT:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # another process was quicker
        return removed

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.sweep, time.time())
            except OSError as fault:
                log.warning("picture_handover_failed", fault=type(fault).__name__)
            await asyncio.sleep(SWEPT_EVERY)


async def send(handler: BaseHandler, content: bytes, media_type: str) -> None:
    """Answer with a picture nobody may keep. When the hand-over fails the picture is sent from here all the same."""
    handler.set_header("Cache-Control", "private, no-store")
    handler.set_header("Content-Type", media_type)
    hand_over: HandOver | None = handler.application.hand_over
    if hand_over is not None:
        try:
            name = await asyncio.to_thread(hand_over.put, content)
        except OSError as fault:
            log.warning("picture_handover_failed", fault=type(fault).__name__)
        else:
            handler.set_header("X-Accel-Redirect", LOCATION + name)
            handler.finish()
            return
    handler.set_header("Content-Length", len(content))
    handler.finish(content)
