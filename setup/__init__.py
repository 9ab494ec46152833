"""Setting a machine up and starting the trial set: used by the Makefile and the tests, never by the service."""
