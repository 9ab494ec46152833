"""Makes the shared fixtures of the desk known in this folder."""

from tests.desk import desk, desk_settings, desk_store

__all__ = ["desk", "desk_settings", "desk_store"]
