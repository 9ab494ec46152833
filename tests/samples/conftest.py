"""The samples are stored like an import: same empty store, same workshop."""

from tests.intake.conftest import _opened_intake, adapters, intake_run, store, workshop

__all__ = ["_opened_intake", "adapters", "intake_run", "store", "workshop"]
