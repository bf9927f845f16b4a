# For the tests that need Python: each sources this, and is left out where there is none.

# Ends the test, which was not run. That is fine on a machine that lacks something, and a failure in CI.
leave_out() {
    echo "NOT RUN: $0: $1" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}

# Makes an environment in a folder, with packages: python_with FOLDER PACKAGE…
python_with() {
    environment=$1
    shift
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        leave_out 'there is no python3 with venv: apt-get install python3-venv'
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "$@" ||
        leave_out "pip has not installed $*: it needs a network, or an index of packages that can be reached"
}
