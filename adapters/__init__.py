"""Each outside system behind one Protocol; which implementation is used is a setting."""
