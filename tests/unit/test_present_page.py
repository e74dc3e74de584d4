"""The page shell and its tables."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from early_id.present import page, wording

MARK = "Made-up data: no real child is in it"


def shell(**more: object) -> str:
    return page.render_page("A <title>", "<h2>Part</h2>", banner="RESTRICTED. For the board.", **more)  # type: ignore[arg-type]


def test_a_page_asks_for_nothing_and_runs_nothing() -> None:
    html = shell(watermark=MARK)
    assert not re.search(r"<script|<link[^>]+stylesheet|@import|<img|<iframe", html)
    assert set(re.findall(r"""(?:href|src)=["']([^"']*)""", html)) == {"data:,", "#main"}
    assert all(url.startswith("data:") for url in re.findall(r"url\(\"?([^)\"]*)", html))


def test_a_page_has_one_h1_a_language_and_a_skip_link() -> None:
    html = shell()
    assert html.count("<h1") == 1
    assert '<html lang="en-GB">' in html
    assert html.index('href="#main"') < html.index("<h1") and 'id="main"' in html
    assert "A &lt;title&gt;" in html and "<title>A <" not in html


def test_staff_pages_say_that_this_is_no_alarm_and_family_pages_do_not() -> None:
    assert wording.ALARM in shell()
    assert wording.ALARM not in shell(staff=False)


def test_watermark_stands_at_the_top_at_the_bottom_and_in_print() -> None:
    html = shell(watermark=MARK)
    assert html.count(MARK) == 3
    assert "watermarked" in html
    assert MARK not in shell()


def test_banner_cannot_leave_the_style_sheet() -> None:
    html = page.render_page("t", "", banner='x"; } </style><script>alert(1)</script>')
    assert html.count("</style>") == 1
    assert "<script" not in html


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        shell(kind="secret")


def test_table_has_caption_headers_and_escaped_cells() -> None:
    html = page.table_html(["Group", "Children"], [["<b>A</b>", 1204], ["B", "c"], ["C", None]], "Children by group")
    assert "<caption>Children by group</caption>" in html
    assert html.count('scope="col"') == 2 and html.count('scope="row"') == 3
    assert "&lt;b&gt;A&lt;/b&gt;" in html
    assert '<td class="number">1,204</td>' in html and '<td class="number">not known</td>' in html


def test_rows_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one cell a heading"):
        page.table_html(["a", "b"], [["x"]], "t")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int64(1204), "1,204"),
        (np.float64("nan"), "not known"),
        (pd.NaT, "not known"),
        (True, "yes"),
        (pd.Timestamp("2025-11-03"), "3 November 2025"),
        (0.126, "0.13"),
    ],
)
def test_cells_read_as_people_write(value: page.Cell, text: str) -> None:
    assert page.cell_text(value) == text


def test_templates_refuse_unknown_names_and_escape(tmp_path: object) -> None:
    from jinja2 import UndefinedError

    env = page.environment(str(tmp_path))
    assert env.from_string("{{ a }}").render(a="<x>") == "&lt;x&gt;"
    with pytest.raises(UndefinedError):
        env.from_string("{{ missing }}").render()
