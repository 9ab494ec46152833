#!/bin/sh
# All tests in two halves side by side, each with a database of its own: rooms and contracts; whole processes, then the
# browser (whose driver wants a loop of its own). With arguments: just those, in one go.
set -u
cd "$(dirname "$0")/.."
if [ "$#" -gt 0 ]; then
  exec .venv/bin/python -m pytest "$@"
fi
half=$(mktemp)
trap 'rm -f "$half"' EXIT
(
  .venv/bin/python -m pytest tests/crash
  whole=$?
  .venv/bin/python -m pytest tests/browser -p no:pytest_tornado
  browser=$?
  [ "$whole" -eq 0 ] && [ "$browser" -eq 0 ]
) >"$half" 2>&1 &
second=$!
trap 'kill "$second" 2>/dev/null; exit 130' INT TERM
.venv/bin/python -m pytest tests --ignore=tests/browser --ignore=tests/crash
rooms=$?
wait "$second"
others=$?
cat "$half"
[ "$rooms" -eq 0 ] && [ "$others" -eq 0 ]
