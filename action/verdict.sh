#!/usr/bin/env bash
# End the job as `tflint check` ended, now that every report is where it belongs.
set -euo pipefail

case $TFLINT_EXIT_CODE in
0) echo 'nothing at or above the failing level' ;;
1) echo 'findings at or above the failing level, or a budget missed: see the step "Check"' ;;
*) echo "no verdict: exit code '$TFLINT_EXIT_CODE'" && exit 2 ;;
esac
exit "$TFLINT_EXIT_CODE"
