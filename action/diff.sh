#!/usr/bin/env bash
# Compare each model that changed since the base with what it was there: `tflint diff`, and with
# a limit of growth `tflint memory --against`.
#
# What cannot be compared is said and left out; only growth beyond the limit fails the job.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=workflow.sh
. "$here/workflow.sh"

# What the first line of a Git LFS pointer begins with.
pointer='version https://git-lfs.'
results=$(mktemp -d "$RUNNER_TEMP/tflint-diff.XXXXXX")
compared=0
grown=0

# Say why there is nothing to compare, and end the step well.
nothing() {
    if [[ $# -gt 0 ]]; then
        warn "$1"
    fi
    output compared "$compared"
    output grown "$grown"
    exit 0
}

commit_of() {
    git rev-parse --verify --quiet --end-of-options "$1^{commit}"
}

# What `--max-growth` takes, so that a slip of the pen is no limit that never fails.
is_limit() {
    [[ $1 =~ ^([0-9]{1,7}(\.[0-9]{1,6})?' '*%|[0-9]{1,15}' '*([KMGkmg]([iI]?[bB])?|[bB])?)$ ]]
}

# The memory of model $2 against that of $1, behind what `tflint diff` said.
compare_memory() {
    local code=0
    "$TFLINT" "${memory[@]}" --output="json=$results/memory.json" --against="$1" -- "$2" \
        >"$results/memory.md" 2>"$results/stderr" || code=$?
    if [[ $code -gt 1 || ! -s $results/memory.md ]]; then
        show "$results/stderr"
        warn "the memory of $2 was not compared: tflint memory ended with exit code $code"
        return
    fi
    printf '\n' >>"$results/diff.md"
    cat -- "$results/memory.md" >>"$results/diff.md"
    if [[ $("$TFLINT_PYTHON" -I "$here/growth.py" <"$results/memory.json") -gt 0 ]]; then
        grown=$((grown + 1))
        error "$2 grew by more than max-growth allows ($growth): see the summary"
    fi
}

is_pointer() {
    [[ $(head -c ${#pointer} -- "$1" | tr -d '\0') == "$pointer" ]]
}

split_lines "$INPUT_MAX_GROWTH"
growth=${lines[*]-}
if [[ -n $growth ]] && ! is_limit "$growth"; then
    fail "input 'max-growth' is '$growth': write it like 5%, 0%, 2048 or 2K"
fi
base=$INPUT_DIFF_BASE
if [[ -z $base ]]; then
    echo 'no base to compare with: this is no pull request, and no diff-base was given'
    nothing
fi
if [[ $base == -* ]]; then
    fail "input 'diff-base' is '$base': that is an option, not a commit"
fi
git rev-parse --git-dir >/dev/null || nothing 'models were not compared: the workspace is no Git repository'
if ! commit=$(commit_of "$base" || commit_of "refs/remotes/origin/$base"); then
    # `actions/checkout` fetches one commit; the base takes one more.
    git fetch --quiet --no-tags --depth=1 origin "$base" ||
        nothing "models were not compared: '$base' could not be fetched; check out with fetch-depth: 0"
    commit=$(commit_of FETCH_HEAD)
fi

arguments=(memory --format=markdown)
pass --max-growth "$growth"
pass --target "$INPUT_TARGET"
pass --config "$INPUT_CONFIG"
memory=("${arguments[@]}")

# The exit code is to say whether the comparison was made, and nothing about findings.
arguments=(diff --format=markdown --fail-on=never)
pass --target "$INPUT_TARGET"
pass --config "$INPUT_CONFIG"
pass --select "$INPUT_SELECT"
pass --extend-select "$INPUT_EXTEND_SELECT"
pass --ignore "$INPUT_IGNORE"

split_lines "$INPUT_PATHS"
git --literal-pathspecs diff -z --name-status --find-renames --diff-filter=MR --relative \
    "$commit" -- ${lines[@]+"${lines[@]}"} >"$results/changed" ||
    nothing 'models were not compared: git diff failed, see the log'

while IFS= read -r -d '' status; do
    IFS= read -r -d '' old
    new=$old
    if [[ $status == R* ]]; then
        IFS= read -r -d '' new
    fi
    # As far as names go; `shopt -s nocasematch` would also touch the comparison of pointers.
    case $new in
    *.[tT][fF][lL][iI][tT][eE]) ;;
    *) continue ;;
    esac
    before=$results/base/$old
    mkdir -p -- "$(dirname -- "$before")"
    # --filters: content as a checkout would have it, so from Git LFS where that is set up.
    if ! git cat-file --filters "$commit:./$old" >"$before" 2>"$results/stderr"; then
        show "$results/stderr"
        warn "$old was not compared: the base's version could not be read"
        continue
    fi
    if is_pointer "$before"; then
        warn "$old was not compared: its base is a Git LFS pointer, and Git LFS is not set up"
        continue
    fi
    if is_pointer "$new"; then
        warn "$new was not compared: it is a Git LFS pointer; check out with lfs: true"
        continue
    fi
    code=0
    "$TFLINT" "${arguments[@]}" -- "$before" "$new" >"$results/diff.md" 2>"$results/stderr" || code=$?
    if [[ $code -ne 0 || ! -s $results/diff.md ]]; then
        show "$results/stderr"
        warn "$new was not compared: tflint diff ended with exit code $code"
        continue
    fi
    compared=$((compared + 1))
    if [[ -n $growth ]]; then
        compare_memory "$before" "$new"
    fi
    # The base by its name in Git, not by where its copy lies.
    text=$(<"$results/diff.md")
    printf '\n%s\n' "${text//"$results/base/"/${commit:0:12}:}" >>"$results/summary.md"
done <"$results/changed"

if [[ $compared -gt 0 ]]; then
    show "$results/summary.md"
    if enabled summary "$INPUT_SUMMARY"; then
        "$TFLINT_PYTHON" -I "$here/summary.py" <"$results/summary.md"
    fi
fi
output compared "$compared"
output grown "$grown"
