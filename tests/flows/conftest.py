"""Makes the shared fixtures of the desk and of the outside systems known in this folder."""

import pytest

from tests.desk import Desk, desk, desk_settings, desk_store
from tests.outside import Run, outside, sandbox, sandbox_settings

__all__ = ["desk", "desk_settings", "desk_store", "outside", "run", "sandbox", "sandbox_settings"]


@pytest.fixture
def run(desk: Desk) -> Run:
    """The sandbox lives on the loop the store was opened in."""
    return desk.run
