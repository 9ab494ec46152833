"""Makes the fixtures of the seal, the desk and the outside known in this folder."""

from tests.desk import desk, desk_settings, desk_store
from tests.seal.bench import seal_bench, seal_settings, sealed, tsa

__all__ = ["desk", "desk_settings", "desk_store", "seal_bench", "seal_settings", "sealed", "tsa"]
