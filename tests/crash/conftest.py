"""A trial set of its own for tests that kill things."""

from collections.abc import Iterator

import pytest

from tests.trial import TrialSet


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    made = TrialSet(tmp_path_factory.mktemp("crash"), order_per_hour=10_000, verify_per_minute=6000)
    try:
        yield made.up(companies=12, dossiers=2)
    finally:
        made.down()
