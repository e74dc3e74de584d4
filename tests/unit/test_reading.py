"""Random reading: off by default, chances kept, what it says recovers a planted share, and "cannot tell" until it can."""

from __future__ import annotations

import math
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from review_material import published

from early_id.config.learning import RandomReadingSettings
from early_id.core.errors import InputDataError, PolicyError
from early_id.data.decisions import FOLDER, read_decisions
from early_id.data.erased import remember_erased
from early_id.data.store import Store
from early_id.learning.reading import ABOVE, BELOW, CANNOT_TELL, FEWEST, JUDGED, NEED, NO_NEED, draw, estimate
from early_id.screening.answers import open_aside
from early_id.workflow.reading import draw_records, import_readings, ledger


def readings(
    rng: np.random.Generator, below: int, above: int, *, need: tuple[float, float] = (0.1, 0.5), of: tuple[int, int] = (900, 100)
) -> pd.DataFrame:
    parts = []
    for stratum, n, share, total in ((BELOW, below, need[0], of[0]), (ABOVE, above, need[1], of[1])):
        judged = np.where(rng.random(n) < share, NEED, NO_NEED)
        parts.append(pd.DataFrame({"stratum": stratum, "chance": n / total, "judged": judged}))
    return pd.concat(parts, ignore_index=True)


def test_the_missed_share_and_its_interval_cover_the_truth() -> None:
    """True: 90 of 900 below and 50 of 100 above have need, so 64 of 100 are missed."""
    truth, rng, runs = 90 / 140, np.random.default_rng(1), 150 * int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
    found = [estimate(readings(rng, 120, 60)) for _ in range(runs)]
    covered = np.mean([one.missed[1] <= truth <= one.missed[2] for one in found])
    assert covered >= 0.92 and abs(np.mean([one.missed[0] for one in found]) - truth) < 0.02


def test_two_draws_are_pooled_by_the_inverse_of_their_chances() -> None:
    rng = np.random.default_rng(2)
    # A second council year with half the need below, drawn three times as densely: counted as they come, it would pull the share down.
    first, second = readings(rng, 3000, 500, need=(0.2, 0.5), of=(30_000, 1000)), readings(rng, 9000, 500, need=(0.1, 0.5), of=(30_000, 1000))
    found = estimate(pd.concat([first, second]))
    assert abs(found.below[0] - 0.15) < 0.01 and found.below[1] < 0.15 < found.below[2]


def test_it_says_that_it_cannot_tell_until_it_can() -> None:
    rng = np.random.default_rng(3)
    few, some, many = (estimate(readings(rng, n, m)) for n, m in ((5, 5), (40, 20), (900, 100)))
    assert few.more_needed is None and math.isnan(few.missed[0]) and str(FEWEST) in few.text
    assert some.more_needed and "more readings below the line are needed" in some.text
    assert many.more_needed == 0 and (many.missed[2] - many.missed[1]) / 2 <= 0.1
    nobody = estimate(readings(rng, 60, 40, need=(0.0, 0.5)))
    assert nobody.missed[0] == 0.0 and nobody.missed[2] > 0
    unsure = readings(rng, 60, 40).assign(judged=CANNOT_TELL)
    assert estimate(unsure).more_needed is None


def test_every_family_has_the_chance_that_is_kept() -> None:
    families = pd.DataFrame({"family_id": [f"F{i}" for i in range(50)], "is_listed": [i < 10 for i in range(50)]})
    drawn = pd.concat([draw(families, below=8, above=5, seed=s) for s in range(400)])
    counts = drawn.groupby("family_id").size() / 400
    assert drawn.groupby("stratum")["chance"].unique().map(list).to_dict() == {ABOVE: [0.5], BELOW: [0.2]}
    assert (counts[[f"F{i}" for i in range(10)]] - 0.5).abs().max() < 0.1 and (counts[[f"F{i}" for i in range(10, 50)]] - 0.2).abs().max() < 0.1
    assert draw(families, below=100, above=0, seed=1)["chance"].eq(1.0).all()


def test_it_is_off_and_stays_off_without_a_board(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="approved_by, minutes, named_in_notice"):
        RandomReadingSettings(below=20)
    assert RandomReadingSettings().below == 0


def test_a_draw_is_read_and_says_what_it_can(small_store: Any, tmp_path: Path) -> None:
    lists = published(small_store, tmp_path)
    with pytest.raises(PolicyError, match="no board has approved it"):
        draw_records(lists.cfg)
    rules = RandomReadingSettings(below=12, above=6, approved_by="the board", minutes="3 of 2025", named_in_notice=True)
    cfg = lists.cfg.model_copy(update={"random_reading": rules})
    made = draw_records(cfg, seed=4)
    entries = ledger(cfg.store_dir).read()[0].body["entries"]
    assert made.drawn == len(entries) == 18
    # A date is drawn once, whatever seed is given; what was lost in between is written again, and nothing else.
    lost, kept = (cfg.out_dir / item["path"] for item in made.outputs[:2])
    content = lost.read_bytes()
    lost.unlink()
    kept.write_bytes(b"filled in")
    again = draw_records(cfg, seed=5)
    assert again.again and again.drawn == 18 and len(ledger(cfg.store_dir).read()) == 1
    assert lost.read_bytes() == content and kept.read_bytes() == b"filled in"
    kept.unlink()
    draw_records(cfg)
    for item in made.outputs:
        path = cfg.out_dir / item["path"]
        book = load_workbook(path)
        text = " ".join(str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row if c)
        assert BELOW not in text.split() and ABOVE not in text.split()  # which side of the line is told to nobody
        rows = [row for row in book["List"].iter_rows() if row[7].value and row[7].value != "Key"]
        for n, row in enumerate(rows):
            row[3].value, row[4].value, row[5].value = (JUDGED[n % 2], date(2025, 11, 20), "hub worker") if n else ("no idea", None, None)
        book.save(path)
    back = import_readings(cfg, cfg.out_dir / "reading", today=date(2025, 12, 1))
    assert back.aside == len(made.outputs) and back.read == 18 - back.aside
    assert back.estimate is not None and back.estimate.more_needed is None and "Cannot tell" in back.estimate.text
    assert import_readings(cfg, cfg.out_dir / "reading", today=date(2025, 12, 2)).read == 0
    # A family that was erased since is not read again, and neither is a workbook kept in which it stands; a folder in which nothing can be read is said to be that.
    child = ledger(cfg.store_dir).read()[0].body["entries"][-1][1]
    remember_erased(Store.open(cfg), children=[child])
    kept = len(list((cfg.store_dir / FOLDER / "workbooks").iterdir()))
    for item in made.outputs:
        book = load_workbook(cfg.out_dir / item["path"])
        book.properties.title = "saved again"
        book.save(cfg.out_dir / item["path"])
    again = import_readings(cfg, cfg.out_dir / "reading", today=date(2025, 12, 3))
    assert again.left_out == 1 and again.read + again.aside == 18 - 1 and not again.nothing_read
    assert len(list((cfg.store_dir / FOLDER / "workbooks").iterdir())) == kept + len(made.outputs) - 1
    (tmp_path / "odd").mkdir()
    with pytest.raises(InputDataError, match="holds no workbook"):
        import_readings(cfg, tmp_path / "odd")
    (tmp_path / "odd" / "broken.xlsx").write_bytes(b"PK no workbook")
    for _ in range(2):
        assert import_readings(cfg, tmp_path / "odd", today=date(2025, 12, 3)).nothing_read
    assert open_aside(read_decisions(cfg.store_dir))["file"].tolist() == ["broken.xlsx"]
