"""Makes the fixtures of the seal known in this folder."""

from tests.seal.bench import seal_bench, seal_settings, sealed, tsa

__all__ = ["seal_bench", "seal_settings", "sealed", "tsa"]
