"""The doors of other systems × every fault, as parts of the matrix: both apps' tickets, and the portal's progress."""

from adapters.sandbox.people import sample_person
from tests.crash.test_kill import wait_until
from tests.matrix import RECOVERY, USCC, Cell, Watch, strikes, struck
from tests.trial import TrialSet

STEPS = "123"  # accepted, permitted, ready in the portal's codes


def arriving(trial: TrialSet) -> list[Cell]:
    """穗好办 and 粤商通: every fault while a ticket is exchanged; the page says it, the next ticket is good."""
    return [_one_arrival(trial, app, fault) for app in ("shb", "yst") for fault in strikes(app)]


def _one_arrival(trial: TrialSet, app: str, fault: str) -> Cell:
    watch, wrong = Watch(trial, "stranger"), []
    http, tap = watch.visitor.http, f"{trial.sandbox_url}/apps/open?app={app}&person=stranger&to=/orders"
    with struck(trial, fault, [app]):
        told = http.get(tap)
    if told.status_code != 503 or 'href="/signin"' not in told.text:
        wrong.append(f"answered {told.status_code}")
    if http.get("/orders").url.path == "/orders":
        wrong.append("somebody is signed in")
    longest = watch.take()
    landed = http.get(tap)
    if landed.url.path != "/orders" or f"**{sample_person('stranger').name[-1]}" not in landed.text:
        wrong.append("no arrival after recovery")
    http.close()
    return Cell(
        system=app, fault=fault, saw=f"{told.status_code}, a page in words", longest=longest,
        after="arrived by the next ticket", wrong=tuple(wrong),
    )  # fmt: skip


def following(trial: TrialSet) -> list[Cell]:
    """The portal: no order is held up, and each step is there once and in order afterwards."""
    watch = Watch(trial)
    http = watch.visitor.http
    http.get(f"{trial.sandbox_url}/apps/open?app=yst&person={watch.person}&to=/orders")
    documents = watch.visitor.open_documents(USCC)[:1]
    found: dict[str, tuple[str, float, list[str]]] = {}
    for fault in strikes("portal"):
        with struck(trial, fault, ["portal"]):
            watch.take()
            asked = trial.calls("portal")
            number = watch.visitor.place(USCC, documents)
            watch.visitor.wait_ready([number], seconds=60)
            wrong = [] if watch.visitor.copy(number).startswith(b"%PDF") else ["no copy"]
            wait_until(lambda asked=asked: trial.calls("portal") > asked, seconds=20)
        found[fault] = (number, watch.take(), wrong)
    http.close()
    numbers = [number for number, _, _ in found.values()]
    wait_until(lambda: all(steps_of(trial, number) == STEPS for number in numbers), seconds=RECOVERY)
    return [
        Cell(
            system="portal", fault=fault, saw="copy at once, nothing of the fault", longest=longest,
            after="each step once, in order", wrong=tuple(wrong + _steps(steps_of(trial, number))),
        )
        for fault, (number, longest, wrong) in found.items()
    ]  # fmt: skip


def steps_of(trial: TrialSet, number: str) -> str:
    """The portal's codes of an order's steps, in the order it took them."""
    return "".join(row["state"] for row in trial.received("portal") if row["projectNo"] == number)


def _steps(got: str) -> list[str]:
    return [] if got == STEPS else [f"steps {got or 'none'}"]
