"""A real mongod for trial and tests: single-node replica set on loopback, so that transactions work.

Production brings its own replica set through EQICHA_MONGO_URL.
"""

import contextlib
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

OPTIONS = "w=majority&journal=true&retryWrites=true&readConcernLevel=majority"


def binary() -> Path:
    """Path of the packaged mongod; exits with one line when it is not installed."""
    spec = find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "db" / "bin" / "mongod"
        if path.is_file():
            return path
    sys.exit("mongod is not installed in this environment: run 'make setup', or set EQICHA_MONGO_URL")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mongod:
    """One mongod process. `url` is ready for the driver once `start` returned."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder, self.port = Path(folder), port or free_port()
        self.url = f"mongodb://127.0.0.1:{self.port}/?replicaSet=rs0&{OPTIONS}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Mongod":
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder.parent / f"{self.folder.name}.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # its own session: Ctrl-C reaches us, and we stop it in order
                [str(binary()), *self._arguments()], stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._become_primary(log)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.poll() is None:
                self._process.kill()
        self._process = None

    def kill(self) -> None:
        """kill -9, for tests of what survives it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _arguments(self) -> list[str]:
        return [
            "--dbpath", str(self.folder), "--port", str(self.port), "--bind_ip", "127.0.0.1", "--replSet", "rs0",
            "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128", "--noscripting",
            "--networkMessageCompressors", "disabled", "--setParameter", "diagnosticDataCollectionEnabled=false",
            # a process killed inside a transaction must not keep its records locked for the default minute
            "--setParameter", "transactionLifetimeLimitSeconds=10",
            "--wiredTigerEngineConfigString", "log=(file_max=10MB,prealloc=false)",
        ]  # fmt: skip

    def _become_primary(self, log: Path, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        client: MongoClient[Any] = MongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=500
        )
        with client:
            while time.monotonic() < deadline:
                if self._process and self._process.poll() is not None:
                    sys.exit(f"mongod stopped while starting; see {log}")
                with contextlib.suppress(PyMongoError):
                    if client.admin.command("hello").get("isWritablePrimary"):
                        return
                    self._initiate(client)
                time.sleep(0.05)
        sys.exit(f"mongod did not become primary in {seconds:.0f} s; see {log}")

    def _initiate(self, client: "MongoClient[Any]") -> None:
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        try:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
        except OperationFailure as fault:
            if fault.code != 23:  # already initialised
                raise
            self._rename_member(client, member["host"])

    def _rename_member(self, client: "MongoClient[Any]", host: str) -> None:
        """A database started on another port than last time keeps its data under the new address."""
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure:
            return
        if config["members"][0]["host"] != host:
            config["members"][0]["host"] = host
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
