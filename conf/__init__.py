"""What every room may know: settings, terms, errors, logs. Imports no other room."""
