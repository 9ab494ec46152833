"""What every SharingProvider promises (adapters/sharing), against a platform that checks the gateway's headers."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import tif
from adapters.sandbox.server import Sandbox
from adapters.sandbox.sharing import ENDED, MOVED_FIRM
from adapters.sharing import SharingProvider
from adapters.sharing.gateway import GatewaySharing
from conf.clock import utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import CompanyStatus, LicenceKind, LicenceStatus
from handlers.flows.samples.companies import make_companies
from handlers.flows.samples.shared import shared_registry, shared_row
from tests.outside import Run

LAWYER = "14401202610000017"


@pytest.fixture(params=[GatewaySharing])
def sharing(
    request: pytest.FixtureRequest, run: Run, sandbox: Sandbox, sandbox_settings: Settings
) -> Iterator[SharingProvider]:
    sandbox.state.registry = shared_registry(60)

    async def opened() -> GatewaySharing:
        return request.param(sandbox_settings)

    provider = run(opened())
    yield provider
    run(provider.close())


def test_most_sample_companies_are_told_as_registered_and_a_few_differ_always_the_same(
    run: Run, sharing: SharingProvider
) -> None:
    differing = set()
    for row in make_companies(60, seed=1):
        told = run(sharing.company(row.uscc, reference="case-1"))
        assert (told.uscc, told.name, told.status) == (row.uscc, row.name, row.status)
        assert (told.established_on, told.term_to) == (row.established_on, row.term_to)
        ours = (row.domicile, row.legal_representative, row.capital)
        if (told.domicile, told.legal_representative, told.capital) != ours:
            differing.add(row.uscc)
        assert run(sharing.company(row.uscc, reference="case-2")) == told
    assert 0 < len(differing) < 30


def test_what_the_source_does_not_have_is_an_answer_not_a_fault(run: Run, sharing: SharingProvider) -> None:
    assert run(sharing.company("91440106MA59YA0A0X", reference="case")) is None
    assert run(sharing.licence(LicenceKind.LAWYER, "1" * 17, reference="case")) is None
    assert run(sharing.licence(LicenceKind.BUSINESS, "91440106MA59YA0A0X", reference="case")) is None


def test_a_lawyers_licence_is_told_with_holder_firm_standing_and_end(run: Run, sharing: SharingProvider) -> None:
    told = run(sharing.licence(LicenceKind.LAWYER, LAWYER, reference="case"))
    assert (told.holder, told.firm, told.status) == ("覃明叙", "广东样例律师事务所（虚构）", LicenceStatus.IN_FORCE)
    assert told.valid_until == date(2027, 5, 31)
    assert run(sharing.licence(LicenceKind.LAWYER, ENDED, reference="case")).status is LicenceStatus.ENDED
    assert run(sharing.licence(LicenceKind.LAWYER, MOVED_FIRM, reference="case")).firm != told.firm


def test_a_business_licence_goes_with_the_registration(run: Run, sharing: SharingProvider) -> None:
    for row in list(make_companies(60, seed=1)):
        told = run(sharing.licence(LicenceKind.BUSINESS, row.uscc, reference="case"))
        assert told.holder == row.name
        assert (told.status is LicenceStatus.IN_FORCE) == (row.status is CompanyStatus.ACTIVE)


def test_each_call_is_signed_anew_and_says_whose_case_it_is(
    run: Run, sandbox: Sandbox, sharing: SharingProvider
) -> None:
    for _ in range(3):
        run(sharing.licence(LicenceKind.LAWYER, LAWYER, reference="TH20261121-ABC234"))
    (kept,) = sandbox.state.received["sharing"]
    assert (kept["caseNo"], kept["repeats"]) == ("TH20261121-ABC234", 2)
    assert len(sandbox.state.nonces) == 3, "a nonce of its own each time, or the gateway would have refused"


@pytest.mark.parametrize(
    "changes",
    [
        {"sharing_token": "another"},
        {"sharing_paas_id": "another"},
        {"clock": lambda: utc_now() - timedelta(minutes=5)},
        {"sharing_lawyer_service": "not-granted"},
    ],
    ids=["token", "id", "clock", "service"],
)
def test_a_call_the_gateway_does_not_take_is_kept_for_later(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings, changes: dict[str, Any]
) -> None:
    clock = changes.pop("clock", utc_now) if "clock" in changes else utc_now

    async def attempt() -> None:
        provider = GatewaySharing(load_settings(**(dict(sandbox_settings) | changes)), clock=clock)
        try:
            await provider.licence(LicenceKind.LAWYER, LAWYER, reference="case")
        finally:
            await provider.close()

    with pytest.raises(ProviderUnavailable):
        run(attempt())
    assert sandbox.state.received["sharing"] == []


def test_a_question_without_a_case_is_refused_for_good(run: Run, sharing: SharingProvider) -> None:
    with pytest.raises(ProviderRejected, match="question refused"):
        run(sharing.licence(LicenceKind.LAWYER, LAWYER, reference=""))


def told(run: Run, var: Settings, body: bytes, *, check: list[httpx.Request] | None = None) -> Any:
    """What the provider makes of an answer."""

    def reply(request: httpx.Request) -> httpx.Response:
        if check is not None:
            check.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(body), headers={"content-type": "application/json"})

    async def ask() -> Any:
        provider = GatewaySharing(var, transport=httpx.MockTransport(reply))
        try:
            return await provider.company("91440106MA9W00010Y", reference="case")
        finally:
            await provider.close()

    return run(ask())


def test_the_headers_are_those_of_the_gateway(run: Run, sandbox_settings: Settings) -> None:
    seen: list[httpx.Request] = []
    assert told(run, sandbox_settings, b'{"code":"404"}', check=seen) is None
    sent = seen[0].headers
    moment, nonce = sent["x-tif-timestamp"], sent["x-tif-nonce"]
    token = sandbox_settings.sharing_token.get_secret_value()
    assert sent[tif.SIGNATURE] == hashlib.sha256(f"{moment}{token}{nonce}{moment}".encode()).hexdigest()
    assert sent["x-tif-serviceId"] == sandbox_settings.sharing_company_service
    assert token.encode() not in seen[0].content + str(seen[0].url).encode()


FIELDS = st.sampled_from(["code", "data", "tyshxydm", "qymc", "djzt", "clrq", "yyqxz", "gxsj", "zs", "msg"])
ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=12) | st.sampled_from(["0", "404", "91440106MA9W00010Y", "存续"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=15,
)


@given(answer=st.one_of(ANY_JSON, st.fixed_dictionaries({"code": st.just("0"), "data": ANY_JSON})))
def test_whatever_is_answered_only_named_errors_come_out(run: Run, var_dir: Any, answer: Any) -> None:
    settings = load_settings(var_dir=var_dir)
    try:
        company = told(run, settings, json.dumps(answer).encode())
    except (ProviderUnavailable, ProviderRejected):
        return
    assert company is None or company.uscc == "91440106MA9W00010Y"


def test_another_companys_record_is_never_taken_for_this_one(run: Run, sandbox_settings: Settings) -> None:
    row = next(iter(make_companies(1, seed=1)))
    other = shared_row(row) | {"tyshxydm": "91440106MA9W00029U"}
    with pytest.raises(ProviderUnavailable, match="garbled"):
        told(run, sandbox_settings, json.dumps({"code": "0", "data": other}).encode())
