"""Makes the fixtures of tests/outside.py known in this folder."""

from tests.outside import outside, run, runner, sandbox, sandbox_settings

__all__ = ["outside", "run", "runner", "sandbox", "sandbox_settings"]
