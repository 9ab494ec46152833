#!/bin/sh
# Resolve requirements*.in into the full lists requirements*.txt, in fresh environments.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/run"
"$folder/run/bin/pip" install -q --disable-pip-version-check -r requirements.in
{ echo "# Everything requirements.in needs, resolved by 'make lock'."; "$folder/run/bin/pip" freeze; } >requirements.txt
"$folder/run/bin/pip" install -q --disable-pip-version-check -r requirements.txt -r requirements-dev.in
{
    echo "# What requirements-dev.in needs beside requirements.txt, resolved by 'make lock'."
    "$folder/run/bin/pip" freeze --all | grep -vxFf requirements.txt | grep -v '^pip=='
} >requirements-dev.txt
