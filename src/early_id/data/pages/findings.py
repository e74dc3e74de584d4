"""The page of what came in and what the checks found: what, how many, in which file, since when, what to do. Counts only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from early_id.core.findings import Finding, Findings
from early_id.core.types import Severity
from early_id.data.covered import Coverage
from early_id.data.history import Taken, code_trend, received, trend
from early_id.present.charts import lines
from early_id.present.glossary import AsIs
from early_id.present.page import Cell, chart_html, render_page, table_html
from early_id.present.wording import and_list, count_of, day_text, percent, sentence_case

#: What is shown first, at most.
FIRST = 6
#: A repeat costs nothing and asks nobody.
NOTHING_TO_DO = ("DUP001",)
#: So many batches side by side fit on paper.
BATCHES = 6
_ORDER = {Severity.ERROR: 0, Severity.QUERY: 1, Severity.NOTE: 2}
#: What becomes of a row, in a word or two.
SHORT = {Severity.ERROR: "set aside", Severity.QUERY: "asked about", Severity.NOTE: "noted"}
_DOES = {
    Severity.ERROR: "the row was set aside and is in no feature and no list",
    Severity.QUERY: "somebody should ask; the row was kept, where the words do not say that it was left out",
    Severity.NOTE: "for information; nothing needs to be done",
}
BANNER = "Counts only: for the analyst and for those who supply the files."


def findings_page(taken: Taken, *, watermark: str | None = None, said: Sequence[str] = ()) -> str:
    """The whole page as HTML."""
    files, found = taken.standing
    parts = [
        _lead(taken, files, found),
        _first(found),
        _by_supplier(found, supplier_names(files, taken.coverage)),
        _files(files),
        _over_time(taken.batches),
        _coverage(taken.coverage),
        _further(taken.further),
        _meanings(),
    ]
    return render_page(
        "What was taken in, and what the checks found", Markup("").join(parts), banner=BANNER, watermark=watermark, said=said,
    )  # fmt: skip


def totals(files: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Rows of files: in, kept, set aside, and put right."""
    return {name: sum(int(file.get(name, 0)) for file in files) for name in ("rows_in", "rows_kept", "rows_set_aside", "rows_cleared")}


def ordered(found: Findings) -> list[Finding]:
    """Findings with those that set rows aside first, and of these the most frequent."""
    return sorted(found, key=lambda item: (_ORDER[item.severity], -item.count, item.code, item.where))


