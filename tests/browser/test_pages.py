"""Pages in a real browser: no request, no error, accessible, readable on a phone and on paper."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed, so pages were not opened in a browser")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed, so accessibility was not checked")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists() and os.environ.get("EARLY_ID_REQUIRE_TOOLS") != "1",
    reason="no Chromium on this machine, so pages were not opened in a browser",
)

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

PAGES = ("governance_restricted", "governance_publishable", "notice_parents", "notice_young_people")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import report_material as made

    from early_id.report import governance_pack, write_notices

    out = tmp_path_factory.mktemp("pages")
    kw = made.everything()
    governance_pack(kw["trial"], kw["audit"], kw["lists"], to=out / "governance.html", context=kw["context"])
    write_notices(out, made.notice_context())
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture()
def opened(browser: Any, folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Any, list[str], list[str]]]:
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda call: requests.append(call.url))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((folder / f"{request.param}.html").as_uri())
    yield page, requests, errors
    page.close()


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_a_page_asks_for_nothing_and_is_accessible(opened: tuple[Any, list[str], list[str]]) -> None:
    page, requests, errors = opened
    assert [url for url in requests if not url.startswith("data:")] == [page.url]
    assert errors == []
    found = axe.Axe().run(page).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"][:120]) for item in found if item["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_a_narrow_screen_needs_no_sideways_scrolling_of_the_page(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    page.set_viewport_size({"width": 320, "height": 800})  # 1280 pixels at 400 % (WCAG 2.2, 1.4.10)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_the_keyboard_reaches_the_skip_link_first(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0


@pytest.mark.parametrize("opened", ["governance_publishable"], indirect=True)
def test_text_in_pictures_stays_inside_them(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    outside = page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
             const box = svg.getBoundingClientRect();
             return [...svg.querySelectorAll('text')].filter(t => {
               const b = t.getBoundingClientRect();
               const wide = b.left < box.left - 1 || b.right > box.right + 1;
               return b.width && (wide || b.top < box.top - 2 || b.bottom > box.bottom + 2);
             }).map(t => t.textContent); })"""
    )
    assert outside == []
