"""A council too large to be made at once: its areas are made one after another and their files put together.

An area is a council of its own, with families, schools and streams of its own; nobody moves between areas. Ids of different areas
never meet (see :class:`early_id.data.synth.seeds.Seeds`). So memory depends on the size of an area, and time grows with their number.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from early_id.core.display import progress
from early_id.data.synth.files.instructions import write_made_up_note
from early_id.data.synth.files.writers import write_table
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.seeds import AREA
from early_id.data.synth.summary import CouncilSummary

#: File of the truth → columns with the names that it gives to children, adults, former identities and families, counted anew in each area.
#: Every file of the truth that is a table stands here.
LABELLED: Mapping[str, tuple[str, ...]] = {
    "adoptions": ("before", "after"),
    "bias": (),
    "canaries": (),
    "canary_strings": (),
    "cousins": ("first", "second"),
    "effects": (),
    "families": ("family",),
    "faults": (),
    "households": ("family",),
    "identities": (),
    "labels": ("child",),
    "leak": ("child",),
    "links": ("child", "family"),
    "need": ("child",),
    "never_link": (),
    "open_families": ("family",),
    "person_links": ("person", "family"),
    "residence": ("person",),
    "scenarios": (),
    "twins": ("first", "second"),
    "visibility": (),
}
#: Tables of the truth that are about an area as a whole: each row says which.
_ABOUT_AREAS = frozenset({"truth/bias.csv"})
_NOTE, _FAULTS = "extracts/made_up.json", "truth/faults.csv"
ROWS = 100_000

Build = Callable[[CouncilPlan, Path, Path], CouncilSummary]


def cut(plan: CouncilPlan) -> tuple[CouncilPlan, ...]:
    """The plans of the areas: as few as can be, of about the same size."""
    areas = -(-plan.children // AREA)
    size, more = divmod(plan.children, areas)
    return tuple(replace(plan, children=size + (area < more), area=area, areas=areas, whole=plan.children) for area in range(areas))


def build_areas(plan: CouncilPlan, out: Path, building: Path, build: Build) -> CouncilSummary:
    """Make every area in a folder of its own inside ``building``, then put them together there."""
    folders, made = [], []
    for part in cut(plan):
        folders.append(building / f".area_{part.area + 1}")
        folders[-1].mkdir()
        made.append(build(part, out, folders[-1]))
    names = sorted({path.relative_to(folder).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()})
    with progress("Putting the areas together", total=len(names)) as bar:
        for name in names:
            if name != _NOTE:
                _join(name, [folder / name for folder in folders if (folder / name).is_file()], building / name)
            for folder in folders:
                (folder / name).unlink(missing_ok=True)
            bar.advance(1, name)
    for folder in folders:
        shutil.rmtree(folder)
    write_made_up_note(building / "extracts")
    rows: dict[str, int] = {}
    for summary in made:
        for name, count in summary.rows.items():
            rows[name] = rows.get(name, 0) + count
    return replace(
        made[0],
        plan=plan,
        children=plan.children,
        families=sum(summary.families for summary in made),
        schools=sum(summary.schools for summary in made),
        marks=sum(summary.marks for summary in made),
        rows=rows,
        faults=sum(summary.faults for summary in made),
    )


def _join(name: str, parts: Sequence[Path], to: Path) -> None:
    """Put the areas' files of one name together; what every area says in the same words is said once."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if len(parts) == 1 or (name != _FAULTS and all(_same(parts[0], part) for part in parts[1:])):
        shutil.move(parts[0], to)
    elif name == _FAULTS:
        _sum_faults(parts, to)
    elif to.suffix == ".parquet":
        _join_parquet(parts, to, labelled=LABELLED[to.stem] if name.startswith("truth/") else ())
    elif to.suffix == ".xlsx":
        write_table(to.parent, to.name, pd.concat([pd.read_excel(part, dtype=str, keep_default_na=False) for part in parts], ignore_index=True))
    elif name.startswith("truth/"):
        _join_truth(parts, to, with_area=name in _ABOUT_AREAS)
    else:
        _join_text(parts, to)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.stat().st_size < 10**6 and one.read_bytes() == other.read_bytes()


