"""What the audit says beyond gaps: shares at one mix, bands, lists, where a gap comes from, what could be done.

Each function gives further parts of one section. Their figures stand in the restricted report and its workbook only: tables this fine would
give small numbers away beside those of single characteristics. The published page says in words what was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from early_id.audit.calibration import ALL
from early_id.audit.recording import LESS, MORE
from early_id.audit.signs import NOTHING, told_apart
from early_id.audit.standardised import AGE_COLUMNS
from early_id.features.themes import THEMES
from early_id.present import page
from early_id.present.wording import and_list, count_of
from early_id.report.context import list_name
from early_id.report.section import Material, Section, lead_in, more, paragraph, sheet_name
from early_id.report.showing import Figure, number

Parts = list[Markup]

#: Rows of one table on a page; the workbook has all.
SHOWN = 12

RESTRICTED_ONLY = "The figures are in the restricted report only: beside those of single characteristics they would give small numbers away."


def also(make: Callable[[Material], Section], *more: Callable[[Material, str], Parts]) -> Callable[[Material], Section]:
    """A section with further parts at its end, for each list in turn."""

    def section(m: Material) -> Section:
        made = make(m)
        return replace(made, parts=(*made.parts, *(part for add in more for audience in m.groups for part in add(m, audience))))

    return section


def figure(row: Mapping[str, Any], value: str, low: str, high: str, *, signed: bool = False) -> str:
    """A share with its interval; in points where it is signed."""
    text = Figure(number(row[value]), number(row[low]), number(row[high])).text(signed=signed)
    return text.replace("%", "") if signed else text


def _ratio(row: Mapping[str, Any], value: str, low: str, high: str) -> str:
    return Figure(number(row[value]), number(row[low]), number(row[high])).ratio_text()


def told(m: Material, audience: str, title: str, words: str, parts: Parts, *, sheet: str = "") -> Parts:
    """What is opened on the screen, with what it is; where published, the words alone, once for all lists."""
    own = f"{title}: {list_name(audience).lower()}" if len(m.groups) > 1 else title
    if m.showing.publishable:
        return [more(title, paragraph(f"{words} {RESTRICTED_ONLY}"))] if audience == next(iter(m.groups)) else []
    return [more(own, lead_in(words), *parts, sheet=sheet_name(audience, SHEETS[sheet][0]) if sheet else "")]


def standardised(m: Material, audience: str) -> Parts:
    """Share listed at everyone's mix of outcome, age and list."""
    frame = m.study(audience, "standardised")
    if frame.empty:
        return []
    held = frame[frame["difference"].notna()]
    order = held["difference"].abs().sort_values(ascending=False, kind="stable").index
    rows = held.reindex(order).head(SHOWN).to_dict("records")
    words = (
        "A group with more need, of another age, or on a list with more places is listed more often for that alone. Here every group is given the "
        "mix of outcome, age and list that all together have; never that of the model's score. "
        f"For {count_of(len(frame) - len(held), 'group')} this cannot be estimated: too few were listed."
    )
    cells: list[Any] = [
        [
            f"{row['characteristic_label']}: {row['group']}",
            plain(row["listed"]),
            figure(row, "value", "low", "high"),
            figure(row, "crude_difference", "crude_difference", "crude_difference", signed=True).split(" (")[0],
            figure(row, "difference", "difference_low", "difference_high", signed=True),
            str(row["standardised_by"]),
        ]
        for row in rows
    ]
    headings = [
        "Group",
        "Listed",
        "Share listed at the mix of everyone",
        "Gap as it is, in points",
        "Gap at the mix of everyone, in points",
        "Mix of",
    ]
    table = page.table_html(headings, cells, f"Share listed at one mix, widest gaps first: {list_name(audience).lower()}")
    return told(m, audience, "Listed how often, at the same mix", words, [table], sheet="standardised")


