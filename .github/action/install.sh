#!/usr/bin/env bash
# Installs archdiff from the checkout of this action into an environment of its own.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
environment="$RUNNER_TEMP/archdiff/venv"

if ! "$ARCHDIFF_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "::error title=archdiff::Python 3.11 or newer is needed; run actions/setup-python before this action"
    exit 2
fi
if [[ -n $ARCHDIFF_EXTRAS && ! $ARCHDIFF_EXTRAS =~ ^[a-z]+(,[a-z]+)*$ ]]; then
    echo "::error title=archdiff::the input extras is no list of names separated by commas"
    exit 2
fi

arguments=()
while IFS= read -r line; do
    if [[ -n $line ]]; then arguments+=("$line"); fi
done <<<"$ARCHDIFF_PIP_ARGS"

"$ARCHDIFF_PYTHON" -m venv "$environment"
python="$environment/bin/python"
if [[ ! -e $python ]]; then python="$environment/Scripts/python.exe"; fi
"$python" -m pip install --quiet --disable-pip-version-check --constraint "$here/constraints.txt" \
    ${arguments[@]+"${arguments[@]}"} "$here${ARCHDIFF_EXTRAS:+[$ARCHDIFF_EXTRAS]}"
