"""The whole way on a made-up council: a file of ours beside its own, taken in, and both features worked out by hand."""

from pathlib import Path

import pandas as pd

import early_id as eid
from early_id.features.extensions import load_extensions


def test_rent(tmp_path: Path) -> None:
    """What was owed last, and whether it was ever eight weeks."""
    made, here = eid.make_council(200, 1, tmp_path / "council"), Path(__file__).parent.as_posix()
    persons = pd.read_csv(made.folder / "extracts/housing/people.csv", dtype=str)["PersonID"]
    rows = [(one, day, owed) for one in persons for day, owed in (("2025-08-31", 9), ("2025-10-31", 2.5), ("2025-11-08", 7))]
    pd.DataFrame(rows, columns=["Person", "Month", "Weeks"]).to_csv(made.folder / "extracts/rent.csv", index=False)
    ours = f"extensions: [{here}/extension.py]\nshapes: [{here}]\nsources:\n  - {{name: housing, shape: our_rent, files: rent.csv, received: 2025-11-20}}\n"
    made.config.write_text(made.config.read_text(encoding="utf-8").replace("sources:\n", ours), encoding="utf-8")
    cfg = eid.load_config(made.config)
    store = eid.Store.open(cfg, load_extensions(cfg).tables)
    store.ingest()
    features = load_extensions(cfg).catalogue.only(["rent_weeks_owed_180d", "rent_eight_weeks_365d"])
    values = eid.build_features(store, eid.link(store), features, as_of=cfg.as_of.screening).X.dropna()
    # What was owed on 8 November became known on the 13th (lag_days of the shape), after the date of the lists.
    assert len(values) > 20 and set(values["rent_weeks_owed_180d"]) == {2.5} and set(values["rent_eight_weeks_365d"]) == {1.0}
