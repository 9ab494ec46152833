"""A backup file: frames.py seals and opens it, reading.py reads the database, checking.py proves what came out."""
