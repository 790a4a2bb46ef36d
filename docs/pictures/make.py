"""``python docs/pictures/make.py``: the pictures of the documentation, each from a real run of what it shows.

Needs Graphviz for the diagram and Chromium for the web report; what cannot be made here is named and left as it is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

import archdiff
from archdiff.render import terminal
from archdiff.render.screen import Screen

if TYPE_CHECKING:
    from archdiff.render import Document

FOLDER = Path(__file__).parent
OLD, NEW = "gpt-oss-120b", "solar-open-100b"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH, LINES = 100, 46
BLACK, RED, GREEN, YELLOW = (31, 35, 40), (180, 35, 24), (26, 127, 55), (138, 90, 0)
BLUE, MAGENTA, CYAN, GREY = (9, 105, 218), (130, 80, 223), (27, 124, 131), (87, 96, 106)
THEME = TerminalTheme((255, 255, 255), BLACK, [BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, GREY])
SVG = """<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="#ffffff" stroke="#d0d7de" x="1" y="1" width="{terminal_width}" height="{terminal_height}" rx="8"/>
<g transform="translate(9, 9)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""As rich draws it, without window buttons and without fonts from elsewhere."""


def screenshot(document: Document, title: str) -> str:
    """What a terminal shows of a document, as SVG: the command, and the first lines of what it prints."""
    console = Console(record=True, width=WIDTH, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - never read
    shown = terminal.text(document, Screen(WIDTH, colour=True)).splitlines()
    console.print(Text(f"$ {title}\n", style="bold"))
    console.print(Text.from_ansi("\n".join(shown[:LINES])))
    if len(shown) > LINES:
        console.print(Text("…", style="dim"))
    return console.export_svg(title=title, theme=THEME, code_format=SVG, unique_id="archdiff")


def photograph(page: Path, out: Path, *, scheme: str) -> None:
    """What a browser shows of a page: PNG, 1,440 × 1,000."""
    from playwright.sync_api import sync_playwright

    browser = next(path for name in BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        view = opened.new_page(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
        view.goto(page.as_uri())
        view.locator("#findings").scroll_into_view_if_needed() if scheme == "dark" else None
        view.screenshot(path=out)
        opened.close()


def main() -> None:
    """Make all of them."""
    report = archdiff.diff(OLD, NEW)
    (FOLDER / "terminal.svg").write_text(screenshot(report, f"archdiff diff {OLD} {NEW}"))
    if shutil.which("dot"):
        (FOLDER / "diagram.svg").write_text(str(archdiff.render_report(report, "svg")))
    else:
        sys.stderr.write("diagram.svg: Graphviz is missing\n")
    if not any(map(shutil.which, BROWSERS)):
        sys.stderr.write("web-*.png: Chromium is missing\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(str(archdiff.render_report(report, "html")))
        for scheme in ("light", "dark"):
            photograph(page, FOLDER / f"web-{scheme}.png", scheme=scheme)


if __name__ == "__main__":
    main()
