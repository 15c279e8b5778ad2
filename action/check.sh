#!/usr/bin/env bash
# Run `tflint check`, show findings as annotations, keep the reports for the steps after.
#
# Findings do not end the job here, `verdict.sh` does: reports are to be uploaded first.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=workflow.sh
. "$here/workflow.sh"

results=$(mktemp -d "$RUNNER_TEMP/tflint-results.XXXXXX")
sarif=${INPUT_SARIF_FILE:-$results/tflint.sarif}
arguments=(check)

pass --target "$INPUT_TARGET"
pass --config "$INPUT_CONFIG"
pass --select "$INPUT_SELECT"
pass --extend-select "$INPUT_EXTEND_SELECT"
pass --ignore "$INPUT_IGNORE"
pass --fail-on "$INPUT_FAIL_ON"
pass --baseline "$INPUT_BASELINE"
pass --max-flash "$INPUT_MAX_FLASH"
pass --max-ram "$INPUT_MAX_RAM"
pass --max-macs "$INPUT_MAX_MACS"
arguments+=("--output=json=$results/report.json" "--output=sarif=$sarif")
if enabled summary "$INPUT_SUMMARY"; then
    arguments+=("--output=markdown=$results/summary.md")
fi
if enabled annotations "$INPUT_ANNOTATIONS"; then
    format=github
else
    format=text
fi
split_lines "$INPUT_PATHS"
arguments+=("--format=$format" -- ${lines[@]+"${lines[@]}"})

mkdir -p -- "$(dirname -- "$sarif")"
code=0
"$TFLINT" "${arguments[@]}" >"$results/stdout" 2>"$results/stderr" || code=$?
if [[ $format == github && $code -le 1 ]]; then
    cat -- "$results/stdout" # the annotations: commands that the runner is to follow
else
    show "$results/stdout"
fi
if [[ -s $results/stderr ]]; then
    show "$results/stderr"
fi
# Python, too, ends with 1 when it crashes; then there is no report.
if [[ $code -gt 1 || ! -s $results/report.json ]]; then
    fail "tflint check could not be carried out (exit code $code): $(tail -n 1 "$results/stderr")"
fi

# Counts become outputs; models above the size budget become annotations and exit code 1.
"$TFLINT_PYTHON" -I "$here/report.py" "$results/report.json" --max-file-size "$INPUT_MAX_FILE_SIZE" \
    --exit-code "$code" --append "$results/summary.md" >>"$GITHUB_OUTPUT" ||
    fail "the report could not be read, see the log"
output report "$results/report.json"
output sarif "$sarif"

if enabled summary "$INPUT_SUMMARY"; then
    "$TFLINT_PYTHON" -I "$here/summary.py" <"$results/summary.md"
fi
