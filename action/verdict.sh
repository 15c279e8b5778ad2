#!/usr/bin/env bash
# End the job as `tflint check` ended, or because of models that grew too much, now that every
# report is where it belongs.
set -euo pipefail

case $TFLINT_EXIT_CODE in
0) echo 'nothing at or above the failing level' ;;
1) echo 'findings at or above the failing level, or a budget missed: see the step "Check"' ;;
*) echo "no verdict: exit code '$TFLINT_EXIT_CODE'" && exit 2 ;;
esac
# Nothing where there was no comparison.
if [[ -n $TFLINT_GROWN && $TFLINT_GROWN != 0 ]]; then
    echo "models that grew by more than max-growth allows: $TFLINT_GROWN, see the step \"Compare with the base\""
    exit 1
fi
exit "$TFLINT_EXIT_CODE"
