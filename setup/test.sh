#!/bin/sh
# All tests in three parts side by side, each with a database of its own: rooms and contracts; whole processes, which
# mostly wait; the browser, whose driver wants a loop of its own. With arguments: just those, in one go.
set -u
cd "$(dirname "$0")/.."
if [ "$#" -gt 0 ]; then
  exec .venv/bin/python -m pytest "$@"
fi
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
.venv/bin/python -m pytest tests/crash >"$said/crash" 2>&1 &
crash=$!
.venv/bin/python -m pytest tests/browser -p no:pytest_tornado >"$said/browser" 2>&1 &
browser=$!
trap 'kill "$crash" "$browser" 2>/dev/null; exit 130' INT TERM
.venv/bin/python -m pytest tests --ignore=tests/browser --ignore=tests/crash
failed=$?
wait "$crash" || failed=1
wait "$browser" || failed=1
cat "$said/crash" "$said/browser"
exit "$failed"