def supplier_of(finding: Finding, schools: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """Whom to ask about a finding: the source, and the school where its file holds rows of one school only."""
    return finding.source, schools.get((finding.source, finding.where), "")


def schools_of(files: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """(source, file) → the school, of files that hold rows of one school only."""
    return {(str(file["source"]), str(file["file"])): str(file.get("school") or "") for file in files}


def supplier_names(files: Sequence[Mapping[str, Any]], coverage: Coverage) -> dict[tuple[str, str], tuple[tuple[str, str], str]]:
    """(source, file) → supplier, and its name for people."""
    named = {str(row["school_id"]): str(row["name"]) for row in coverage.by_school if row.get("name")}
    out = {}
    for (source, file), school in schools_of(files).items():
        name = f"{named.get(school, school)} ({source})" if school else source
        out[source, file] = ((source, school), sentence_case(name.replace("_", " ")))
    return out


def day(text: str) -> Markup:
    """A day written as YYYY-MM-DD, short and unbroken: 3 Mar 2025."""
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return Markup("not known")
    return Markup("{}&nbsp;{}&nbsp;{}").format(found.day, found.strftime("%b"), found.year)


def _long_day(text: str) -> str:
    return day_text(date.fromisoformat(text[:10])) if text else "a day that is not known"


def copies_of(found: Iterable[Finding], aside: int) -> int:
    """Rows set aside that repeat another row of their file exactly."""
    return min(aside, sum(item.count for item in found if item.code in NOTHING_TO_DO))


def _lead(taken: Taken, files: Sequence[Mapping[str, Any]], found: Findings) -> Markup:
    if not taken.batches:
        return Markup("<p class='finding'>Nothing was taken in yet.</p>")
    last, sums = taken.batches[-1], totals(files)
    share = sums["rows_set_aside"] / sums["rows_in"] if sums["rows_in"] else 0.0
    waiting = int(last.get("waiting", 0))
    cleared = totals(last["files"])["rows_cleared"]
    sentences = [
        f"{sums['rows_in']:,} rows stand in {count_of(len(files), 'file')}: {sums['rows_kept']:,} were kept, "
        f"{sums['rows_set_aside']:,} ({percent(share, fine=True)}) were set aside with the reason. None was dropped."
    ]
    more = [f"The last batch, number {last['number']}, was received on {_long_day(received(last))} and held {count_of(len(last['files']), 'file')}."]
    if cleared:
        more.append(f"{count_of(cleared, 'row')} that had been set aside earlier came back right in it.")
    if any(int(file.get("rows_left_out", 0)) for file in files):  # no number: of one file it could tell whose rows they are
        more.append("Rows of people whose records were erased are in none of these numbers: they are left out before anything is counted.")
    if copies := copies_of(found, sums["rows_set_aside"]):
        more.append(f"{count_of(copies, 'row')} set aside {'repeats another' if copies == 1 else 'repeat others'} exactly, so that nothing is lost.")
    more.append(
        f"{count_of(waiting, 'row')} set aside {'waits' if waiting == 1 else 'wait'} for a correction."
        if waiting
        else "No row waits for a correction."
    )
    return Markup("<p class='finding'>{}</p><p>{}</p>").format(" ".join(sentences), " ".join(more))


def _first(found: Findings) -> Markup:
    """The few things that help most: what sets most rows aside, then what asks most."""
    grouped: dict[str, list[Finding]] = {}
    for item in found:
        if item.severity is not Severity.NOTE and item.code not in NOTHING_TO_DO:
            grouped.setdefault(item.code, []).append(item)
    if not grouped:
        return Markup("<h2>What to do first</h2><p class='finding'>Nothing: the checks found no fault and no question.</p>")
    codes = sorted(grouped, key=lambda code: (_ORDER[grouped[code][0].severity], -sum(item.count for item in grouped[code]), code))
    rows: list[list[Cell]] = []
    for code in codes[:FIRST]:
        items = grouped[code]
        where, sources = {item.where for item in items}, sorted({item.source.replace("_", " ") for item in items})
        rows.append(
            [_what(items[0]), sum(item.count for item in items), breakable(next(iter(where))) if len(where) == 1 else f"{len(where)} files of {and_list(sources)}",
             day(min((item.since for item in items if item.since), default="")), items[0].advice]
        )  # fmt: skip
    left = len(codes) - len(rows)
    note = f"{count_of(left, 'further kind')} of finding {'stands' if left == 1 else 'stand'} below." if left else ""
    aside = sum(grouped[code][0].severity is Severity.ERROR for code in codes)
    lead = f"{count_of(len(codes), 'kind')} of fault or question {'was' if len(codes) == 1 else 'were'} found; {aside} of them set rows aside."
    return Markup("<h2>What to do first</h2><p class='finding'>{}</p>{}").format(
        lead,
        table_html(
            ["What is wrong", "How many", "Where", "Since", "What to do"],
            rows,
            "What sets most rows aside, then what asks most",
            numbers=[1],
            note=note,
        ),
    )


#: Files named in one row; of more the number is said.
NAMED = 3


def finding_rows(found: Sequence[Finding]) -> list[list[Cell]]:
    """Rows of a table of findings, without their supplier: one a rule, with its files."""
    by_code: dict[str, list[Finding]] = {}
    for item in ordered(Findings(tuple(found))):
        by_code.setdefault(item.code, []).append(item)
    return [
        [
            _what(items[0]),
            sum(item.count for item in items),
            _places(items),
            day(min((item.since for item in items if item.since), default="")),
            items[0].advice,
        ]
        for items in by_code.values()
    ]


def _places(items: Sequence[Finding]) -> Markup:
    """The files of a finding, those with most first, each with its columns; they may be broken over lines."""
    lines = []
    for item in items[:NAMED]:
        told = item.columns.replace(", ", "; ") or (f"{item.count:,}" if len(items) > 1 else "")
        lines.append(Markup("{}{}").format(breakable(item.where), f" ({told})" if told and not item.columns else f": {told}" if told else ""))
    if len(items) > NAMED:
        lines.append(Markup(escape(f"and {count_of(len(items) - NAMED, 'file')} more")))
    return Markup("<br>").join(lines)


def breakable(name: str) -> Markup:
    """A file's name as it is, which may be broken after a stroke or a line."""
    return Markup('<span translate="no">{}</span>').format(Markup(re.sub(r"([/_])", r"\1<wbr>", str(escape(name)))))


def _what(item: Finding) -> Markup:
    """The rule's code, what it does with the row, and what is wrong."""
    return Markup("<strong>{}</strong> {}: {}").format(item.code, SHORT[item.severity], item.message)


def _by_supplier(found: Findings, names: Mapping[tuple[str, str], tuple[tuple[str, str], str]]) -> Markup:
    groups: dict[tuple[tuple[str, str], str], list[Finding]] = {}
    for item in found:
        groups.setdefault(names.get((item.source, item.where), ((item.source, ""), sentence_case(item.source.replace("_", " ")))), []).append(item)
    if not groups:
        return Markup("")
    html = [Markup("<h2>By supplier</h2><p class='finding'>{} something to look at. Each has a page of its own, to be sent.</p>").format(
        f"Files of {count_of(len(groups), 'supplier')} hold" if len(groups) > 1 else "Files of one supplier hold")]  # fmt: skip
    headings = ["What is wrong", "How many", "File and columns", "Since", "What to do"]
    for (_, name), items in sorted(groups.items(), key=lambda pair: (-sum(i.count for i in pair[1] if i.severity is Severity.ERROR), pair[0][1])):
        html.append(Markup("<h3>{}</h3>{}").format(name, table_html(headings, finding_rows(items), f"Findings in the files of {name}", numbers=[1])))
    return Markup("").join(html)


def _files(files: Sequence[Mapping[str, Any]]) -> Markup:
    """Files of which rows were set aside, each; the others together by source and table."""
    rows: list[list[Cell]] = []
    rest: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for file in files:
        if int(file["rows_set_aside"]) or int(file.get("rows_cleared", 0)):
            rows.append(_file_row(breakable(str(file["file"])), [file]))
        else:
            rest.setdefault((str(file["source"]), str(file["table"])), []).append(file)
    for (source, table), some in sorted(rest.items()):
        name: Cell = breakable(str(some[0]["file"])) if len(some) == 1 else f"{len(some)} files of {source}: {table.replace('_', ' ')}"
        rows.append(_file_row(name, some))
    worst = max(files, key=lambda file: int(file["rows_set_aside"]) / max(1, int(file["rows_in"])), default=None)
    lead = "No row was set aside."
    if worst is not None and int(worst["rows_set_aside"]):
        lead = f"Of {worst['file']} the largest share was set aside: {int(worst['rows_set_aside']):,} of {int(worst['rows_in']):,} rows."
    headings = ["File", "Source", "Rows in", "Kept", "Set aside", "Put right", "Received"]
    return Markup("<h2>Files</h2><p class='finding'>{}</p>{}").format(
        AsIs(lead),
        table_html(
            headings,
            rows,
            "Rows of each file",
            numbers=[2, 3, 4, 5],
            note="Put right: rows set aside in an earlier batch that this file holds right.",
        ),
    )


def _file_row(name: Cell, files: Sequence[Mapping[str, Any]]) -> list[Cell]:
    sums = totals(files)
    days = sorted({str(file["received"]) for file in files})
    return [name, AsIs(str(files[0]["source"])), *sums.values(), day(days[-1])]


def _over_time(batches: Sequence[dict[str, Any]]) -> Markup:
    rows = trend(batches)
    if len(rows) < 2:
        return Markup("<h2>Over the batches</h2><p class='finding'>There is one batch so far, so nothing can be compared.</p>")
    share = 1000 * rows["rows_set_aside"] / rows["rows_in"].clip(lower=1)
    now, before = float(share.iloc[-1]), float(share.iloc[-2])
    word = "fewer" if now < before else "more" if now > before else "as many"
    than = "than" if word != "as many" else "as"
    lead = f"Of every 1,000 rows of the last batch {now:.1f} were set aside, {word} {than} the {before:.1f} of the batch before."
    chart = lines(
        {"set aside of 1,000 rows": [(float(n), float(value)) for n, value in zip(rows["batch"], share, strict=True)]},
        title="Rows set aside of every 1,000, batch by batch", desc=lead, x_label="batch", y_label="rows of 1,000", unit="number",
    )  # fmt: skip
    shown = rows.tail(BATCHES)
    table = table_html(
        ["Batch", "Received", "Files", "Rows in", "Set aside", "Put right", "Waiting", "Asked about"],
        [[str(r["batch"]), day(r["received"]), int(r["files"]), int(r["rows_in"]), int(r["rows_set_aside"]), int(r["rows_cleared"]), int(r["waiting"]), int(r["query"])]
         for r in shown.to_dict("records")],
        "The last batches", numbers=[2, 3, 4, 5, 6, 7],
        note="Asked about: rows that were kept with a question, once for each question.",
    )  # fmt: skip
    codes = code_trend(batches, last=BATCHES)
    of_codes = table_html(
        ["Rule", *(f"Batch {name}" for name in codes.columns[1:])], [[str(row[0]), *map(int, row[1:])] for row in codes.itertuples(index=False, name=None)],
        "How often each rule was broken", numbers=range(1, len(codes.columns)),
    )  # fmt: skip
    return Markup("<h2>Over the batches</h2><p class='finding'>{}</p>{}{}").format(lead, chart_html(chart, table), of_codes)


def _coverage(coverage: Coverage) -> Markup:
    if not coverage.rows:
        return Markup("")
    rows: list[list[Cell]] = [
        [
            AsIs(f"{row['source']}: {row['table'].replace('_', ' ')}"), day(str(row["from"])) if row["from"] else "a list without days", day(str(row["to"])),
            "stated" if row["stated"] else "as the rows show", row["schools_said"] or (f"{row['schools']:,} sent rows" if row["schools"] is not None else ""),
            "" if row["people"] is None else row["people"], row["no_row_means"],
        ]
        for row in coverage.rows
    ]  # fmt: skip
    silent = [row for row in coverage.by_school if not row["rows"] and row["table"] == "attendance"]
    lead = f"{count_of(len(coverage.rows), 'list')} of records came from {count_of(len({row['source'] for row in coverage.rows}), 'source')}."
    lead += " Where a source does not reach, a missing record is not known, and never counted as none."
    html = Markup("<h2>What the sources cover</h2><p class='finding'>{}</p>{}").format(
        lead,
        table_html(["Source and records", "From", "To", "The beginning is", "Schools", "People", "No record means"], rows, "Which source covers what, and since when", numbers=[5],
                   note="The days of a list's beginning, and the schools it tells of, can be stated in the settings (covers_from, schools)."),
    )  # fmt: skip
    if silent:
        listed: list[list[Cell]] = [[AsIs(str(row["name"] or row["school_id"])), AsIs(str(row["source"])), int(row["pupils"])] for row in silent]
        html += table_html(
            ["School", "Source", "Pupils on its roll"],
            listed,
            "Schools of whose pupils no mark was ever sent: their absence is not known",
            numbers=[2],
        )
    return html


def _further(found: Findings) -> Markup:
    if not len(found):
        return Markup("")
    rows: list[list[Cell]] = [[f"{item.code} {item.severity}", item.message, item.count, AsIs(item.where), item.advice] for item in ordered(found)]
    return Markup("<h2>When records were linked</h2><p class='finding'>{}</p>{}").format(
        f"Linking the records of one person raised {count_of(len(rows), 'kind')} of question.",
        table_html(["Rule", "What was found", "How many", "Where", "What to do"], rows, "Findings of linking", numbers=[2]),
    )


def _meanings() -> Markup:
    items = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(str(severity), sentence_case(text) + ".") for severity, text in _DOES.items())
    return Markup(
        "<h2>How to read this</h2><p class='finding'>Each finding carries the code of its rule; the command <code>early-id rules show CODE</code> tells more.</p>"
        "<dl class='facts'>{}</dl><p>Rows set aside stand, with their number in the file, in the restricted folder <code>set_aside</code> of the store. A later "
        "export that holds them right puts them right here too.</p>"
    ).format(items)