def bands(m: Material, audience: str) -> Parts:
    """Observed against expected by band, the slope, and how well the score ranks within each group."""
    frame = m.study(audience, "calibration")
    if frame.empty:
        return []
    whole = frame[(frame["band"] == ALL) & (frame["with_outcome"] > 0)]
    by_band = frame[frame["band"] != ALL].set_index(["characteristic", "group", "band"])
    names = list(dict.fromkeys(frame.loc[frame["band"] != ALL, "band"]))
    cells: list[Any] = []
    for row in whole.sort_values("with_outcome", ascending=False, kind="stable").head(2 * SHOWN).to_dict("records"):
        each = [_band(by_band.loc[(row["characteristic"], row["group"], band)].to_dict()) for band in names]
        slope, area = _ratio(row, "slope", "slope_low", "slope_high"), _ratio(row, "auc", "auc_low", "auc_high")
        cells.append([f"{row['characteristic_label']}: {row['group']}", row["with_outcome"], *each, slope, area])
    words = (
        "The same within bands of the score, from the lower half up to the 5 in 100 children where lists are made: children with the outcome, and how "
        "many were expected. Slope 1: high and low scores mean what they say; below 1 high ones are too high. It takes 50 children with the outcome. "
        "AUC: how often a child with the outcome ranks above one without it, within the group: 0.5 is chance."
    )
    headings = ["Group", "With the outcome", *(f"{name[:1].upper()}{name[1:]}: seen / expected" for name in names), "Slope", "AUC"]
    table = page.table_html(headings, cells, f"Seen against expected by band, groups with most outcomes first: {list_name(audience).lower()}")
    return told(m, audience, "By band of the score", words, [table], sheet="calibration")


def plain(value: Any) -> str:
    """A count: whole where it is, to one decimal where a tie is shared out."""
    n = number(value)
    return "–" if n is None else f"{n:,.0f}" if abs(n - round(n)) < 1e-9 else f"{n:,.1f}"


def _band(row: Mapping[str, Any]) -> str:
    return f"{row['with_outcome']:.0f} / {row['expected']:.1f}"


def places(m: Material, audience: str) -> Parts:
    """Each school's or hub's list, and schools and hubs with a gap."""
    lists, tested = m.study(audience, "lists"), m.study(audience, "places")
    if lists.empty:
        return []
    found = tested[tested["verdict"] == "gap found"] if len(tested) else tested
    said = (
        f"A gap was found at {and_list([f'{row.characteristic_label} {row.group}' for row in found.drop_duplicates(['characteristic', 'group']).itertuples()][:5])}."
        if len(found)
        else "At none was a gap shown beyond doubt."
    )
    words = (
        f"Schools and hubs are tested together with the crossed groups, as exploring. {said} Families that tie at the last place share what is left of "
        "the places, so figures are expected ones; the lists break ties by a keyed hash, which has nothing to do with who a family is."
    )
    most = lists.assign(order=lists["with_outcome"]).sort_values("order", ascending=False, kind="stable").head(2 * SHOWN).to_dict("records")
    cells: list[Any] = [
        [
            row["recipient"],
            row["children"],
            plain(row["places"]),
            plain(row["families_listed"]),
            row["families_tied"],
            row["with_outcome"],
            figure(row, "missed_share", "missed_low", "missed_high"),
            figure(row, "precision", "precision_low", "precision_high"),
        ]
        for row in most
    ]
    headings = [
        "List",
        "Children",
        "Places",
        "Families listed",
        "Tied at the last place",
        "With the outcome",
        "Share missed (on no list)",
        "Share of those listed with the outcome",
    ]
    caption = f"The {len(most)} lists with most outcomes, of {len(lists)}: {list_name(audience).lower()}"
    return told(m, audience, "Schools, hubs and their lists", words, [page.table_html(headings, cells, caption)], sheet="lists")


