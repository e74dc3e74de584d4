"""Load settings from YAML: shipped defaults, then the file, then overrides; each error names file, path and cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from early_id.config.settings import Config
from early_id.core.errors import SettingsError

#: Shipped defaults that a settings file may leave out: key in the settings → file in config/defaults.
_SHIPPED = {"sharing": "sharing.yaml", "urgent": "urgent.yaml", "offer": "offer.yaml", "thresholds": "thresholds.yaml"}

#: The bar has no shipped default that counts: figures that nobody decided are no bar.
BAR = "acceptance.yaml"


class _Loader(yaml.SafeLoader):
    """YAML in which ``N``, ``no`` and ``on`` stay text (they are codes and column names here), and no key may stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a key that stands twice is an error, because the first value would be lost without a word."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", node.value[number][0].start_mark)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF"))


def read_yaml(path: Path, *, role: str = "settings file") -> dict[str, Any]:
    """A YAML file as a mapping; a missing or malformed file is one clear message."""
    if not path.is_file():
        raise SettingsError.file_missing(path, role=role)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeError:
        raise SettingsError(f"The {role} is not in UTF-8.", where=str(path), what_next="Save it again with the encoding UTF-8.") from None
    return parse_yaml(text, where=str(path))


def parse_yaml(text: str, *, where: str) -> dict[str, Any]:
    """YAML text as a mapping."""
    try:
        loaded = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        twice = str(getattr(error, "problem", "")) if "stands twice" in str(error) else ""
        what = f"The file cannot be followed: {twice}." if twice else "The file is not valid YAML."
        raise SettingsError(what, where=f"{where}{line}", what_next="Check indentation, colons and quotes; keep one line a key.") from None
    except ValueError:
        raise SettingsError("The file names a date that does not exist.", where=where, what_next="Write dates as YYYY-MM-DD.") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise SettingsError("The file must hold 'key: value' pairs.", where=where)
    return loaded


def shipped_text(name: str) -> str:
    """The text of a default file of the package, comments included."""
    return resources.files("early_id.config.defaults").joinpath(name).read_text(encoding="utf-8")


def shipped(name: str) -> dict[str, Any]:
    """A default file of the package, e.g. ``sharing.yaml``."""
    return parse_yaml(shipped_text(name), where=f"shipped {name}")


def load_config(path: str | Path, *, overrides: Iterable[str] = (), **replace: Any) -> Config:
    """Settings from a YAML file.

    Parameters
    ----------
    path : path
        The YAML file; paths in it are relative to it.
    overrides : iterable of str
        ``a.b=value`` pairs as given by ``--set``; values are read as YAML.
    **replace
        Top-level keys that replace those of the file (``data=...``).

    Returns
    -------
    Config

    Raises
    ------
    SettingsError
        The file is missing, not YAML, has an unknown key or a value of the wrong kind.
    """
    file = Path(path)
    values = read_yaml(file)
    for key, value in replace.items():
        if value is not None:
            values[key] = value
    bar = _read_bar(values, file.parent)
    given = [_override(values, item) for item in overrides]
    for key, name in _SHIPPED.items():
        if key not in values:
            local = file.parent / name
            values[key] = read_yaml(local) if local.is_file() else shipped(name)
    return make_config(values, base=file.parent, where=f"{file}, with {bar.name}" if bar else str(file), given=given)


def default_config(overrides: Iterable[str] = ()) -> Config:
    """The shipped settings, with overrides as given by ``--set``: for what needs no file of a council's own."""
    values: dict[str, Any] = {}
    given = [_override(values, item) for item in overrides]
    return make_config(values, base=Path.cwd(), where="shipped settings", given=given)


def folder_config(folder: Path, *, out: Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Settings for a folder of extracts and nothing else: shipped defaults, and no sources, so that each file is told by its columns."""
    values: dict[str, Any] = {"data": folder, **({"out": out} if out else {}), **{key: shipped(name) for key, name in _SHIPPED.items()}}
    given = [_override(values, item) for item in overrides]
    return make_config(values, base=Path.cwd(), where="shipped settings", given=given)


def _read_bar(values: dict[str, Any], base: Path) -> Path | None:
    """Put the acceptance file in the place of its name; the file that was read comes back.

    Without a name it is ``acceptance.yaml`` beside the settings. A file that is not there is no bar: training says so and shows no
    test results, which is what a bar that was never written down deserves.
    """
    named = values.get("acceptance", BAR)
    if not isinstance(named, str):
        return None
    values.pop("acceptance", None)
    file = base / named
    if not file.is_file():
        return None
    values["acceptance"] = read_yaml(file, role="acceptance file")
    return file


def make_config(values: Mapping[str, Any], *, base: Path, where: str = "settings", given: Iterable[str] = ()) -> Config:
    """Settings from plain values, with errors in words; ``given`` are the settings that came with ``--set``, where a fault of theirs stands."""
    try:
        return Config(**{**values, "base": base})
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        said = next((key for key in given if f"{setting}.".startswith(f"{key}.") or f"{key}.".startswith(f"{setting}.")), None)
        where = f"--set {said}" if said else where
        if first["type"] == "extra_forbidden":
            raise SettingsError(
                f"The setting '{setting}' is not known.", where=where, what_next=f"Known at this place: {_known(first['loc'])}."
            ) from None
        raise SettingsError(
            f"The setting '{setting}' cannot be used: {problem}.",
            where=where,
            what_next=f"Give it another value: --set {said}=VALUE." if said else f"Correct it in the file, or give --set {setting}=VALUE.",
        ) from None


def _known(location: tuple[Any, ...]) -> str:
    """Names that would be accepted beside a refused one."""
    model: Any = Config
    for part in location[:-1]:
        annotation = model.model_fields.get(part)
        inner = annotation.annotation if annotation else None
        args = getattr(inner, "__args__", ())
        inner = inner if hasattr(inner, "model_fields") else next((a for a in args if hasattr(a, "model_fields")), None)
        if isinstance(part, str) and inner is not None:
            model = inner
    return ", ".join(sorted(set(model.model_fields) - {"base"}))


def _override(values: dict[str, Any], item: str) -> str:
    """Put one ``a.b=value`` into ``values``; the setting's name."""
    key, separator, text = item.partition("=")
    if not separator or not key:
        raise SettingsError(f"'--set {item}' cannot be read.", what_next="Write it as --set part.name=value.")
    *path, last = key.split(".")
    place: Any = values
    for part in path:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise SettingsError(
                f"'--set {key}' names a part of something that is not a group of settings.", what_next="Give the whole of it, or change the file."
            )
    place[last] = parse_yaml(f"value: {text}", where=f"--set {key}")["value"]
    return key
