# en: Set-up. On Colab this installs dlbench and leaves Colab's own torch as it is; where dlbench is there already, it changes nothing.
# hu: Előkészítés. A Colabon telepíti a dlbenchet, és a Colab saját torch csomagjához nem nyúl; ahol a dlbench már megvan, nem változtat semmit.
import importlib.util
import os
import subprocess
import sys
import tempfile
from importlib import metadata

os.environ["DLBENCH_LANG"] = say("en", "hu")
SOURCE = "dlbench[train] @ git+https://github.com/{repository}"


class Stop(Exception):
    def _render_traceback_(self):
        return [str(self)]


def install():
    if sys.version_info < (3, 11):
        found = "%d.%d" % sys.version_info[:2]
        raise Stop(say("dlbench needs Python 3.11 or newer, received ", "A dlbenchhez legalább Python 3.11 kell, ez itt: ") + found + say(": choose the newest runtime version (Runtime > Change runtime type).", "; válaszd a legújabb futtatókörnyezetet (Futtatókörnyezet > Futtatókörnyezet típusának módosítása)."))
    kept = [f"{name}=={metadata.version(name)}" for name in ("torch", "torchvision", "torchaudio", "numpy") if importlib.util.find_spec(name)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write("\n".join(kept))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", file.name, SOURCE]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        why = ([line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["?"])[-1]
        raise Stop(say("dlbench could not be installed; is this runtime connected to the internet? pip says: ", "A dlbenchet nem sikerült telepíteni; van internet ebben a környezetben? A pip ezt írja: ") + why[:300])


if importlib.util.find_spec("dlbench") is None:
    install()
