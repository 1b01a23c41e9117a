"""Run the command line: `python -m dlbench compare`."""

import os
import sys

# `python -m` puts the current folder first, and a `random.py` that lies there would be imported. Only `os` is surely
# loaded already, so no pathlib here.
if not sys.flags.safe_path and sys.path[0] == os.getcwd() != os.path.dirname(os.path.dirname(__file__)):  # noqa: PTH109, PTH120
    del sys.path[0]

from dlbench.cli import main

sys.exit(main())