def proxies(m: Material, audience: str) -> Parts:
    """What gives a group away."""
    frame = m.study(audience, "proxies")
    if frame.empty:
        return []
    whole = frame[frame["kind"] == "set"].sort_values("auc", ascending=False, kind="stable")
    # Both groups of a pair are given away alike: once is enough.
    whole = whole.assign(same=whole["auc"].round(9)).drop_duplicates(["characteristic", "same"])
    cells: list[Any] = []
    for row in whole.head(SHOWN).to_dict("records"):
        own = frame[(frame["characteristic"] == row["characteristic"]) & (frame["group"] == row["group"])]
        best = [own[own["kind"] == kind].sort_values("auc", ascending=False, kind="stable").iloc[:1] for kind in ("theme", "feature")]
        shown = [f"{_source(m, audience, one['source'].iloc[0])}: {one['auc'].iloc[0]:.2f}" if len(one) else "–" for one in best]
        cells.append([f"{row['characteristic_label']}: {row['group']}", _ratio(row, "auc", "auc_low", "auc_high"), *shown])
    top = whole.iloc[0]
    words = (
        "No protected characteristic is used, but records can stand in for one. 0.5: the records tell nothing about the group; 1: they always give it away. "
        f"What is given away most by all features together is {top['characteristic_label']}: {top['group']} ({top['auc']:.2f}). A link is no fault by itself; "
        "it tells where to look."
    )
    headings = ["Group", "All features together (95% interval)", "Theme that tells most", "Feature that tells most"]
    table = page.table_html(headings, cells, f"How well the records tell who is in a group: {list_name(audience).lower()}")
    return told(
        m,
        audience,
        "What could stand in for a characteristic",
        words if not m.showing.publishable else words.split(" What is given")[0],
        [table],
        sheet="proxies",
    )


def _source(m: Material, audience: str, name: str) -> str:
    """A theme's title, or a feature's label."""
    if name in THEMES:
        return THEMES[name].title
    labels: Mapping[str, str] = m.meta.get(audience, {}).get("labels") or {}
    return labels.get(name, name.replace("_", " "))


def recording(m: Material, audience: str) -> Parts:
    """Recording or need, who was looked at, for whom less is known."""
    tipping, second = m.study(audience, "tipping"), m.study(audience, "second_outcomes")
    parts: Parts = []
    if len(tipping):
        order = tipping["difference"].abs().sort_values(ascending=False, kind="stable").index
        shown = tipping.reindex(order)
        shown = shown[shown["tipping"].notna() & ((shown["verdict"] == "gap found") | (shown["measure"] != "missed_share"))].head(SHOWN)
        cells: list[Any] = [
            [
                f"{row['characteristic_label']}: {row['group']}",
                row["measure_label"],
                _ratio(row, "tipping", "tipping_low", "tipping_high"),
                row["says"],
            ]
            for row in shown.to_dict("records")
        ]
        headings = ["Group", "Figure", "λ at which the gap would be gone (95% interval)", "What these data say"]
        parts.append(page.table_html(headings, cells, f"Recording or need: {list_name(audience).lower()}"))
    apart = second[second["says"].isin((MORE, LESS))] if len(second) else second
    if len(apart):
        rows: list[Any] = [
            [
                f"{row['characteristic_label']}: {row['group']}",
                row["other_outcome"].replace("_", " "),
                _ratio(row, "ratio", "ratio_low", "ratio_high"),
            ]
            for row in apart.head(SHOWN).to_dict("records")
        ]
        headings = ["Group", "Beside the outcome", "Recorded so many times as often (95% interval)"]
        parts.append(page.table_html(headings, rows, f"Other outcomes: where they do not agree, {list_name(audience).lower()}"))
    parts += _apart(m, audience)
    words = (
        "λ is how often a need is written down in a group, divided by how often it is for everyone else. A gap in precision, or between seen and expected, "
        "would be gone at the λ shown, if recording and not need lay behind it. A gap in the missed share cannot come from a constant λ; there it says how much "
        "more often needs of listed children would have to be recorded than those of others. With one outcome these data cannot tell recording from need."
    )
    return [*told(m, audience, "Recording or need?", words, parts, sheet="tipping"), *_known(m, audience)]


