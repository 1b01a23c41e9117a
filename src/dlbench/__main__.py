"""Run the command line: `python -m dlbench compare`."""

import sys

from dlbench.cli import main

sys.exit(main())
