"""The scenario ``unbiased_outcome``: a second outcome beside the extracts, settings that audit beside it, and settings that learn from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from early_id.config.load import BAR, shipped_text
from early_id.data.synth.files.extracts import Tables, iso
from early_id.data.synth.files.order import order_of
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.truth.labels import make_labels
from early_id.data.synth.world import World

FOLDER, SETTINGS = "second_outcome", "config_second_outcome.yaml"

#: What both extensions read.
_REVIEWS = '''
LABELS = Path(__file__).with_name("labels.csv")


def reviews(people):
    """child_id, AsOf and NeedFound of the children whom reviewers looked at."""
    labels = pd.read_csv(LABELS, dtype={"PupilID": str}, parse_dates=["AsOf"])
    links = people.person_links.query("source == 'education'")[["source_person_id", "child_id"]]
    return labels.merge(links, left_on="PupilID", right_on="source_person_id").drop_duplicates(["child_id", "AsOf"])
'''

#: The extension as an analyst would write one: the council's programme with one column more among its outcomes.
BESIDE = f'''"""Set what reviewers found beside the council's outcomes, so that the audit can tell recording from need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from early_id.features.extensions import Extension
from early_id.features.outcomes import council_outcomes
from early_id.features.programme import COUNCIL
{_REVIEWS}

def outcomes(store, people, index, cfg):
    """The council's outcomes, and ``need_found``: 1, 0, or missing where nobody looked or the reviews are not known yet."""
    result = council_outcomes(store, people, index, cfg)
    keys = pd.MultiIndex.from_arrays([index["child_id"], index["as_of"]])
    result["need_found"] = reviews(people).set_index(["child_id", "AsOf"])["NeedFound"].reindex(keys).to_numpy(dtype=float)
    return result


EXTENSION = Extension(name="second outcome beside the first", programme=replace(COUNCIL, outcomes=outcomes))
'''

#: What ``config.yaml`` says of it.
AUDITED = f"""\
extensions: [{FOLDER}/beside.py]
audit:
  second_outcome: need_found    # what reviewers found, who held one threshold for all
"""

#: The council's programme with another outcome.
EXTENSION = f'''"""Learn from the second outcome: what reviewers found who looked at children one by one, whoever had named them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from early_id.features.cohort import council_cohort
from early_id.features.extensions import Extension
from early_id.features.outcomes import COMPONENTS, NEED, council_outcomes
from early_id.features.programme import COUNCIL
{_REVIEWS}

def cohort(past, cfg):
    """The council's cohort; on a date with reviews only the children looked at, because nothing can be learned or tested on the others."""
    whole, found = council_cohort(past, cfg), reviews(past.people)
    looked_at = found.loc[found["AsOf"] == pd.Timestamp(past.as_of), "child_id"]
    return whole if looked_at.empty else replace(whole, index=whole.index[whole.index["child_id"].isin(looked_at)])


def outcomes(store, people, index, cfg):
    """The council's outcomes, and ``need_found``: 1, 0, or missing on a date whose reviews are not known yet."""
    result = council_outcomes(store, people, index, cfg)
    keys = pd.MultiIndex.from_arrays([index["child_id"], index["as_of"]])
    result["need_found"] = reviews(people).set_index(["child_id", "AsOf"])["NeedFound"].reindex(keys).to_numpy(dtype=float)
    result["censored"] = False
    return result


EXTENSION = Extension(
    name="second outcome",
    programme=replace(
        COUNCIL, name="early help, second outcome", cohort=cohort, outcomes=outcomes, outcome="need_found", components=(NEED, *COMPONENTS)
    ),
)
'''


def write_second_outcome(council: Path, world: World, tables: Tables, seeds: Seeds) -> None:
    """Write labels, extensions and settings into the council's folder, and name the outcome in ``config.yaml``; nothing where the scenario is off.

    ``labels.csv`` has PupilID, AsOf and NeedFound: the child's need, with the usual chance, against the threshold that holds for all.
    On each date a share of the pupils whom the schools list is drawn anew.
    """
    share = world.plan.size("unbiased_outcome")
    if not share:
        return
    rng, ids = seeds.rng("reviewed children"), world.people.children["pupil_id"].to_numpy()
    listed = np.isin(ids.astype(str), tables["education/pupils.csv"]["PupilID"].to_numpy(dtype=str))
    parts = []
    for frame in make_labels(world, seeds):
        # What reviewers found is known when the outcome of that date is, no sooner.
        if not frame["recognised"].notna().all():
            continue
        frame = frame[rng.random(len(frame)) < share]
        frame = frame[listed[frame["child"]]]
        pupils = ids[frame["child"]]
        parts.append(
            pd.DataFrame({"PupilID": pupils, "AsOf": iso(frame["as_of"].to_numpy()), "NeedFound": np.asarray(frame["found_in_review"], dtype=int)})
        )
    folder = council / FOLDER
    folder.mkdir()
    found = pd.concat(parts, ignore_index=True)
    found = found.iloc[order_of(found["PupilID"], "second outcome", seeds)]
    found.to_csv(folder / "labels.csv", index=False, lineterminator="\n")
    for name, text in (("beside.py", BESIDE), ("extension.py", EXTENSION)):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    usual = (council / "config.yaml").read_text(encoding="utf-8")
    (council / "config.yaml").write_text(usual + AUDITED, encoding="utf-8", newline="\n")
    settings = usual.replace("\nout: out\n", "\nout: out_second_outcome\n")
    added = f"acceptance: {FOLDER}/{BAR}\nextensions: [{FOLDER}/extension.py]\n"
    (council / SETTINGS).write_text(settings + added, encoding="utf-8", newline="\n")
    # Another outcome needs a bar of its own: the council's names the first one.
    bar = shipped_text(BAR).replace("\nprimary_label: need_recognised ", "\nprimary_label: need_found      ")
    (folder / BAR).write_text(bar, encoding="utf-8", newline="\n")