def _apart(m: Material, audience: str) -> Parts:
    """What a second outcome that does not pass the same threshold tells about each group."""
    signs, second = m.study(audience, "signs"), m.study(audience, "second_outcomes")
    if signs.empty:
        return []
    second = second[second["other_outcome"] == signs["outcome"].iloc[0]]
    cells: list[Any] = []
    for (name, label, group), _ in signs.groupby(["characteristic", "characteristic_label", "group"], sort=False):
        where, feature = told_apart(second, signs, str(name), str(group))
        if where != NOTHING:
            cells.append([f"{label}: {group}", where, _source(m, audience, feature) if feature else "–"])
    headings = ["Group", "Beside the second outcome", "Sign that differs most"]
    caption = f"Where a second outcome shows a difference: {list_name(audience).lower()}"
    none = paragraph("A second outcome that does not pass the same threshold shows no difference beyond chance in any group.")
    return [page.table_html(headings, cells, caption)] if cells else [none]


def _known(m: Material, audience: str) -> Parts:
    parts: Parts = []
    for name, heading in (
        ("completeness", "Values known (95% interval)"),
        ("exposure", "Known to services in the year before (95% interval)"),
        ("recording_lag", "Records known more than 30 days late (95% interval)"),
    ):
        frame = m.study(audience, name)
        frame = frame[frame["difference"].notna()] if len(frame) else frame
        if frame.empty:
            continue
        away = frame[(frame["difference_low"] > 0) | (frame["difference_high"] < 0)]
        order = away["difference"].abs().sort_values(ascending=False, kind="stable").index
        cells: list[Any] = [
            [
                f"{row['characteristic_label']}: {row['group']}" + (f" ({row['what'].partition(': ')[2]})" if name == "recording_lag" else ""),
                figure(row, "value", "low", "high"),
                figure(row, "difference", "difference_low", "difference_high", signed=True),
            ]
            for row in away.reindex(order).head(SHOWN).to_dict("records")
        ]
        if cells:
            parts.append(
                page.table_html(
                    ["Group", heading, "Gap from everyone else, in points"],
                    cells,
                    f"{heading.split(' (')[0]}, by group: {list_name(audience).lower()}",
                )
            )
    words = (
        "A list can only use what is recorded, and a need can only be recorded where somebody looked. Groups whose figure differs from everyone else's are shown, "
        "widest first, without a verdict."
    )
    return told(m, audience, "Who is recorded, and who was looked at", words, parts, sheet="completeness") if parts or m.showing.publishable else []


#: Names of the further tables on sheets: table → sheet, title.
SHEETS = {
    "places": ("schools, hubs", "schools and hubs, tested with the crossed groups"),
    "calibration": ("bands", "observed against expected by band, slope, AUC"),
    "standardised": ("one mix", f"share listed at everyone's mix of outcome, {AGE_COLUMNS[-1]} and list"),
    "lists": ("lists", "each list"),
    "proxies": ("proxies", "how well features and themes tell who is in a group"),
    "completeness": ("known", "values known, by group"),
    "exposure": ("looked at", "known to services before, by group"),
    "recording_lag": ("lag", "how late records become known, by group"),
    "tipping": ("recording", "λ at which each gap would be gone"),
    "second_outcomes": ("outcomes", "other outcomes beside the main one"),
    "signs": ("signs", "what is recorded about children alike in the second outcome"),
    "themes": ("themes", "what the list would be without each theme"),
    "links": ("theme links", "how far each theme goes along with each characteristic"),
    "options": ("options", "lists made in other ways: a study"),
    "option_gaps": ("option gaps", "gaps on those lists"),
    "decomposition": ("taken apart", "the gap in the share listed, in one order"),
}
