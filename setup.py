"""The README for a package index, which shows no relative links: they lead to the source that is built.

    DLBENCH_SOURCE_URL=https://HOST/OWNER/dlbench/raw/COMMIT uv build

On GitHub Actions the address comes from the run itself. Without an address the README stays as it is. Everything else
is in pyproject.toml.
"""

import os
import re
from pathlib import Path

from setuptools import setup


def source_url() -> str | None:
    """Return where a file of this source can be read, without the slash at the end."""
    given = os.environ.get("DLBENCH_SOURCE_URL")
    if given or "GITHUB_REPOSITORY" not in os.environ:
        return given
    return "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/raw/{GITHUB_SHA}".format(**os.environ)


def with_absolute_links(text: str, url: str | None) -> str:
    """Return the Markdown with its relative links and pictures below `url`."""
    return re.sub(r"(?<=\]\()(?!#|[a-z]+:)", f"{url}/", text) if url else text


readme = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
setup(
    long_description=with_absolute_links(readme, source_url()),
    long_description_content_type="text/markdown",
)
