"""Which servers production may use."""

import pytest

from store.connection import is_safe_version


@pytest.mark.parametrize("version", ["7.0.28", "7.0.31", "8.0.17", "8.2.3", "8.3.0", "9.0.0", "8.2.3-rc1"])
def test_a_server_with_the_fix_is_taken(version: str) -> None:
    assert is_safe_version(version)


@pytest.mark.parametrize("version", ["6.0.5", "6.0.27", "7.0.27", "7.1.1", "8.0.16", "8.1.9", "8.2.2", "5.0.0", "new"])
def test_a_server_without_it_is_refused(version: str) -> None:
    assert not is_safe_version(version)
