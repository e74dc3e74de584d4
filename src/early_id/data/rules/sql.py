"""Small pieces of SQL that rules are put together from."""

from __future__ import annotations

from early_id.schema.codes import code_list

#: Whose rows are looked at together.
PERSON = "source, source_person_id"


def literal(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def values(name: str) -> str:
    """The codes of a list, as literals with commas."""
    return ", ".join(literal(code) for code in code_list(name).values())


def unknown(column: str, name: str) -> str:
    """A code that is given and is not in its list."""
    return f"{column} IS NOT NULL AND {column} NOT IN ({values(name)})"


def outside_validity(column: str, name: str, day: str) -> str:
    """A code that was not in force on its day."""
    parts = []
    for code in code_list(name).codes:
        if code.valid_from:
            parts.append(f"({column} = {literal(code.code)} AND {day} < DATE '{code.valid_from}')")
        if code.valid_to:
            parts.append(f"({column} = {literal(code.code)} AND {day} > DATE '{code.valid_to}')")
    return " OR ".join(parts)


def running(start: str, end: str, by: str) -> str:
    """A row that begins while an earlier one runs, of the rows that ``by`` brings together; an empty end runs on."""
    earlier = f"(PARTITION BY {by} ORDER BY {start}, received_on, file, row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    return f"{start} < max(coalesce({end}, DATE '9999-12-31')) OVER {earlier}"


def age(years: int, day: str) -> str:
    """Whether the row's person had reached an age on a day."""
    return f"{day} >= person_born + INTERVAL {years} YEAR"


def school_year(day: str) -> str:
    """The calendar year in which a day's school year began."""
    return f"(year({day}) - CASE WHEN month({day}) < 9 THEN 1 ELSE 0 END)"
