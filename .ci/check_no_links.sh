#!/usr/bin/env bash
# A checkout without symbolic links, as Git makes it on Windows: tests, types, arrows and builds must work there.
#   check_no_links.sh FOLDER    copies the checkout to FOLDER/checkout and builds into FOLDER/dist
set -euo pipefail
cd "$(dirname "$0")/.."
work=$1

git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' name; do
  [ -e "$name" ] || continue
  mkdir -p "$work/checkout/$(dirname "$name")"
  if [ -L "$name" ]; then readlink -n "$name" >"$work/checkout/$name"; else cp -p "$name" "$work/checkout/$name"; fi
done
cp uv.lock "$work/checkout" # the same versions, without asking again
export MYPY_CACHE_DIR=$PWD/.mypy_cache # the same files but for the links
cd "$work/checkout"
unset VIRTUAL_ENV

DLBENCH_SOURCE_URL=https://example.org/dlbench/raw/main uv build --quiet --out-dir "$work/dist" .
uv run --quiet ruff check .
uv run python .ci/one_tree.py lint-imports
uv run python .ci/one_tree.py mypy
uv run pytest -q tests/test_proportion.py tests/test_cli.py -k "proportion or help or version or start"
