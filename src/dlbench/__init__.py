"""dlbench: what does this network cost on this hardware, and what does it see?

    import dlbench
    dlbench.__version__

The parts: `dlbench.train` (torch), `dlbench.export` (torch -> ONNX), `dlbench.bench` (timing, verdicts,
cost, reports), `dlbench.viz` (pictures). Importing this package imports none of them.
"""

from dlbench.errors import DlbenchError
from dlbench.version import __version__

__all__ = ["DlbenchError", "__version__"]
