"""Numbers that know what they are counted in, so that a workbook shows each as people write it.

A cell of one of these types stays a number: it can be sorted, filtered and worked with.
"""

from __future__ import annotations


class Shown(float):
    """A number and how a spreadsheet shows it."""

    __slots__ = ()

    @property
    def form(self) -> str:
        """Format code of Excel's."""
        return self._FORM

    _FORM = "General"


class Share(Shown):
    """A share of a whole, from 0 to 1, shown in per cent: 0.123 is 12.3%."""

    __slots__ = ()
    _FORM = "0.0%"


class Points(Shown):
    """A difference of two shares in percentage points, with its sign: +5.0 is 5 in 100 more."""

    __slots__ = ()
    _FORM = "+0.0;-0.0;0.0"

    @classmethod
    def between(cls, difference: float) -> Points:
        """The points of a difference that is a fraction of 1."""
        return cls(round(100.0 * difference, 2))


class Ratio(Shown):
    """A ratio, slope or area, to two places."""

    __slots__ = ()
    _FORM = "0.00"


class Signed(Shown):
    """A difference of two plain numbers, with its sign."""

    __slots__ = ()
    _FORM = "+0.00;-0.00;0.00"


class Chance(Shown):
    """A p-value, to three places."""

    __slots__ = ()
    _FORM = "0.000"


class Amount(Shown):
    """A number of things; to one place where a tie is shared out."""

    __slots__ = ()

    @property
    def form(self) -> str:
        """Format code of Excel's."""
        return "#,##0" if self.is_integer() else "#,##0.0"
