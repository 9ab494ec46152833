#!/bin/sh
# All tests: rooms and contracts in one call, the browser in another (its driver wants a loop of its own).
set -u
cd "$(dirname "$0")/.."
.venv/bin/python -m pytest tests --ignore=tests/browser "$@"
rooms=$?
.venv/bin/python -m pytest tests/browser -p no:pytest_tornado
browser=$?
[ "$rooms" -eq 0 ] && [ "$browser" -eq 0 ]
