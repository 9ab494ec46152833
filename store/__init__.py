"""MongoDB, and nothing else knows it is MongoDB."""
