#!/bin/sh
# Create a virtual environment with pip in it, also where Python's own `venv` cannot.
#
#   make_venv.sh PYTHON FOLDER
#
# Debian and Ubuntu ship Python without ensurepip unless python3-venv is installed. So, in turn:
#   1. python -m venv
#   2. python -m venv --without-pip, then the pip outside installs one inside (pip >= 22.3)
#   3. virtualenv, installed beside the environment for the moment
set -eu

python=$1
venv=$2
tools=$venv-tools # virtualenv, where nothing else works
log=$venv.log
ours=no # whether what stands in FOLDER was made here

# A user's pip settings must not send packages elsewhere.
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    if [ "$ours" = yes ]; then rm -rf "$venv"; fi
    echo "error: $1" >&2
    exit 1
}

has_pip() {
    "$1" -m pip --version >>"$log" 2>&1
}

remove_venv() {
    if [ -e "$venv/pyvenv.cfg" ] || [ "$ours" = yes ]; then
        rm -rf "$venv"
    elif [ -e "$venv" ]; then
        fail "$venv exists and is no virtual environment: move it away, or choose another with VENV="
    fi
}

command -v "$python" >/dev/null 2>&1 ||
    fail "no '$python' found: install Python 3.10 or newer, or name one with PYTHON="
# Written to run on Python 2 as well.
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) ||
    fail "'$python' does not run: install Python 3.10 or newer, or name one with PYTHON="
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "tflint needs Python 3.10 or newer, '$python' is $version: name another with PYTHON="

remove_venv
ours=yes
mkdir -p "$(dirname "$venv")"
: >"$log"
trap 'rm -rf "$log" "$tools"' EXIT

if "$python" -m venv "$venv" >>"$log" 2>&1 && has_pip "$venv/bin/python"; then
    how="venv"
else
    has_pip "$python" ||
        fail "'$python' has neither ensurepip nor pip: install one (Debian, Ubuntu: python3-pip)"
    remove_venv
    if "$python" -m venv --without-pip "$venv" >>"$log" 2>&1 &&
        "$python" -m pip --python "$venv/bin/python" install --quiet pip >>"$log" 2>&1 &&
        has_pip "$venv/bin/python"; then
        how="venv and the pip of '$python'"
    else
        remove_venv
        if "$python" -m pip install --quiet --target "$tools" virtualenv >>"$log" 2>&1 &&
            VIRTUALENV_OVERRIDE_APP_DATA="$tools/app-data" PYTHONPATH="$tools" \
                "$python" -m virtualenv --quiet --no-periodic-update "$venv" >>"$log" 2>&1 &&
            has_pip "$venv/bin/python"; then
            how="virtualenv"
        else
            cat "$log" >&2
            fail "no way to create $venv worked, see above"
        fi
    fi
fi
echo "created $venv with Python $version ($how)"
