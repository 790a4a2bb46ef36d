#!/usr/bin/env bash
# Compares, and writes what the other steps of the action read. Whatever a user states comes in by the environment.
# Ends with 0 whatever came out: the last step of the action gives the verdict, after the reports are where they belong.
set -euo pipefail

folder="$RUNNER_TEMP/archdiff"
bin="$folder/venv/bin"
if [[ ! -d $bin ]]; then bin="$folder/venv/Scripts"; fi
mkdir -p "$folder"
rm -f "$folder"/report.*

options=(--output "$folder/report.json" --output "$folder/report.sarif" --output "$folder/report.md")
if [[ $ARCHDIFF_ANNOTATIONS == true ]]; then options+=(--output "$folder/report.github.txt"); fi
if [[ -n $ARCHDIFF_FAIL_ON ]]; then options+=(--fail-on "$ARCHDIFF_FAIL_ON"); fi
while IFS= read -r line; do
    if [[ -n $line ]]; then options+=("$line"); fi
done <<<"$ARCHDIFF_ARGS"

# Names inside a model's files must not pass for workflow commands.
token="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
echo "::stop-commands::$token"
code=0
"$bin/archdiff" diff "${options[@]}" -- "$ARCHDIFF_OLD" "$ARCHDIFF_NEW" 2>"$folder/error.txt" || code=$?
cat "$folder/error.txt" >&2
echo "::$token::"

echo "exit-code=$code" >>"$GITHUB_OUTPUT"
if [[ ! -f $folder/report.json ]]; then
    line="$(head -n 1 "$folder/error.txt" | sed 's/%/%25/g')"
    echo "::error title=archdiff could not tell::${line:-nothing was reported}"
    exit 0
fi

if [[ -f $folder/report.github.txt ]]; then cat "$folder/report.github.txt"; fi
if [[ $ARCHDIFF_SUMMARY == true ]]; then cat "$folder/report.md" >>"$GITHUB_STEP_SUMMARY"; fi
{
    echo "report=$folder/report.json"
    echo "sarif=$folder/report.sarif"
    echo "markdown=$folder/report.md"
    "$bin/python" -c '
import json, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
print("findings=%d" % len(report["findings"]))
print("impact=%s" % (report["summary"]["impact"] or "none"))
' "$folder/report.json"
} >>"$GITHUB_OUTPUT"
