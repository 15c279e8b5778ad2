#!/usr/bin/env bash
# Install tflint into an environment of its own: the job's Python stays as it is.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=workflow.sh
. "$(dirname "${BASH_SOURCE[0]}")/workflow.sh"

# A user's pip settings must not send packages elsewhere.
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1

case ${INPUT_VERSION:-} in
-*) fail "input 'version' is '$INPUT_VERSION': that is an option, not something to install" ;;
'') set -- --constraint "$GITHUB_ACTION_PATH/constraints.txt" -- "$GITHUB_ACTION_PATH" ;;
*) set -- -- "$INPUT_VERSION" ;;
esac

python=${INPUT_PYTHON:-python3}
venv=$RUNNER_TEMP/tflint-environment

"$python" -m venv "$venv" || fail "'$python' cannot create a virtual environment"
scripts=$venv/bin
if [[ -d $venv/Scripts ]]; then # Windows
    scripts=$venv/Scripts
fi

"$scripts/python" -m pip install --quiet "$@" || fail "pip could not install tflint, see the log"

"$scripts/tflint" --version
output program "$scripts/tflint"
output python "$scripts/python"
