"""Every counterpart × every fault: answered in plain words within the budget, nothing lost, nothing doubled."""

from collections.abc import Iterator

import pytest

from setup.faults import PARTS
from tests.matrix import SETTINGS
from tests.trial import TrialSet


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    """A service whose breakers stay shut, so that every fault strikes."""
    made = TrialSet(tmp_path_factory.mktemp("faults"), sms2_provider="textline", **SETTINGS)
    try:
        yield made.up(companies=12, dossiers=2)
    finally:
        made.down()


@pytest.mark.parametrize("part", PARTS)
def test_no_cell_of_the_table_is_wrong(faulty: TrialSet, part: str) -> None:
    cells = PARTS[part](faulty)
    assert cells
    assert {(cell.system, cell.fault): cell.wrong for cell in cells if cell.wrong} == {}
