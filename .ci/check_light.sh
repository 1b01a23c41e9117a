#!/usr/bin/env bash
# Install the built wheel without extras in a clean environment, and use it on a model made elsewhere.
#   check_light.sh FOLDER       with the wheel in FOLDER/dist
set -euo pipefail
work=$1

uv run dlbench train dense --workspace "$work/elsewhere" >/dev/null
uv run python -c "
import pathlib, tomllib
pins = tomllib.loads(pathlib.Path('pyproject.toml').read_text())['tool']['uv']['constraint-dependencies']
pathlib.Path('$work/pins.txt').write_text('\n'.join(pins))"

uv venv --quiet "$work/light"
uv pip install --quiet --python "$work/light/bin/python" --constraint "$work/pins.txt" "$work"/dist/*.whl
mkdir "$work/desk"
cp "$work/elsewhere/models/dense.onnx" "$work/desk/copied.onnx"
cd "$work/desk"
export PATH="$work/light/bin:$PATH"
python -c "
import importlib.util as u, dlbench
assert not any(u.find_spec(name) for name in ('torch', 'torchvision', 'mlxtend', 'train', 'bench')), 'not a light install'
assert '$work/light' in dlbench.__file__, dlbench.__file__"

dlbench compare copied.onnx --providers cpu,cuda --batch-sizes 1,8 --rounds 2 --budget 0
dlbench report dlbench-out/results/*.json --out pages
test -s pages/*.html
dlbench doctor
if dlbench train cnn 2>err.txt; then echo "train must refuse without torch"; exit 1; else test $? -eq 2; fi
test "$(wc -l <err.txt)" -eq 1 && grep -q 'dlbench\[train\]' err.txt && cat err.txt

uv venv --quiet "$work/from-sdist"
uv pip install --quiet --python "$work/from-sdist/bin/python" --constraint "$work/pins.txt" "$work"/dist/*.tar.gz
"$work/from-sdist/bin/python" -c "import dlbench, dlbench.train, dlbench.export, dlbench.bench, dlbench.viz"
