"""Attacks on the running service: each test is an attack, and passes when the attack gets nothing."""
