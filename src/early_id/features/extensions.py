"""A council's own module: tables, features, code lists, and where needed its own programme, through the same classes and checks.

The settings name the file under ``extensions``; the file holds one ``EXTENSION``::

    EXTENSION = Extension(name="rent", tables=(RENT,), features=(RENT_ARREARS_90D,))
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from early_id.config.settings import Config
from early_id.core.errors import DeclarationError, EarlyIdError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.data.prepare import Prepare, register_prepare
from early_id.features.catalogue import Catalogue
from early_id.features.declare import Feature
from early_id.features.library import SHIPPED
from early_id.features.programme import COUNCIL, Programme
from early_id.features.themes import Theme, register_theme
from early_id.schema.codes import CodeList, register_code_list
from early_id.schema.tables import Table, Tables


@dataclass(frozen=True)
class Extension:
    """What a module adds.

    Parameters
    ----------
    name : str
    tables, features, themes, code_lists
        Declarations, checked as the shipped ones are.
    prepare : dict
        Functions that shapes name under ``prepare``.
    programme : Programme, optional
        Another cohort, outcome and groups than the council's.
    only_own_features : bool
        Leave the shipped features out.
    settings : tuple of str
        Keys under ``extension`` in the settings that it reads. Any other is refused, because a misspelt one would have no effect.
    """

    name: str
    tables: tuple[Table, ...] = ()
    features: tuple[Feature, ...] = ()
    themes: tuple[Theme, ...] = ()
    code_lists: tuple[CodeList, ...] = ()
    prepare: dict[str, Prepare] = field(default_factory=dict)
    programme: Programme | None = None
    only_own_features: bool = False
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class InForce:
    """What a run works with: tables, catalogue and programme, with every extension taken in."""

    tables: Tables
    catalogue: Catalogue
    programme: Programme
    extensions: tuple[str, ...] = ()


def load_extensions(cfg: Config) -> InForce:
    """Tables, catalogue and programme of the settings.

    Raises
    ------
    SettingsError
        A file is missing, named twice or holds no ``EXTENSION``; two extensions have one name or bring a programme each.
    DeclarationError
        A declaration is incomplete or reads what may not be used.
    """
    loaded = [_load(cfg.path(path)) for path in cfg.extensions]
    _check_names(cfg, loaded)
    _check_settings(cfg, loaded)
    tables = Tables()
    for extension in loaded:
        for theme in extension.themes:
            register_theme(theme)
        for codes in extension.code_lists:
            register_code_list(codes)
        for name, function in extension.prepare.items():
            register_prepare(name, function)
        tables = tables.plus(extension.tables)
    programmes = [extension.programme for extension in loaded if extension.programme]
    if len(programmes) > 1:
        raise SettingsError("Two extensions bring a programme of their own; a run can have one.", where="extensions")
    shipped = () if any(extension.only_own_features for extension in loaded) else SHIPPED
    features = (*shipped, *(feature for extension in loaded for feature in extension.features))
    catalogue = Catalogue(features, tables)
    if cfg.features.use:
        catalogue = catalogue.only(cfg.features.use)
    return InForce(tables, catalogue, programmes[0] if programmes else COUNCIL, tuple(extension.name for extension in loaded))


def listed(value: Any) -> list[str]:
    """A setting that names one thing or several, as a list of texts: ``2014J`` is ``[2014J]``."""
    return [] if value is None else [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _check_names(cfg: Config, loaded: list[Extension]) -> None:
    """Each file once, each extension under a name of its own: files of one name in two folders are two files."""
    first: dict[str, Path] = {}
    for path, extension in zip(cfg.extensions, loaded, strict=True):
        before = first.get(extension.name)
        if before is None:
            first[extension.name] = path
            continue
        if cfg.path(before).resolve() == cfg.path(path).resolve():
            raise SettingsError("One extension is named twice.", where=f"extensions: {path.as_posix()}", what_next="Name each file once.")
        raise SettingsError(
            f"Two extensions are called '{extension.name}'.",
            where=f"extensions: {before.as_posix()} and {path.as_posix()}",
            what_next="Give one of them another name: Extension(name=...).",
        )


def _check_settings(cfg: Config, loaded: list[Extension]) -> None:
    known = [key for extension in loaded for key in extension.settings]
    for key in cfg.extension.model_extra or {}:
        if key in known:
            continue
        if not known:
            raise SettingsError(
                f"No extension knows the setting '{key}'.",
                where=f"extension.{key}",
                what_next="Take it out, or let the extension declare it: Extension(..., settings=(...)).",
            )
        raise SettingsError.unknown_name("setting of an extension", key, known, where=f"extension.{key}")


def _load(path: Path) -> Extension:
    if not path.is_file():
        raise SettingsError.file_missing(path, role="extension")
    # The name depends on the place, so that two councils' files of one name can be loaded in one process.
    name = f"early_id_extension_{path.stem}_{fingerprint(str(path.resolve()), length=8)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SettingsError("The extension is not a Python file.", where=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except EarlyIdError:
        raise
    except Exception as error:
        raise DeclarationError(
            f"The extension cannot be loaded: {type(error).__name__}: {error}", where=str(path), what_next="Run it with Python to see the line."
        ) from error
    extension = getattr(module, "EXTENSION", None)
    if not isinstance(extension, Extension):
        raise SettingsError("The extension holds no EXTENSION.", where=str(path), what_next="End the file with EXTENSION = Extension(...).")
    return extension