def _join_text(parts: Sequence[Path], to: Path) -> None:
    """The lines of all files under the heading of the first, byte for byte, so that a wrong encoding stays wrong."""
    with to.open("wb") as target:
        for number, part in enumerate(parts):
            with part.open("rb") as source:
                heading = source.readline()
                if number == 0:
                    target.write(heading)
                shutil.copyfileobj(source, target, 1 << 20)


def _join_truth(parts: Sequence[Path], to: Path, *, with_area: bool) -> None:
    """The rows of all files, with labels of their own in each area; a row that was there already is left out."""
    seen: set[str] = set()
    heading = ""
    with to.open("w", encoding="utf-8", newline="") as target:
        for number, part in enumerate(parts, start=1):
            for table in pd.read_csv(part, dtype=str, keep_default_na=False, chunksize=ROWS):
                for column in LABELLED[to.stem]:
                    table[column] = _numbered(table[column], number)
                if with_area:
                    table.insert(0, "area", str(number))
                text = table.to_csv(index=False, lineterminator="\n")
                first, _, lines = text.partition("\n")
                if not heading:
                    heading = first
                    target.write(f"{heading}\n")
                if to.stem == "visibility":
                    kept = [line for line in lines.splitlines() if line not in seen]
                    seen.update(kept)
                    lines = "".join(f"{line}\n" for line in kept)
                target.write(lines)


def _numbered(labels: pd.Series, area: int) -> pd.Series:
    """How labels read in an area: its number after the letter; empty cells stay empty."""
    return labels.where(labels == "", labels.str[:1] + f"{area}." + labels.str[1:])


def _join_parquet(parts: Sequence[Path], to: Path, *, labelled: Sequence[str]) -> None:
    """All row groups, one after another."""
    writer: pq.ParquetWriter | None = None
    try:
        for area, part in enumerate(parts, start=1):
            for table in _groups(part):
                shown = _relabelled(table, labelled, area) if labelled else table
                writer = writer or pq.ParquetWriter(to, shown.schema, compression="zstd", store_schema=False)
                writer.write_table(shown)
    finally:
        if writer is not None:
            writer.close()


def _groups(path: Path) -> Iterator[pa.Table]:
    """The row groups of a file; texts as numbers and a list of words, as they are stored."""
    with pq.ParquetFile(path) as plain:
        texts = [field.name for field in plain.schema_arrow if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            # One list of words a column: pieces of a group may have come with lists of their own.
            yield table.unify_dictionaries().combine_chunks()


def _relabelled(table: pa.Table, labelled: Sequence[str], area: int) -> pa.Table:
    """The same rows with the area's number in every label of the columns ``labelled``."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        array = column.combine_chunks()
        array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
        if name in labelled:
            words = _numbered(pd.Series(array.dictionary.to_pylist(), dtype="str"), area)
            array = pa.DictionaryArray.from_arrays(array.indices, pa.array(words.tolist(), pa.string()))
        columns.append(array)
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _sum_faults(parts: Sequence[Path], to: Path) -> None:
    """One row a kind, file and column, with the counts of all areas added up."""
    table = pd.concat([pd.read_csv(part, dtype=str, keep_default_na=False) for part in parts], ignore_index=True)
    for column in ("count", "file_rows"):
        table[column] = pd.to_numeric(table[column])
    keys = [column for column in table.columns if column not in ("count", "file_rows")]
    whole = table.groupby(keys, sort=False, as_index=False)[["count"]].sum()
    # A file's own rows: those of every area, counted once however many kinds of fault were planted there.
    sizes = pd.concat([pd.read_csv(part, dtype=str, keep_default_na=False).drop_duplicates("file")[["file", "file_rows"]] for part in parts])
    sizes["file_rows"] = pd.to_numeric(sizes["file_rows"])
    whole["file_rows"] = whole["file"].map(sizes.groupby("file")["file_rows"].sum(min_count=1))
    whole["file_rows"] = whole["file_rows"].astype("Int64")
    whole.sort_values(["finding_code", "kind", "file", "column"], ignore_index=True).to_csv(to, index=False, lineterminator="\n")
