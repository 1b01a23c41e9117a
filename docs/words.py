"""Write docs/words.md from the word list of dlbench: run this after a change of `src/dlbench/show/locale/word_list.py`.

uv run python docs/words.py
"""

from __future__ import annotations

from pathlib import Path

from dlbench.show.locale.word_list import WORDS

PAGE = Path(__file__).with_name("words.md")


def page() -> str:
    """Return the page as Markdown."""
    rows = "\n".join(f"| {word} | {meaning} |" for word, meaning in WORDS.items())
    return f"""# The words of the tables

Each in a sentence. `dlbench help words` prints this list, `dlbench help MACs` one word of it. In a report and in a
notebook a word's meaning appears where the mouse rests on the head of a column. [Reading the tables](tables.md) goes
through the tables column by column.

| word | what it means |
|---|---|
{rows}
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
