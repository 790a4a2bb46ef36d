#!/usr/bin/env bash
# Keeps one comment with the report on the pull request: the one that it wrote before, or a new one.
set -euo pipefail

mark="<!-- archdiff -->"
body="$RUNNER_TEMP/archdiff/comment.md"
{
    echo "$mark"
    cat "$ARCHDIFF_MARKDOWN"
} >"$body"

comments="repos/$GITHUB_REPOSITORY/issues/$ARCHDIFF_PULL/comments"
known="$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1)"
if [[ -n $known ]]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$body"
else
    gh api --silent --method POST "$comments" --field "body=@$body"
fi
