"""kill -9 of sequencing processes, again and again: the log goes on without gap or fork."""

import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from conf.clock import utc_now
from conf.settings import ROOT
from store import Store
from tests.conftest import Clock
from tests.store.conftest import DATABASE


def test_the_log_is_whole_after_many_kills(
    store: Store, run: Any, store_clock: Clock, mongo_url: str, var_dir: Path
) -> None:
    luck, acknowledged = random.Random(11), 0
    for turn in range(4):
        command = [sys.executable, "-m", "tests.store.sequencer_process", mongo_url, DATABASE, str(var_dir)]
        pair = [
            subprocess.Popen([*command, f"p{turn}-{n}"], stdout=subprocess.PIPE, text=True, cwd=ROOT) for n in range(2)
        ]
        for process in pair:
            assert process.stdout is not None
            assert process.stdout.readline(), "it must have come to work"
        time.sleep(luck.random() * 0.3)
        for process in pair:
            process.kill()
        for process in pair:
            out, _ = process.communicate()
            acknowledged += 20 * (1 + len(out.splitlines()))
    before, store_clock.now = store_clock.now, utc_now() + timedelta(minutes=1)  # every lease of the dead is over
    while run(store.audit.sequence("heir")):
        pass
    store_clock.now = before
    report = run(store.audit.verify(()))
    assert (report.ok, report.problem) == (True, "")
    assert report.size >= acknowledged, "what was acknowledged is there"
