"""`make run`: database, sandbox, samples and the service, started in order and stopped together by Ctrl-C.

Prints the addresses, the sample people and what to try first.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from setup.trial import ROOT, answers, trial_database, var_dir

SANDBOX_PORT = 8090


class Stopped(Exception):
    """Ctrl-C or SIGTERM: take everything down in order."""


def main() -> int:
    port = int(os.environ.get("EQICHA_PORT", "8000"))
    for number, name in ((port, "the service (EQICHA_PORT)"), (SANDBOX_PORT, "the sandbox")):
        if answers(number):
            print(f"port {number} for {name} is in use: stop what runs there, or wait until it is gone")
            return 2
    signal.signal(signal.SIGTERM, _stop)
    began = time.monotonic()
    var_dir().mkdir(parents=True, exist_ok=True)
    with trial_database() as url:
        os.environ["EQICHA_MONGO_URL"] = url
        with child("sandbox", "sandbox", "--port", str(SANDBOX_PORT)) as sandbox:
            wait_for(f"http://127.0.0.1:{SANDBOX_PORT}/", sandbox)
            code = subprocess.call(eqicha("sample", "--if-empty"), cwd=ROOT)
            if code:
                return code
            with child("service", "serve") as service:
                wait_for(f"http://127.0.0.1:{port}/readyz", service)
                welcome(port, time.monotonic() - began)
                while service.poll() is None and sandbox.poll() is None:
                    time.sleep(0.3)
    print("the service or the sandbox stopped by itself; its messages are above")
    return 1


def eqicha(*arguments: str) -> list[str]:
    return [sys.executable, "eqicha.py", *arguments]


@contextlib.contextmanager
def child(name: str, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
    """One of our commands as a process of its own; asked to stop, and killed only when it does not."""
    process = subprocess.Popen(eqicha(*arguments), cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                print(f"{name} did not stop within 30 s; killing it")
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Until `url` answers; exits when the process died or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit("it stopped while starting; its messages are above")
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    sys.exit(f"{url} did not answer within {seconds:.0f} s")


def welcome(port: int, seconds: float) -> None:
    from adapters.sandbox.people import sample_people

    print(f"\n天河 e企查 is up after {seconds:.1f} s. Everything in it is fictional.\n")
    print(f"  visitors   http://127.0.0.1:{port}/")
    print(f"  verify     http://127.0.0.1:{port}/verify")
    print(f"  staff      http://127.0.0.1:{port}/staff/signin   (make an account first, see below)")
    print(f"  sandbox    http://127.0.0.1:{SANDBOX_PORT}/   (messages sent, sample people, switchable faults)\n")
    print("Sample people offered at sign-in:")
    for person in sample_people():
        print(f"  {person.name} ({person.level.name})  {person.hint}")
    print("\nTry first: search for 天河, open a company, sign in as its legal representative, order a copy, verify it.")
    command = ".venv/bin/python -m setup.trial eqicha.py create-staff"
    print(f"A reviewer: {command} --login shenhe --name 样例审核员 --role reviewer")
    print(f"A kiosk:    {command.replace('staff', 'terminal')} --id hall-1 --name 一号机 --location 样例政务大厅")
    print("\nCtrl-C stops everything.\n", flush=True)


def _stop(*_: object) -> None:
    raise Stopped


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, Stopped):
        print("stopped")
        sys.exit(0)
