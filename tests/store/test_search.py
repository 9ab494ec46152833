"""Name search against a plain reference: the same companies in the same order, in every way it may be answered."""

import random
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient, monitoring

from conf import han
from conf.errors import Invalid
from conf.terms import CompanyStatus
from store import Store, search
from store.names import read_query
from store.records import Company, Hit
from tests.store.conftest import DATABASE, Run, empty
from tests.store.generated import BRANDS, FORMS, PEOPLE, REGIONS, TRADES, companies, company

COUNT = 400
REGISTER = companies(COUNT)


@pytest.fixture
def register(_opened: Store, run: Run[Any], mongo_url: str) -> Store:
    """A store holding REGISTER; written once, and again after a test that emptied it."""
    with MongoClient(mongo_url) as client:
        if client[DATABASE]["name_search"].count_documents({}) != COUNT:
            empty(mongo_url)
            run(_opened.companies.put_many(REGISTER))
            run(_opened.companies.refresh_search())
    return _opened


def reference(q: str, register: list[Company] = REGISTER) -> list[tuple[str, int]]:
    """(uscc, tier) of every match in order, by reading all names one after the other."""
    query = read_query(q)
    found = []
    for one in register:
        names = [han.plain(name) for name in (one.name, *(former.name for former in one.former_names))]
        codes = [han.plain(code) for code in (one.uscc, one.reg_no, *one.old_reg_nos) if code]
        tiers = [_tier(query, name) for name in names]
        tiers += [0 if query.text == han.plain(one.legal_representative) else 9]
        for code in codes:
            if code == query.text:
                tiers.append(0)
            elif query.codes and query.text in code:
                tiers.append(5)
        if min(tiers) < 9:
            order = (min(tiers), one.status is not CompanyStatus.ACTIVE, len(names[0]), one.uscc[8:])
            found.append((order, one.uscc))
    return [(uscc, 3 if order[0] == 5 else order[0]) for order, uscc in sorted(found)]


def _tier(query: Any, name: str) -> int:
    if name == query.text:
        return 0
    if name.startswith(query.text):
        return 1
    if name[han.trade_name_start(name) :].startswith(query.text):
        return 2
    if query.text in name:
        return 3
    return 4 if len(query.words) > 1 and all(word in name for word in query.words) else 9


def all_hits(store: Store, run: Run[Any], q: str) -> list[Hit]:
    """Every hit, batch after batch."""
    hits: list[Hit] = []
    after = ""
    for _ in range(COUNT):
        batch = run(store.companies.search(q, after))
        hits += batch.hits
        after = batch.after
        if not after:
            return hits
        assert len(batch.hits) == search.BATCH
    raise AssertionError("the cursor never ends")


pieces = st.sampled_from([*BRANDS, *TRADES, *FORMS, *[r for r in REGIONS if r], *PEOPLE, "天河软", "广州市", "限公"])
typed = st.one_of(
    st.sampled_from(REGISTER).flatmap(
        lambda one: st.tuples(st.integers(0, len(one.name) - 2), st.integers(2, 12)).map(
            lambda cut: one.name[cut[0] : cut[0] + cut[1]]
        )
    ),
    pieces,
    st.lists(pieces, min_size=2, max_size=3).map(" ".join),
    st.lists(pieces, min_size=2, max_size=3).map("".join),
    st.sampled_from(REGISTER).flatmap(lambda one: st.integers(4, 18).map(lambda end: one.uscc[:end])),
    st.sampled_from(REGISTER).flatmap(lambda one: st.integers(0, 14).map(lambda start: one.uscc[start:])),
    st.sampled_from([code for one in REGISTER for code in (one.reg_no, *one.old_reg_nos) if code]),
    st.sampled_from(PEOPLE),
)
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("few", [0, 300, 100_000])
@given(q=typed)
@many
def test_a_search_finds_the_same_companies_in_the_same_order_as_reading_them_all(
    register: Store, run: Run[Any], few: int, q: str
) -> None:
    if len(read_query(q).text) < 2 and not han.is_rare(read_query(q).text or " "):
        assert run(register.companies.search(q)).problem == "too_short"
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "FEW", few)
        found = all_hits(register, run, q)
    assert [(hit.uscc, hit.tier) for hit in found] == reference(q)


