#!/bin/sh
# Run a command whose findings (exit code 1) are what the demo wants to show.
#
# Python also exits with 1 on an exception nobody caught, so a traceback on stderr is a failure.
set -u

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

echo "$*"
"$@" 2>"$errors"
code=$?
cat "$errors" >&2
if grep -q 'Traceback (most recent call last)' "$errors"; then
    echo "error: the command above crashed" >&2
    exit 1
fi
if [ "$code" -gt 1 ]; then
    echo "error: the command above exited with $code" >&2
    exit "$code"
fi
