# What the steps share: reading inputs, and speaking to the runner. Sourced, not run.
# shellcheck shell=bash

# End the step because the call could not be carried out.
fail() {
    error "$1"
    exit 2
}

# Say on the run's page what will fail the job; the step goes on.
error() {
    printf '::error title=tflint::%s\n' "$(escape "$1")"
}

# Say on the run's page what was left out and why; the job goes on.
warn() {
    printf '::warning title=tflint::%s\n' "$(escape "$1")"
}

# The text as a workflow command takes it: one line.
escape() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '%s' "${text//$'\n'/%0A}"
}

# Print a file that holds what others wrote. Between the two marks the runner follows no commands,
# so that a name such as `::set-env` inside a model stays a name.
show() {
    local mark
    mark=tflint-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '::stop-commands::%s\n' "$mark"
    cat -- "$1"
    printf '\n::%s::\n' "$mark"
}

# Fill the array `lines` with the lines of $1, trimmed, without the empty ones.
split_lines() {
    lines=()
    local line
    while IFS= read -r line; do
        line=${line#"${line%%[![:space:]]*}"}
        line=${line%"${line##*[![:space:]]}"}
        if [[ -n $line ]]; then
            lines+=("$line")
        fi
    done <<<"$1"
}

# Add the option $1 to the array `arguments` once for each line of $2.
pass() {
    split_lines "$2"
    local line
    for line in ${lines[@]+"${lines[@]}"}; do
        arguments+=("$1=$line")
    done
}

# Whether input $1 with the value $2 is switched on.
enabled() {
    case $2 in
    true) return 0 ;;
    false) return 1 ;;
    *) fail "input '$1' is '$2': write true or false" ;;
    esac
}

# Hand a value to later steps.
output() {
    if [[ $2 == *[$'\r\n']* ]]; then
        fail "output '$1' would have a line break in it"
    fi
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}