@given(q=typed)
@many
def test_what_is_marked_is_what_was_asked(register: Store, run: Run[Any], q: str) -> None:
    query = read_query(q)
    for hit in run(register.companies.search(q)).hits:
        one = next(one for one in REGISTER if one.uscc == hit.uscc)
        shown = {
            "name": [one.name],
            "former_name": [former.name for former in one.former_names],
            "code": [one.uscc, one.reg_no, *one.old_reg_nos],
            "person": [one.legal_representative],
        }[hit.kind]
        assert hit.matched in shown
        assert hit.spans
        assert all(0 <= start < end <= len(hit.matched) for start, end in hit.spans)
        marked = [han.plain_query(hit.matched[start:end]).replace("责任", "") for start, end in hit.spans]
        if hit.tier < 4:
            assert marked == [query.text]
        else:
            assert all(any(word in piece for piece in marked) for word in query.words)


@given(q=st.sampled_from(REGISTER).map(lambda one: one.name[:10]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_writing_the_same_question_otherwise_changes_nothing(register: Store, run: Run[Any], q: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in q)
    others = [
        wide,
        q.lower(),
        q.replace("（", "(").replace("）", ")"),
        q.replace("（", "").replace("）", ""),
        q.translate(str.maketrans("软龙达广东责团业传饮贸询", "軟龍達廣東責團業傳飲貿詢")),
        unicodedata.normalize("NFKD", q),
        f"  {q}　",
    ]
    expected = [hit.uscc for hit in all_hits(register, run, q)]
    for other in others:
        assert [hit.uscc for hit in all_hits(register, run, other)] == expected, other


def test_a_space_inside_keeps_the_hits_of_the_text_written_together_in_front(register: Store, run: Run[Any]) -> None:
    together = [hit.uscc for hit in all_hits(register, run, "天河软件")]
    apart = all_hits(register, run, "天河 软件")
    assert together
    assert [hit.uscc for hit in apart][: len(together)] == together
    assert {hit.tier for hit in apart[len(together) :]} == {4}


def test_both_forms_of_limited_company_find_each_other(register: Store, run: Run[Any]) -> None:
    short = all_hits(register, run, "软件有限公司")
    assert short
    assert [h.uscc for h in short] == [h.uscc for h in all_hits(register, run, "软件有限责任公司")]
    for begun in ("软件有限责", "软件有限责任", "软件有限责任公"):
        assert {h.uscc for h in short} <= {h.uscc for h in all_hits(register, run, begun)}, begun


@pytest.mark.parametrize("char", ["䶮", "𠮷"])
def test_one_rare_character_is_enough(register: Store, run: Run[Any], char: str) -> None:
    expected = {one.uscc for one in REGISTER if char in one.name or any(char in f.name for f in one.former_names)}
    found = all_hits(register, run, char)
    assert {hit.uscc for hit in found} == expected
    assert [(hit.uscc, hit.tier) for hit in found] == reference(char)


@pytest.mark.parametrize("q", ["", " ", "天", "（", "。。。", "a"])
def test_too_little_is_said_so(register: Store, run: Run[Any], q: str) -> None:
    assert run(register.companies.search(q)).problem == "too_short"


def test_only_a_legal_representative_by_whole_name_counts_as_asking_for_a_person(
    register: Store, run: Run[Any]
) -> None:
    batch = run(register.companies.search("王明"))
    assert batch.persons_searched
    assert {hit.legal_representative for hit in batch.hits if hit.kind == "person"} == {"王明"}
    assert not run(register.companies.search("软件")).persons_searched
    assert run(register.companies.search("赵无此人")).persons_searched


def test_a_former_name_says_so(store: Store, run: Run[Any]) -> None:
    old = next(one for one in companies(50, seed=3) if one.former_names)
    run(store.companies.put(old))
    former = old.former_names[0].name
    (hit,) = run(store.companies.search(former)).hits
    assert (hit.kind, hit.matched, hit.name, hit.tier) == ("former_name", former, old.name, 0)


@pytest.mark.parametrize("after", ["x", "%%%", "MQ", "OS45", "LTEuNQ", "MS4tNQ", "é"])
def test_a_made_up_cursor_is_refused(register: Store, run: Run[Any], after: str) -> None:
    with pytest.raises(Invalid):
        run(register.companies.search("天河", after))


def test_an_operator_in_place_of_a_text_is_refused(register: Store, run: Run[Any]) -> None:
    with pytest.raises(Invalid):
        run(register.companies.search({"$gt": ""}))
    with pytest.raises(Invalid):
        run(register.companies.by_uscc({"$ne": ""}))


@pytest.mark.parametrize("q", [".*", "^", "(?=", "$where", "{'$gt':''}", "天河|软件", "[一-龥]+", "\\x", "a\0b", "'"])
def test_signs_of_a_pattern_language_mean_nothing(register: Store, run: Run[Any], q: str) -> None:
    batch = run(register.companies.search(q))
    assert batch.problem == "too_short" or [hit.uscc for hit in batch.hits] == [
        uscc for uscc, _ in reference(q)[: search.BATCH]
    ]


def test_a_company_moved_from_one_batch_to_the_next_is_neither_lost_nor_doubled(store: Store, run: Run[Any]) -> None:
    source = random.Random(5)
    same = [company(n, source, name="广州天河软件有限公司", former_names=()) for n in range(1, 101)]
    run(store.companies.put_many(same))
    hits = all_hits(store, run, "天河软件")
    assert len({hit.uscc for hit in hits}) == len(hits) == 100


class Commands(monitoring.CommandListener):
    """Counts what goes to the server."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.seen.append(event)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("q", ["天河", "天河软件", "天河 软件", "91440106MA0001", "王明", "有限公司", "广州市天河区"])
def test_a_short_question_is_one_command_and_none_ever_sorts(
    register: Store, run: Run[Any], mongo_url: str, q: str, few: int, listened: Any
) -> None:
    store, commands = listened
    run(store.companies.refresh_search())
    commands.seen.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "FEW", few)
        batch = run(store.companies.search(q))
        if batch.after:
            run(store.companies.search(q, batch.after))
    scans = (1 if few == 1000 else 3) if len(read_query(q).text) > 6 else 2 if " " in q else 1
    assert len(commands.seen) <= scans * (2 if batch.after else 1)
    with MongoClient(mongo_url) as client:
        for event in commands.seen:
            fields = ("find", "aggregate", "filter", "pipeline", "hint", "min", "max", "limit", "cursor", "projection")
            command = {name: value for name, value in event.command.items() if name in fields}
            plan = client[DATABASE].command("explain", command, verbosity="queryPlanner")
            del plan["command"]  # what was asked; the rest is what is done
            assert set(named(plan, "stage")) >= {"IXSCAN"}
            assert not set(named(plan, "stage")) & {"SORT", "COLLSCAN"}
            assert not list(named(plan, "$sort")), "a sort the index does not give"


def named(plan: Any, key: str) -> Any:
    """Every value under that key, however deep."""
    if isinstance(plan, dict):
        yield from ([plan[key]] if key in plan else [])
        for value in plan.values():
            yield from named(value, key)
    elif isinstance(plan, list):
        for value in plan:
            yield from named(value, key)


@pytest.fixture
def listened(store_settings: Any, run: Run[Any], register: Store) -> Any:
    from conf.keys import load_keys
    from store import open_store

    commands = Commands()
    monitoring.register(commands)
    try:
        store = run(open_store(store_settings, load_keys(store_settings)))
    finally:
        monitoring._LISTENERS.command_listeners.remove(commands)  # type: ignore[attr-defined]
    yield store, commands
    run(store.close())
