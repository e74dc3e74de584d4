"""What a model was made from, as marks that can be compared: version of the data and of the links, values of the features, code, settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.core.fingerprint import fingerprint, frame_fingerprint
from early_id.core.types import Json

if TYPE_CHECKING:
    import pandas as pd

    from early_id.data.store import Store
    from early_id.features.matrix import FeatureMatrix
    from early_id.linkage.people import People

#: Files of the package that can move a number: code, declared shapes and defaults, lists of codes.
_MEANING = (".py", ".yaml", ".csv")

#: What each mark is, in a sentence about two that are not the same.
_WORDS = {
    "data_version": "The store's version was {was} and is {now}: it holds the same files, but rows may have been taken out or corrected since.",
    "links": "The links between records are not the same: {was} then, {now} now.",
    "matrix_hash": "The values of the features are not the same (fingerprint {was} then, {now} now).",
    "code_hash": "The code is not the same (hash {was} then, {now} now).",
    "extensions": "The council's own code is not the same: {was} then, {now} now.",
    "settings_hash": "The recorded settings are not the ones that were used (hash {was} then, {now} now).",
}


def provenance(matrix: FeatureMatrix, store: Store | None, *, extensions: Iterable[Path] = ()) -> Json:
    """Marks of everything behind a matrix that its own hashes do not say.

    Returns
    -------
    dict
        ``data_version`` (of the store), ``links`` (number and hash; which records were joined, and who is family), ``matrix_hash``
        (values of the features), ``code_hash`` (of this package) and ``extensions`` (name of the file → hash). Where a matrix was made by
        hand, what it has not is left out. No row, no name of a person and nothing of this machine.
    """
    found: Json = {"matrix_hash": matrix.fingerprint, "code_hash": code_hash(), "extensions": _marks(tuple(extensions))}
    if store is not None:
        found["data_version"] = store.version.number
    if matrix.origin is not None:
        found["links"] = links_mark(matrix.origin.people, store)
    return found


def _marks(extensions: tuple[Path, ...]) -> Json:
    """File → hash; by its folder too where two files have one name, and numbered where the folders have one name as well."""
    names = [path.name for path in extensions]
    called = [path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}" for path in extensions]
    told = [name if called.count(name) == 1 else f"{name} ({called[: i + 1].count(name)})" for i, name in enumerate(called)]
    return {name: _hash_of(path) for name, path in zip(told, extensions, strict=True)}


def links_mark(people: People, store: Store | None = None) -> Json:
    """Number of the linking that made these links, where the store has kept it, and a hash of who was joined with whom."""
    from early_id.linkage.store_link import linking_of

    parts = [_in_order(people.person_links, _LINKED, _KNOWN), _in_order(people.family_spells, _FAMILY, (*_KNOWN, "from_on", "to_on"))]
    return {"number": linking_of(store) if store is not None else None, "hash": fingerprint([frame_fingerprint(part) for part in parts])}


_LINKED, _FAMILY, _KNOWN = ("source", "source_person_id", "child_id"), ("child_id", "family_id"), ("known_from", "known_to")


def _in_order(frame: pd.DataFrame, names: tuple[str, ...], days: tuple[str, ...]) -> pd.DataFrame:
    """The columns that say who and when, in one type and one order: links that were read back from a file have others."""
    import pandas as pd

    text = {name: frame[name].astype("object").map(str, na_action="ignore").fillna("") for name in names}
    times = {day: pd.to_datetime(frame[day]).astype("datetime64[s]").astype("int64") for day in days}
    return pd.DataFrame({**text, **times}).sort_values([*names, *days], kind="stable").reset_index(drop=True)


@cache
def code_hash() -> str:
    """Hash of the package's files that can move a number, whatever the ends of their lines."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in _MEANING and p.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:16]


def changed_since(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """One sentence for each mark that is on both sides and not the same; the number of a linking is said and does not count by itself."""
    said = []
    for name, words in _WORDS.items():
        was, is_now = then.get(name), now.get(name)
        if was is None or is_now is None or _counts(was) == _counts(is_now):
            continue
        said.append(words.format(was=_short(was), now=_short(is_now)))
    return said


def _counts(mark: object) -> object:
    return mark.get("hash", mark) if isinstance(mark, Mapping) else mark


def _short(mark: object) -> str:
    if not isinstance(mark, Mapping):
        return str(mark)
    if "hash" in mark:
        return f"linking {mark['number']}, hash {mark['hash']}" if mark.get("number") else f"hash {mark['hash']}"
    return ", ".join(f"{name} {value}" for name, value in sorted(mark.items())) or "none"
