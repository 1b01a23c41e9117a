"""A measuring process that keeps its answers: what was asked once in this run is answered without measuring.

For tests that ask what becomes of rounds (files, tables, kills) and not what is measured. The first answer is that of
a real process; this one then takes a few milliseconds, because it imports neither numpy nor ONNX Runtime.

python -S -E replayed_worker.py FOLDER-OF-ANSWERS COMMAND... < request.json
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

_ITSELF = Path(__file__).resolve()


def replaying(answers: Path, real: list[str]) -> list[str]:
    """Return the command of a measuring process that keeps in this folder what the real command answers."""
    return [sys.executable, "-S", "-E", str(_ITSELF), str(answers), *real]


def _key(request: dict) -> str:
    """Return what is asked for; where the files lie makes no difference, what is in them does."""
    asked = {**request, "probe_model": bool(request.get("probe_model"))}
    if not request.get("rate_per_s"):
        asked.pop("arrival_seed", None)
    if "model" in request:
        asked["model"] = hashlib.sha256(Path(request["model"]).read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]


def main() -> int:
    """Answer the request on standard input."""
    text = sys.stdin.read()
    answers = Path(sys.argv[1])
    kept = answers / _key(json.loads(text))
    if kept.exists():
        sys.stdout.write(kept.read_text(encoding="utf-8"))
        return 0
    done = subprocess.run(sys.argv[2:], input=text, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    sys.stdout.write(done.stdout)
    if done.returncode == 0 and '"error"' not in done.stdout:
        answers.mkdir(parents=True, exist_ok=True)
        half = kept.with_name(f"{kept.name}-{os.getpid()}")
        half.write_text(done.stdout, encoding="utf-8")
        half.replace(kept)  # another worker of pytest-xdist reads all of it or nothing
    return done.returncode if done.returncode >= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
