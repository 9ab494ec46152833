"""Fixtures of the tests of numbers: the desk."""

from tests.desk import desk, desk_settings, desk_store

__all__ = ["desk", "desk_settings", "desk_store"]
