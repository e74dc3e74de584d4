"""The three parts of the leak test, each on rows where the answer is known. Whole councils: ``tests/recovery/test_features_leaks.py``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, ago, cohort, people, store

from early_id.core.calendar import usual_calendar
from early_id.core.errors import LeakError
from early_id.features import ask, catalogue
from early_id.features import past as past_module
from early_id.features.cohort import Cohort
from early_id.features.declare import last_days
from early_id.features.held import Versions
from early_id.features.leaks.check import check_features
from early_id.features.leaks.cut import cut_leaks
from early_id.features.leaks.gain import LASTING, SLICES, limit, strength, too_good
from early_id.features.leaks.result import Leak, LeakCheck
from early_id.features.leaks.rewritten import rewritten
from early_id.features.leaks.signs import signs_of
from early_id.features.programme import COUNCIL, Programme
from early_id.linkage.store_link import link
from early_id.schema.tables import Tables

NAMES = ("suspensions_count_365d", "suspended_sessions_365d", "contacts_count_365d", "sibling_suspensions_365d", "domestic_abuse_notices_365d")


def shared(small: Any, **more: Any) -> dict[str, Any]:
    return {"cfg": small.cfg, "programme": COUNCIL, "calendar": usual_calendar(), **more}


def test_no_row_from_after_the_date_moves_anything(small_store: Any) -> None:
    day = max(small_store.cfg.as_of_dates)
    features, who = catalogue().only(NAMES), link(small_store.store)
    assert list(cut_leaks(small_store.store, who, features, day, **shared(small_store))) == []


def test_without_the_cut_every_such_feature_and_the_cohort_are_named(small_store: Any) -> None:
    day = max(small_store.cfg.as_of_dates)
    features, who = catalogue().only(NAMES), link(small_store.store)
    # The cut has two forms: the engine's, whose questions are kept as text, and that of tables that a build holds.
    with (
        mock.patch.object(past_module, "known_at", lambda rows, moment, table: rows),
        mock.patch.object(Versions, "seen", lambda versions, day: np.ones(len(versions.frame), dtype=bool)),
        mock.patch.object(ask, "_TEXTS", {}),
    ):
        leaks = list(cut_leaks(small_store.store, who, features, day, **shared(small_store)))
    assert {name for leak in leaks for name in leak.features} == set(NAMES)
    assert any(not leak.features and "cohort" in leak.why for leak in leaks)


def test_signs_are_what_features_have_in_common() -> None:
    signs = signs_of(catalogue(), Tables())
    by_feature = {name: sign for sign in signs for name in sign.features}
    assert by_feature["suspensions_count_365d"] is by_feature["suspensions_count_90d"]
    assert by_feature["contacts_count_365d"].columns == ("contacts.contact_on",)
    assert len(signs) < len(catalogue())
    assert by_feature["absence_share_90d"].over(last_days(7), "week").window == last_days(7)


def _strength(tell: float, before: float, rows: int = 4_000) -> pd.DataFrame:
    """One sign whose last weeks tell the outcome by ``tell`` and whose earlier slices by ``before``."""
    rng = np.random.default_rng(5)
    y = (rng.random(rows) < 0.1).astype(float)
    near, far = SLICES.names(0)
    values = pd.DataFrame({near: rng.random(rows) < 0.05 + tell * y} | {name: rng.random(rows) < 0.05 + before * y for name in far})
    sign = [next(sign for sign in signs_of(catalogue(), Tables()) if "contacts_count_365d" in sign.features)]
    return strength(sign, values.astype(float), pd.Series(y), pd.Series(np.arange(rows) // 2))


@pytest.mark.parametrize(("tell", "before", "named"), [(0.4, 0.05, True), (0.2, 0.2, False), (0.25, 0.2, False), (0.03, 0.0, False)])
def test_only_what_tells_far_better_than_months_earlier_is_named(tell: float, before: float, named: bool) -> None:
    measured = _strength(tell, before)
    sign = [next(sign for sign in signs_of(catalogue(), Tables()) if "contacts_count_365d" in sign.features)]
    leaks = list(too_good(sign, measured, {"contacts": "Assumed."}))
    assert bool(leaks) is named
    row = measured.iloc[0]
    assert row["beyond"] == pytest.approx((row["near"] - 0.5) - LASTING * (row["far"] - 0.5))
    if named:
        assert leaks[0].column == "contacts.contact_on" and "Assumed." in leaks[0].why


def test_the_limit_grows_with_the_signs_looked_at() -> None:
    assert 2.3 < limit(1) < limit(35) < limit(90) < 4


PEOPLE = people(dict.fromkeys("ABCDEFGH"))
CONTACTS = [{"child": name, "contact_on": ago(200), "contact_source": "school", "known_from": ago(199)} for name in "ABCDEFGH"]


def _twice(late: bool) -> Any:
    """A store of contacts received on two days; ``late`` ones came with the second file and claim to have been known before the first."""
    held = store({"contacts": [*CONTACTS, {"child": "A", "contact_on": ago(400), "contact_source": "school", "known_from": ago(399)}]})
    held.backend.raw_sql("ALTER TABLE contacts ADD COLUMN received_on DATE")
    held.backend.raw_sql(f"UPDATE contacts SET received_on = DATE '{ago(100)}' WHERE contact_on < DATE '{ago(300)}' OR {'false' if late else 'true'}")
    held.backend.raw_sql(f"UPDATE contacts SET received_on = DATE '{ago(10)}' WHERE received_on IS NULL")
    if not late:
        held.backend.raw_sql(
            f"INSERT INTO contacts BY NAME SELECT * REPLACE (DATE '{ago(20)}' AS contact_on, DATE '{ago(20)}' AS happened_on, DATE '{ago(19)}' AS known_from, "
            f"DATE '{ago(10)}' AS received_on) FROM contacts"
        )
    return held


@pytest.mark.parametrize("late", [True, False])
def test_rows_that_claim_to_be_older_than_their_file_are_named(late: bool, small_store: Any) -> None:
    everyone = cohort(dict.fromkeys("ABCDEFGH"), {})
    programme = Programme("all", lambda past, cfg: Cohort(everyone, pd.DataFrame()), lambda *a: None, lambda *a: None, "none")  # type: ignore[arg-type, return-value]
    features = catalogue().only(["contacts_count_365d"])
    leaks, looked_at = rewritten(_twice(late), PEOPLE, features, **shared(small_store, programme=programme))
    assert looked_at == ("contacts",)
    assert [leak.column for leak in leaks] == (["contacts.contact_on"] if late else [])
    if late:
        assert leaks[0].figures["moved"] == 8


def test_what_could_not_be_tried_is_said(small_store: Any) -> None:
    day = max(small_store.cfg.as_of_dates)
    found = check_features(
        small_store.store, link(small_store.store), catalogue().only(NAMES[:2]), as_of=[day - timedelta(days=300), day], settings=small_store.cfg
    )
    assert not found.found and found.to_json()["leaks"] == []
    assert any("received twice" in text for text in found.not_tried) and len(found.not_tried) == 2
    found.refuse()
    leak = Leak("too good", ("contacts_count_365d",), ("contacts.contact_on",), "Because.")
    with pytest.raises(LeakError, match=r"could not have known[\s\S]*contacts\.contact_on"):
        LeakCheck((leak,), pd.DataFrame(), (), (), (AS_OF,)).refuse()
    assert LeakError.exit_code == 3 and "contacts.contact_on" in LeakCheck((leak,), pd.DataFrame(), (), (), (AS_OF,))._repr_html_()
