"""What a browser makes of a page: how wide it is, what it asks for, what stands in it.

A page under test forbids scripts, so another one looks at it, in a frame of the width that is
asked for.
"""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
_DRIVER = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="found">nothing</pre>{frames}
<script>
const found = [];
addEventListener("load", () => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    const page = frame.contentDocument, root = page.documentElement;
    const opened = page.querySelectorAll("details[open]").length;
    for (const details of page.querySelectorAll("details")) details.open = true;
    const outside = [...page.querySelectorAll("body *")].filter(element =>
      !element.closest(".scroll") && element.getBoundingClientRect().right > root.clientWidth + 1);
    found.push({{
      opened: opened,
      width: root.clientWidth,
      scroll_width: root.scrollWidth,
      outside: outside.map(element => element.tagName + " " + element.textContent.slice(0, 80)),
      requests: frame.contentWindow.performance.getEntriesByType("resource").map(e => e.name),
      elements: [...new Set([...page.querySelectorAll("*")].map(e => e.localName))],
      rows: [...page.querySelectorAll("tr")].map(row =>
        [...row.children].map(cell => cell.textContent)),
      texts: [...page.querySelectorAll("svg text")].map(text => text.textContent),
      titles: [...page.querySelectorAll("svg title")].map(title => title.textContent),
      drawn: [...page.querySelectorAll("svg.chart path")].filter(path =>
        path.getBoundingClientRect().width > 0).length,
    }});
  }}
  document.getElementById("found").textContent = JSON.stringify(found);
}});
</script></body>"""


@dataclass(frozen=True)
class Look:
    """A page in a frame of some width, as the driver found it: all that folds was opened then,
    `opened` is how much of it was before.
    """

    opened: int
    width: int
    scroll_width: int
    outside: list[str]
    requests: list[str]
    elements: list[str]
    rows: list[list[str]]
    texts: list[str]
    titles: list[str]
    drawn: int


def looks(
    page: str, folder: Path, widths: Sequence[int], fragment: str = ""
) -> tuple[list[Look], str]:
    """The page at each width, and what the browser's console said; `fragment` is a link in it."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    frames = "".join(
        f'<iframe src="page.html{fragment}" style="width:{width}px;height:900px;border:0"></iframe>'
        for width in widths
    )
    driver = folder / "driver.html"
    driver.write_text(_DRIVER.format(frames=frames), encoding="utf-8")
    done = subprocess.run(
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"),
            *("--allow-file-access-from-files", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--user-data-dir={folder / 'profile'}", "--dump-dom", driver.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = done.stdout.partition('<pre id="found">')[2].partition("</pre>")[0]
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return [Look(**entry) for entry in json.loads(html.unescape(shown))], console
