"""Make the pictures of the README from a run on the made-up council: a school list, one of its sheets, and the governance page.

    python scripts/pictures.py [--run demo/out] [--to docs/images]

Without a run in that folder the demo is made first. Needs a Chromium, and playwright from the extra ``dev``.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
WIDTH, MARGIN, LARGEST_BYTES = 960, 16, 150_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@dataclass(frozen=True)
class Picture:
    """A part of the first page of one kind of output: its first pixels, or one element of it."""

    name: str
    kind: str
    height: int = 0
    element: str = ""


PICTURES = (
    Picture("school_list", "school_list", height=540),
    Picture("suggestion", "school_list", element="section.sheet >> nth=0"),
    Picture("governance", "governance", height=1400),
)


def open_run(folder: Path) -> list[dict[str, Any]]:
    """The outputs of a run on made-up data; the demo is made where the default folder holds none."""
    if not (folder / "run.json").is_file():
        if folder != ROOT / "demo" / "out":
            sys.exit(f"There is no run in {folder}.")
        subprocess.run([sys.executable, "-m", "early_id", "demo", "--out", "demo"], check=True, cwd=ROOT)
    if not (folder.parent / "truth").is_dir():
        sys.exit("Pictures are made of made-up councils only; there is no truth/ beside this run.")
    outputs: list[dict[str, Any]] = json.loads((folder / "run.json").read_text(encoding="utf-8"))["outputs"]
    return outputs


def page_of(outputs: list[dict[str, Any]], kind: str) -> str:
    """The first page of a kind; of the lists the first that names a family."""
    pages = [str(item["path"]) for item in outputs if item["kind"] == kind and str(item["path"]).endswith(".html") and item.get("families", 1)]
    if not pages:
        sys.exit(f"The run made no page of the kind {kind}.")
    return pages[0]


def photograph(page: Any, picture: Picture) -> bytes:
    """The part of an open page that a picture shows; an element gets a margin."""
    if not picture.element:
        return bytes(page.screenshot())
    box = page.locator(picture.element).bounding_box()
    clip = {"x": 0, "y": max(box["y"] - MARGIN, 0), "width": WIDTH, "height": box["height"] + 2 * MARGIN}
    return bytes(page.screenshot(full_page=True, clip=clip))


def small_png(screenshot: bytes) -> bytes:
    """A screenshot as a PNG of few colours, under the size allowed."""
    with Image.open(io.BytesIO(screenshot)) as opened:
        picture = opened.convert("RGB")
    for colours in (64, 32, 16):
        buffer = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
        if buffer.tell() < LARGEST_BYTES:
            return buffer.getvalue()
    sys.exit("A picture is over 150 KB even with 16 colours: show less of the page.")


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, default=ROOT / "demo" / "out", help="output folder of a run on made-up data")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "images", help="folder for the pictures")
    options = parser.parse_args()
    chromium = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if chromium is None:
        sys.exit("No Chromium was found. Install one (Debian, Ubuntu: sudo apt-get install chromium) and run this again.")
    run = options.run.resolve()
    outputs = open_run(run)
    options.to.mkdir(parents=True, exist_ok=True)

    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # --no-sandbox: in a container the root user may not start Chromium otherwise; the pages are our own and ask for nothing.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            page = browser.new_page(viewport={"width": WIDTH, "height": picture.height or 1200})
            page.goto((run / page_of(outputs, picture.kind)).as_uri())
            made = small_png(photograph(page, picture))
            (options.to / f"{picture.name}.png").write_bytes(made)
            sys.stdout.write(f"{picture.name}.png: {len(made) // 1000} KB\n")
        browser.close()


if __name__ == "__main__":
    main()
