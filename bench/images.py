"""A watermarked page image against the same bytes as a plain file, and the worst lag of the loop on the whole journey.

CPU counts the serving process and its children (the watermark is burned in there); both servers are asked alternately.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path

import httpx
import pikepdf

from adapters.sandbox.people import sample_person
from setup.mongod import free_port
from tests.trial import TrialSet
from tests.visitor import Visitor

PLAIN = """
import asyncio, sys, tornado.web
async def main():
    files = (r"/(.*)", tornado.web.StaticFileHandler, {"path": sys.argv[2]})
    tornado.web.Application([files]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
"""
ROUNDS, PER_ROUND = 6, 25
SHARE = 0.8  # of the sample dossier's documents: about 60 pages


def cpu_seconds(group: int) -> float:
    """User and system time of a process group so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def group_memory(group: int) -> float:
    """Proportional memory of a process group in MB: what the children share counts once."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[2]) == group:
                found = re.search(r"^Pss:\s+(\d+)", (stat.parent / "smaps_rollup").read_text(), re.M)
                total += int(found.group(1)) if found else 0
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / 1024


class Peak(threading.Thread):
    """Watches a process group's memory until stopped."""

    def __init__(self, group: int) -> None:
        super().__init__(daemon=True)
        self.group, self.megabytes, self.running = group, 0.0, True

    def run(self) -> None:
        while self.running:
            self.megabytes = max(self.megabytes, group_memory(self.group))
            time.sleep(0.05)


def image_address(visitor: Visitor, uscc: str) -> str:
    page = visitor.http.get(f"/companies/{uscc}/dossier").text
    viewer = re.search(rf'href="(/companies/{uscc}/documents/[^"]+)"', page)
    assert viewer, page[:500]
    image = re.search(r'src="(/pages/[^"]+/view\.jpg)"', visitor.http.get(viewer.group(1)).text)
    assert image
    return image.group(1)


def burst(client: httpx.Client, url: str, times: list[float]) -> None:
    for _ in range(PER_ROUND):
        began = time.perf_counter()
        answer = client.get(url)
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.status_code


def worst_lag(trial: TrialSet) -> float:
    text = httpx.get(f"{trial.url}/metrics").text
    found = re.search(r"^eqicha_loop_lag_worst_seconds (\S+)", text, re.M)
    assert found
    return float(found.group(1))


def measure(trial: TrialSet, folder: Path) -> None:
    uscc = sample_person("legal_representative").uscc
    visitor = Visitor(trial).sign_in("legal_representative")
    for query in ("天河", "广州", "软件"):
        visitor.http.get("/companies", params={"q": query})
    visitor.http.get(f"/companies/{uscc}")
    address = image_address(visitor, uscc)
    (folder / "page.jpg").write_bytes(visitor.http.get(address).content)
    port = free_port()
    plain = subprocess.Popen([sys.executable, "-c", PLAIN, str(port), str(folder)], start_new_session=True)
    sides = {
        "plain file": (plain.pid, httpx.Client(), f"http://127.0.0.1:{port}/page.jpg"),
        "watermarked": (trial._processes["service"].pid, visitor.http, address),
    }
    cpu, times = dict.fromkeys(sides, 0.0), {name: [] for name in sides}
    try:
        time.sleep(1)
        for number in range(ROUNDS + 1):
            for name, (group, client, url) in sides.items():
                before, got = cpu_seconds(group), []
                burst(client, url, got)
                if number:  # the first round warms up
                    cpu[name] += cpu_seconds(group) - before
                    times[name] += got
    finally:
        plain.terminate()
    count, base = ROUNDS * PER_ROUND, "plain file"
    print(f"page image of {(folder / 'page.jpg').stat().st_size // 1024} KB, {count} times each")
    for name in sides:
        middle = statistics.median(times[name])
        print(
            f"{name:12} {cpu[name] / count * 1e3:7.2f} ms CPU ({cpu[name] / cpu[base]:5.1f} x)"
            f"   p50 {middle * 1e3:7.2f} ms ({middle / statistics.median(times[base]):5.1f} x)"
        )
    group = trial._processes["service"].pid
    print(f"service with children at rest {group_memory(group):.0f} MB")
    peak = Peak(group)
    peak.start()
    documents = visitor.open_documents(uscc)
    number = visitor.place(uscc, documents[: round(len(documents) * SHARE)])
    began = time.perf_counter()
    visitor.wait_ready([number])
    print(f"order ready after {time.perf_counter() - began:.1f} s (polled every 0.3 s)")
    peak.running = False
    print(f"memory at its highest meanwhile {peak.megabytes:.0f} MB (aim 400)")
    copy = visitor.copy(number)
    with pikepdf.open(BytesIO(copy)) as pdf:
        print(f"copy of {len(pdf.pages)} pages, {len(copy) / 1e6:.1f} MB")
    print(f"worst lag of the loop on the whole journey {worst_lag(trial) * 1e3:.0f} ms (aim 50)")
    for line in trial.log().splitlines():
        if '"loop_lag"' in line:
            print("  ", line)
    visitor.http.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eqicha-bench-") as folder:
        trial = TrialSet(Path(folder), image_per_minute=100_000)
        try:
            measure(trial.up(companies=12, dossiers=1), Path(folder))
        finally:
            trial.down()


if __name__ == "__main__":
    main()
