"""Every error a user can meet, in one tree with fixed exit codes.

A message has three parts: *what* went wrong, *where*, and *what next*. It never
holds a value from a row, because messages end up in logs, tickets and e-mails.
Each situation that several places can meet has one constructor here, so that it
is worded once and worded fully.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

#: So many names are listed in full.
_FEW = 15


class EarlyIdError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    what : str
        What went wrong, in one sentence, without a value from a row.
    where : str, optional
        File, table, column or setting.
    what_next : str, optional
        The next thing to do, as a sentence or a command.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, what_next: str | None = None) -> None:
        self.what = what
        self.where = where
        self.what_next = what_next
        parts = [what]
        if where:
            parts.append(f"  where: {where}")
        if what_next:
            parts.append(f"  what next: {what_next}")
        super().__init__("\n".join(parts))


class SettingsError(EarlyIdError):
    """A command or a settings file that cannot be followed (exit code 2)."""

    exit_code = 2

    @classmethod
    def unknown_name(cls, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> SettingsError:
        """``name`` is not one of ``known``: the nearest are offered, and all of them where they are few."""
        import difflib

        options = sorted(known)
        near = difflib.get_close_matches(name, options, n=3, cutoff=0.4)
        guess = [f"Did you mean {' or '.join(near)}?"] if near else []
        if len(options) <= _FEW:
            listed = [f"Use one of: {', '.join(options)}."] if options else []
        else:
            listed = [] if near else [f"Some of those there are: {', '.join(options[:8])}."]
        return cls(f"There is no {kind} named '{name}'.", where=where, what_next=" ".join([*guess, *listed]) or None)

    @classmethod
    def file_missing(cls, path: object, *, role: str) -> SettingsError:
        """A file that the command names is not there."""
        return cls(
            f"The {role} was not found.",
            where=str(path),
            what_next="Check the path, or give another one on the command line.",
        )

    @classmethod
    def extra_missing(cls, package: str, extra: str) -> SettingsError:
        """An optional dependency is used but not installed."""
        return cls(
            f"This needs the package '{package}', which is not installed.",
            what_next=f"Install it with: pip install 'early-id[{extra}]'",
        )


class DeclarationError(SettingsError):
    """A feature, table or rule that may not be declared as it was (exit code 2)."""


class InputDataError(EarlyIdError):
    """Data that cannot be used as they are (exit code 3)."""

    exit_code = 3

    @classmethod
    def file_missing(cls, pattern: str, folder: object, *, source: str) -> InputDataError:
        """No file answers to a source's pattern."""
        return cls(
            f"No file was found for the source '{source}'.",
            where=f"pattern {pattern} in {folder}",
            what_next="Check the folder, correct the pattern under 'sources' in the settings, or mark the source 'required: false'.",
        )

    @classmethod
    def columns_missing(cls, columns: Iterable[str], *, where: str, found: Iterable[str]) -> InputDataError:
        """A file lacks columns that its mapping names."""
        missing = ", ".join(sorted(columns))
        headings = list(found)
        what_next = f"Export the file with these columns, or correct the shape. Columns found: {', '.join(headings[:30])}."
        if len(headings) == 1:
            what_next = "The file has a single column, so the delimiter is probably wrong: set 'delimiter' in the shape, or export it again."
        return cls(f"Columns that are needed are missing: {missing}.", where=where, what_next=what_next)

    @classmethod
    def no_rows(cls, *, where: str) -> InputDataError:
        """A file with headings (or nothing) but no data row."""
        return cls(
            "The file holds no data rows.",
            where=where,
            what_next="Export it again; if the source really has nothing to report, take the file out of the folder and write 'required: false' "
            "at its source in the settings.",
        )

    @classmethod
    def empty_cohort(cls, *, as_of: str, reasons: str) -> InputDataError:
        """Nobody is left to screen on a date."""
        return cls(
            f"No child is in the cohort on {as_of}.",
            where=f"taken out: {reasons}",
            what_next="Check the age range and the enrolment dates, or choose an as-of date inside the data.",
        )

    @classmethod
    def as_of_outside(cls, as_of: str, *, first: str, last: str) -> InputDataError:
        """An as-of date that the stored records do not reach."""
        return cls(
            f"The as-of date {as_of} lies outside the data.",
            where=f"the stored records run from {first} to {last}",
            what_next="Choose a date in that range, or ingest a newer extract.",
        )

    @classmethod
    def one_class(cls, outcome: str, *, positives: int, rows: int) -> InputDataError:
        """A model cannot be trained because the outcome never or always happens."""
        return cls(
            f"The outcome '{outcome}' cannot be learned: {positives} of {rows} known rows have it.",
            where="training rows whose outcome was known before the test date",
            what_next="Add earlier as-of dates, check that the outcome's tables were ingested, or choose another outcome.",
        )


class LeakError(InputDataError):
    """Information from after the as-of date reached a feature (exit code 3)."""


class NotAdditiveError(EarlyIdError):
    """Contributions do not sum to the score, so no explanation may be shown (exit code 1)."""


class PolicyError(EarlyIdError):
    """A step that policy refuses (exit code 4)."""

    exit_code = 4


class BusyError(EarlyIdError):
    """Something else holds the store, or a target file is open (exit code 5)."""

    exit_code = 5

    @classmethod
    def target_open(cls, path: object) -> BusyError:
        """A file that is to be replaced is open in another program, or may not be written to: the system does not say which."""
        return cls(
            "A file that is to be replaced is open in another program, or you may not write to it.",
            where=str(path),
            what_next="Close it (in Excel, for instance), or ask for the right to write to it and to its folder, and run the command again; "
            "nothing was changed.",
        )
