"""Benchmarks: each prints ratios against a limit measured in the same run. No test reads a clock from here."""
