"""Pages as HTML: contexts in, text out. Knows neither Tornado nor the database."""
