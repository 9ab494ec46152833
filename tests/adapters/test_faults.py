"""Every system of the sandbox × every fault: only named errors come out, in time, and nothing is doubled afterwards."""

import httpx
import pytest
from asn1crypto import tsp

from adapters.sandbox.server import Sandbox
from adapters.sandbox.state import CALLING_FAULTS, FAULTS, faults_of
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import Channel, EntryPoint, LicenceKind
from tests.outside import Outside, Run, a_report, a_step, choose, ticket_of

VALUES = {"order_no": "TH1", "until": "11月28日10:00"}


def faults_on(system: str) -> list[str]:
    """The faults that strike calls to `system`."""
    return [fault for fault in faults_of(system) if fault not in CALLING_FAULTS]


async def use(system: str, outside: Outside, settings: Settings) -> None:
    """One ordinary use of a system."""
    if system == "sms":
        await outside.sms.send(phone="19900000001", template="TH-EQC-001", values=VALUES, reference="TH1.sms")
    elif system == "mail":
        await outside.mail.send(to="a@example.com", subject="主题", text="正文", reference="TH1.mail")
    elif system == "rating":
        await outside.rating.report(a_report(order_no="TH1", channel=Channel.KIOSK))
    elif system == "portal":
        await outside.progress.report(a_step())
    elif system == "sharing":
        await outside.sharing.licence(LicenceKind.LAWYER, "14401202610000017", reference="TH1")
    else:
        await outside.identity.exchange("no-such-code", redirect_uri=settings.base_url + "/signin/callback")


@pytest.mark.parametrize(
    ("system", "fault"),
    [(system, fault) for system in ("sms", "mail", "rating", "portal", "sharing") for fault in faults_on(system)],
)
def test_a_faulty_system_is_tried_again_and_has_the_thing_once(
    run: Run, sandbox: Sandbox, outside: Outside, sandbox_settings: Settings, system: str, fault: str
) -> None:
    sandbox.state.faults.switch(system, fault)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            run(use(system, outside, sandbox_settings))
    sandbox.state.faults.clear()
    run(use(system, outside, sandbox_settings))
    assert len(sandbox.state.received[system]) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_signing_in_while_the_platform_is_faulty_ends_in_a_named_error(
    run: Run, sandbox: Sandbox, outside: Outside, sandbox_settings: Settings, fault: str
) -> None:
    callback = sandbox_settings.base_url + "/signin/callback"
    address = outside.identity.authorize_url(state="s", redirect_uri=callback)
    code = run(choose(address, "stranger"))["code"]
    sandbox.state.faults.switch("identity", fault)
    with pytest.raises((ProviderUnavailable, ProviderRejected)):
        run(outside.identity.exchange(code, redirect_uri=callback))
    sandbox.state.faults.clear()
    again = run(choose(address, "stranger"))["code"]
    assert run(outside.identity.exchange(again, redirect_uri=callback)).subject == "sample-0001"


@pytest.mark.parametrize("fault", faults_on("shb"))
@pytest.mark.parametrize("app", ["shb", "yst"])
def test_arriving_while_the_app_is_faulty_ends_in_a_named_error_and_the_next_ticket_is_good(
    run: Run, sandbox: Sandbox, outside: Outside, app: str, fault: str
) -> None:
    ticket = run(ticket_of(sandbox.url, app))
    sandbox.state.faults.switch(app, fault)
    with pytest.raises(ProviderUnavailable):
        run(outside.entry.exchange(EntryPoint(app), ticket))
    sandbox.state.faults.clear()
    again = run(ticket_of(sandbox.url, app))
    assert run(outside.entry.exchange(EntryPoint(app), again)).useridcode == "sample-0001"


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in {"slow", "hang", "huge"}])
def test_the_time_stamp_server_misbehaves_as_switched(run: Run, sandbox: Sandbox, fault: str) -> None:
    """The seal's own client is tested in tests/seal; here only that the fault is real and passes."""

    async def stamp() -> str:
        query = tsp.TimeStampReq(
            {
                "version": 1,
                "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\1" * 32},
                "cert_req": True,
            }
        )
        headers = {"Content-Type": "application/timestamp-query"}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(sandbox.url + "/tsa", content=query.dump(), headers=headers)
            answer.raise_for_status()
        return str(tsp.TimeStampResp.load(answer.content, strict=True)["status"]["status"].native)

    sandbox.state.faults.switch("tsa", fault, times=1)
    with pytest.raises((httpx.HTTPError, ValueError)):
        run(stamp())
    assert run(stamp()) == "granted"
