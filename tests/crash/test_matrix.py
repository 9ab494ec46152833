"""Every counterpart × every fault: answered in plain words within the budget, nothing lost, nothing doubled."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from setup.faults import PARTS, SEALED_OUTSIDE, SETS, Part
from tests.trial import TrialSet


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[TrialSet]:
    """A service whose breakers stay shut, so that every fault strikes."""
    made = TrialSet(folder, **settings)
    try:
        yield made.up(companies=12, dossiers=2)
    finally:
        made.down()


@pytest.fixture(scope="module")
def own_seal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    with running(tmp_path_factory.mktemp("faults"), **SETS[0][1]) as trial:
        yield trial


@pytest.fixture(scope="module")
def platform_seal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    with running(tmp_path_factory.mktemp("faults"), **SETS[1][1]) as trial:
        yield trial


def no_cell_is_wrong(trial: TrialSet, part: Part) -> None:
    cells = part(trial)
    assert cells
    assert {(cell.system, cell.fault): cell.wrong for cell in cells if cell.wrong} == {}


@pytest.mark.parametrize("part", PARTS)
def test_no_cell_of_the_table_is_wrong(own_seal: TrialSet, part: str) -> None:
    no_cell_is_wrong(own_seal, PARTS[part])


@pytest.mark.parametrize("part", SEALED_OUTSIDE)
def test_no_cell_is_wrong_when_the_seal_is_outside(platform_seal: TrialSet, part: str) -> None:
    no_cell_is_wrong(platform_seal, SEALED_OUTSIDE[part])
