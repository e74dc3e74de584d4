"""Pages in a real browser: no request, no error, accessible, used by keyboard alone, readable on a phone and on paper."""

from __future__ import annotations

import os
import re
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

#: Each page, and the sides of A4 that it may take in print: what a board reads has to be read.
SIDES = {
    "governance_restricted": 16,
    "governance_publishable": 16,
    "comparison": 8,
    "findings": 2,
    "notice_parents": 2,
    "notice_young_people": 2,
}
PAGES = tuple(SIDES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import report_material as made

    from early_id.present.write import write_text
    from early_id.report import governance_pack, write_notices
    from early_id.report.comparison import comparison_page

    out = tmp_path_factory.mktemp("pages")
    kw = made.everything(made.MANY_GROUPS)  # as many characteristics as a council holds, so that sides are counted of a real size
    governance_pack(kw["trial"], kw["audit"], kw["lists"], to=out / "governance.html", context=kw["context"])
    write_text(out / "comparison.html", comparison_page(kw["trial"], made_up=True))
    write_findings(out)
    write_notices(out, made.notice_context())
    return out


def write_findings(out: Path) -> None:
    """The page of findings, of a store that is not there but for what the page reads."""
    from early_id.data.covered import Coverage
    from early_id.data.pages.findings import Taken
    from early_id.data.pages.write import write_findings as write

    kinds = ["ATT001", "HSE001", "PUP003"]
    told = [
        {
            "code": code,
            "severity": "ERROR",
            "count": 14,
            "message": "A mark with an unknown code.",
            "advice": "Correct the export.",
            "where": f"file_{n}.csv",
            "columns": "",
        }
        for n, code in enumerate(kinds * 6)
    ]
    files = [
        {
            "file": row["where"],
            "source": "education",
            "table": "attendance",
            "received": "2025-11-09",
            "rows_in": 90,
            "rows_kept": 76,
            "rows_set_aside": 14,
        }
        for row in told
    ]
    batch = {"number": 1, "findings": [{**row, "source": "education"} for row in told], "files": files}
    write(Taken((batch,), Coverage(), made_up=True), out, contact="the analyst")


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


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_everything_is_reached_by_keyboard_in_order_and_seen_when_it_is(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    # Everything that takes the focus, in the order of the page; what is folded away takes none.
    wanted = page.evaluate(
        """() => { window.all = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(e => e.tagName === 'SUMMARY' || e.checkVisibility());
                   return window.all.length; }"""
    )
    reached, unseen = [], []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        n, seen = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e); return [window.all.indexOf(e), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]; }"
        )
        reached.append(n)
        if not seen:
            unseen.append(n)
    assert reached == list(range(wanted))
    assert unseen == []
    if page.locator("details").count():
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('details').open")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('details').contains(document.activeElement) || !document.querySelector('details table')")


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_it_prints_on_few_sides(opened: tuple[Any, list[str], list[str]], request: pytest.FixtureRequest) -> None:
    page, _, _ = opened
    name = Path(page.url).stem
    sides = len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True)))
    print(f"{name}: {sides} sides")
    assert sides <= SIDES[name]


@pytest.mark.parametrize("opened", ["governance_restricted"], indirect=True)  # nobody decides by the published one
def test_page_1_holds_the_decision_and_nothing_of_section_1(opened: tuple[Any, list[str], list[str]]) -> None:
    """A board member has to be able to act on the first printed side: so much height has it, at the width that prints."""
    page, _, _ = opened
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 990})  # 180 mm by 263 mm of A4 at 96 dots an inch
    assert page.evaluate("document.querySelector('.decision').getBoundingClientRect().bottom") <= 990


def test_page_1_holds_the_decision_where_most_is_to_be_said(browser: Any, tmp_path: Path) -> None:
    """Four gaps on each of two lists, need recorded too seldom, groups too small to tell: the longest front page there is."""
    import report_material as made

    from early_id.audit.recording import LESS
    from early_id.report.governance import governance_html

    few = "cannot be estimated: fewer than 10 with or without an outcome on one side"
    rows = [("Black", 30.0, 160.0, LESS), ("Mixed", 3.0, 65.0, few), ("White", 180.0, 900.0, "agree")]
    kw = made.with_second_outcome(rows, made.MANY_GROUPS, audiences=("hub_lead", "school_lead"))
    for trial in kw["trial"].values():
        trial["reasons"] = [
            "The bar does not say on which earlier test date this model was named. So nothing shows that it was chosen before. " + 20 * "More. "
        ]
    for result in kw["audit"].values():
        found = result.rows["group"].isin(["Black", "EHC plan", "White"]) & result.rows["primary"]
        result.rows.loc[found, "verdict"] = "gap found"
    (tmp_path / "full.html").write_text(
        governance_html(kw["trial"], kw["audit"], kw["lists"], context=kw["context"], publishable=False), encoding="utf-8"
    )
    page = browser.new_page(viewport={"width": 680, "height": 990})  # as above
    page.goto((tmp_path / "full.html").as_uri())
    page.emulate_media(media="print")
    assert "more gap" in page.inner_text("section.front")
    assert page.evaluate("document.querySelector('.decision').getBoundingClientRect().bottom") <= 990
    page.close()


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
