"""Jobs the workshop's tests run in child processes; they must be importable there."""

import os
import resource
import signal
import sys
import time

from conf.errors import Invalid


def double(number: int) -> int:
    return number * 2


def process_id() -> int:
    return os.getpid()


def limits() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0]


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def spin() -> None:
    while True:
        pass


def grab(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse() -> None:
    raise Invalid({"file": "不行"})


def stumble() -> None:
    raise ValueError("stumbled")


def rooms_loaded() -> list[str]:
    return sorted(name for name in ("tornado", "pymongo", "jinja2", "pytest") if name in sys.modules)
