"""A whole service of its own on free ports: mongod, sandbox and `eqicha.py serve` as real processes.

Used by the browser journeys, the crash tests and the benches. Everything lives under one temporary folder.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from setup.mongod import Mongod, free_port

ROOT = Path(__file__).resolve().parent.parent


class TrialSet:
    """Start with `up()`, stop with `down()`; `kill_service()` and `start_service()` for what survives a crash."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.mongod = Mongod(folder / "mongo")
        self.port, self.sandbox_port, self.smtp_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self._extra = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        box = self.sandbox_url
        values: dict[str, object] = {
            "port": self.port,
            "base_url": self.url,
            "mongo_url": self.mongod.url,
            "var_dir": self.folder / "var",
            "identity_url": f"{box}/tyrz/pscp/sso/connect/page/oauth2",
            "identity_logout_url": f"{box}/tyrz/_tif_sso_logout_/",
            "sms_url": f"{box}/sms",
            "sms2_url": f"{box}/textline",
            "rating_url": f"{box}/hcp",
            "rating_page_url": f"{box}/hcp/page",
            "tsa_url": f"{box}/tsa",
            "seal_url": f"{box}/eseal",
            "entry_shb_url": f"{box}/shb",
            "entry_yst_url": f"{box}/yst",
            "progress_url": f"{box}/portal",
            "sharing_url": f"{box}/sharing",
            "licence_url": f"{box}/licence",
            "mail_port": self.smtp_port,
            "log_format": "json",
        } | self._extra
        ours = {f"EQICHA_{name.upper()}": str(value) for name, value in values.items()}
        rest = {name: value for name, value in os.environ.items() if not name.startswith("EQICHA_")}
        return rest | ours

    def up(self, *, companies: int = 60, dossiers: int = 6, seed: int = 1) -> "TrialSet":
        self.mongod.start()
        self.start_sandbox()
        if companies:
            self.command("sample", "--companies", str(companies), "--dossiers", str(dossiers), "--seed", str(seed))
        self.start_service()
        return self

    def down(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self.mongod.stop()

    def start_sandbox(self) -> None:
        self._start("sandbox", "sandbox", "--port", str(self.sandbox_port), "--smtp-port", str(self.smtp_port))
        self._wait(f"{self.sandbox_url}/", "sandbox")

    def start_identity(self, name: str, base_url: str) -> dict[str, str]:
        """A sandbox of its own that knows us under another address; the settings that lead there for signing in."""
        port, smtp_port = free_port(), free_port()
        self._start(name, "sandbox", "--port", str(port), "--smtp-port", str(smtp_port), EQICHA_BASE_URL=base_url)
        box = f"http://127.0.0.1:{port}"
        self._wait(f"{box}/", name)
        return {
            "identity_url": f"{box}/tyrz/pscp/sso/connect/page/oauth2",
            "identity_logout_url": f"{box}/tyrz/_tif_sso_logout_/",
        }

    def start_service(self, name: str = "service", *, port: int = 0, **settings: object) -> str:
        """Start one process of the service, on a port of its own when given; returns its address."""
        extra = {f"EQICHA_{key.upper()}": str(value) for key, value in settings.items()}
        if port:
            extra["EQICHA_PORT"] = str(port)
        url = f"http://127.0.0.1:{port or self.port}"
        self._start(name, "serve", **extra)
        self._wait(f"{url}/readyz", name)
        return url

    def end_service(self, name: str = "service", seconds: float = 60) -> int:
        """SIGTERM, as an operator ends it; its exit code."""
        self._processes[name].terminate()
        return self._processes[name].wait(seconds)

    def kill_service(self, name: str = "service") -> None:
        """kill -9 of the service and its children: nothing gets a chance to tidy up."""
        process = self._processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def command(self, *arguments: str, **settings: object) -> str:
        """Run one eqicha.py command; returns what it printed, fails loudly when it failed."""
        extra = {f"EQICHA_{key.upper()}": str(value) for key, value in settings.items()}
        done = subprocess.run(
            [sys.executable, "eqicha.py", *arguments],
            cwd=ROOT, env=self.environment | extra, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def received(self, system: str) -> list[dict[str, Any]]:
        """What a counterpart of the sandbox has kept, oldest first; `key` is our reference."""
        return list(self.get_json(f"{self.sandbox_url}/sandbox/received?system={system}")["items"])

    def calls(self, system: str) -> int:
        """How often a counterpart was asked, whatever it made of it."""
        return int(self.get_json(f"{self.sandbox_url}/sandbox/received?system={system}")["calls"].get(system, 0))

    def fault(self, **wishes: str) -> None:
        """Switch counterparts' faults on (`sms="500"`) or off (`sms=""`)."""
        request = urllib.request.Request(
            f"{self.sandbox_url}/faults", data=json.dumps(wishes).encode(), headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    def get_json(self, url: str) -> Any:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def log(self, name: str = "service") -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as out:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "eqicha.py", *arguments],
                cwd=ROOT, env=self.environment | environment, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def _wait(self, url: str, name: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self._processes[name].poll() is None, f"{name} stopped:\n{self.log(name)[-3000:]}"
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2):
                return
            time.sleep(0.05)
        raise AssertionError(f"{url} did not answer:\n{self.log(name)[-3000:]}")
