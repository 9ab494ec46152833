"""The fictional sample registry: companies, people and scanned papers, reproducible from a seed (`eqicha.py sample`)."""
