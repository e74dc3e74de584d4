"""A list's page in a browser: no request, no script, accessible, one side of A4 a sheet."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from explain_fixtures import people_of, shipped_matrix, shipped_model

from early_id.screening.lists import screen
from early_id.screening.write import write_lists

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("EARLY_ID_REQUIRE_TOOLS") != "1", reason="no Chromium on this machine, so pages were not opened in a browser"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    out = tmp_path_factory.mktemp("pages")
    matrix = shipped_matrix()
    people = people_of(matrix).assign(safe_contact=False)  # the box makes sheets longest
    lists = screen(shipped_model(matrix), matrix, people_frame=people, capacity=8)  # type: ignore[arg-type]
    from yaml import safe_load

    offer = safe_load((Path(write_lists.__code__.co_filename).parents[1] / "config/defaults/offer.yaml").read_text(encoding="utf-8"))
    write_lists(lists, out, offer=offer, watermark="Made-up data: no real child is in it")
    seen: dict[str, list[str]] = {"requests": [], "console": []}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.on("request", lambda request: seen["requests"].append(request.url))
        tab.on("console", lambda message: seen["console"].append(message.text))
        tab.goto((out / "lists/hubs/h0/page.html").as_uri())
        tab.seen = seen
        yield tab
        browser.close()


def test_no_request_and_nothing_on_the_console(page: Any) -> None:
    assert [url for url in page.seen["requests"] if not url.startswith(("file:", "data:"))] == []
    assert page.seen["console"] == []


def test_one_h1_and_headings_in_order(page: Any) -> None:
    levels = [int(tag[1]) for tag in page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(e => e.tagName)")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_links_lead_to_the_sheets(page: Any) -> None:
    targets = page.eval_on_selector_all("ul.families a", "all => all.map(a => document.querySelector(a.getAttribute('href')) !== null)")
    assert targets and all(targets)


def test_accessible(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = [v["id"] for v in axe.run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert found == []


def test_each_sheet_is_one_side_of_a4(page: Any) -> None:
    pdf = page.pdf(prefer_css_page_size=True)
    sides = len(re.findall(rb"/Type /Page\b", pdf))
    sheets = page.locator("section.sheet").count()
    assert sheets > 8
    assert sides - sheets in (1, 2)  # the front takes a side, two with many families
