"""Results page against Tornado's hello: CPU of the serving process per request, measured alternately in one run.

Both servers run as processes of their own; their CPU time is read from /proc, so the client's work does not count.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import httpx

from setup.mongod import free_port
from tests.trial import TrialSet

HELLO = """
import asyncio, sys, tornado.web
class Hello(tornado.web.RequestHandler):
    def get(self): self.write("Hello, world")
async def main():
    tornado.web.Application([("/", Hello)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
"""
QUERIES = ("天河", "广州", "科技", "有限公司", "贸易", "咨询", "91440106", "云")
ROUNDS, PER_ROUND = 6, 400


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def burst(client: httpx.AsyncClient, urls: list[str]) -> None:
    for url in urls:
        answer = await client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)


async def measure(trial: TrialSet, hello_pid: int, hello_url: str) -> tuple[float, float, float]:
    pages = [f"{trial.url}/companies?q={quote(query)}" for query in QUERIES]
    fragment = {"HX-Request": "true"}
    spent = {"hello": 0.0, "page": 0.0, "fragment": 0.0}
    service = trial._processes["service"].pid
    async with httpx.AsyncClient() as plain, httpx.AsyncClient() as page, httpx.AsyncClient(headers=fragment) as part:
        runs = [
            ("hello", plain, hello_pid, [hello_url] * PER_ROUND),
            ("page", page, service, (pages * PER_ROUND)[:PER_ROUND]),
            ("fragment", part, service, (pages * PER_ROUND)[:PER_ROUND]),
        ]
        for number in range(ROUNDS + 1):
            for name, client, pid, urls in runs:
                before = cpu_seconds(pid)
                await burst(client, urls)
                if number:  # the first round warms up
                    spent[name] += cpu_seconds(pid) - before
    per = ROUNDS * PER_ROUND
    return spent["hello"] / per, spent["page"] / per, spent["fragment"] / per


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eqicha-bench-") as folder:
        trial = TrialSet(Path(folder), search_per_minute=10_000_000, log_level="warning", worker_enabled="false")
        port = free_port()
        hello = subprocess.Popen([sys.executable, "-c", HELLO, str(port)])
        try:
            trial.up(companies=2000, dossiers=0)
            time.sleep(1)
            base, page, fragment = asyncio.run(measure(trial, hello.pid, f"http://127.0.0.1:{port}/"))
        finally:
            hello.terminate()
            trial.down()
    print(f"hello     {base * 1e3:6.3f} ms CPU")
    print(f"page      {page * 1e3:6.3f} ms CPU   {page / base:4.1f} x hello (aim 4.5)")
    print(f"fragment  {fragment * 1e3:6.3f} ms CPU   {fragment / base:4.1f} x hello")


if __name__ == "__main__":
    main()
