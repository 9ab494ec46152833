"""The fictional sample registry: companies, people and scanned papers from a seed (`eqicha.py sample`)."""
