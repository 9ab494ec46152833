"""The trial set's database under var/mongo: `make sample`, `make check` … run one command against it.

With EQICHA_MONGO_URL set, that database is used and nothing is started.
usage: python -m setup.trial eqicha.py COMMAND …
"""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from setup.mongod import OPTIONS, Mongod

ROOT = Path(__file__).resolve().parent.parent
PORT = 27117


def var_dir() -> Path:
    return Path(os.environ.get("EQICHA_VAR_DIR") or ROOT / "var")


def answers(port: int) -> bool:
    """Whether something listens on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def trial_database() -> Iterator[str]:
    """Address of the database to use; starts the embedded one unless it runs already, and stops what it started."""
    given = os.environ.get("EQICHA_MONGO_URL")
    if given:
        yield given
    elif answers(PORT):
        yield f"mongodb://127.0.0.1:{PORT}/?replicaSet=rs0&{OPTIONS}"
    else:
        server = Mongod(var_dir() / "mongo", PORT).start()
        try:
            yield server.url
        finally:
            server.stop()


def main() -> int:
    with trial_database() as url:
        return subprocess.call([sys.executable, *sys.argv[1:]], cwd=ROOT, env=os.environ | {"EQICHA_MONGO_URL": url})


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
