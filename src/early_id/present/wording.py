"""Words for people: the list of banned ones, plurals, number words, and shares said as "out of 100".

The banned words are those of the project's page outlines. Some are banned because they promise what no audit
can show, some because they judge a family, some because a plainer word exists. A test reads every template and
phrase with :func:`check_words`.
"""

from __future__ import annotations

import math
import re
from datetime import date

#: Said on every page for staff. It is the only sentence that may hold the word "concern".
ALARM = "early_id is not a safeguarding alarm. A child not on this list may need help just as much. Your own concern never waits for a list."

#: Words on every page and sheet made from invented records.
MADE_UP = "Made-up data: no real child, family or school is in it"

#: Pattern of a banned word, and what to say instead. Matched without regard to case.
BANNED: dict[str, str] = {
    r"\bfair(ly)?\b": "say which gap was or was not found",
    r"\bunbiased\b|\bdebias\w*|\bbias[- ]free\b": "say which gap was or was not found",
    r"\bcomplian(t|ce)\b": "name the duty and what was done",
    r"\bpass(es|ed)?\b(?= (the |this |its |all )?(test|check|audit|bar\b))|\bpasses\b": "say what was found",
    r"\brisky\b|\bat[- ]risk (child|children|famil\w+|pupils?)\b|\bhigh[- ]risk\b": "say what was noticed",
    r"\boffender\w*|\bperpetrator\w*": "say what is recorded",
    r"\b(model|computer|algorithm|system) (has )?(decid\w+|thinks|knows|believes)\b": "a person decides; say what was listed",
    r"\bflag(s|ged|ging)?\b": "suggestion; suggested; listed",
    r"\bfalse[- ](flag|positive|alarm)s?\b": "listed without need",
    r"\bfalse[- ]negatives?\b": "missed",
    r"\bconcern(s|ed|ing)?\b": "worth a conversation, not now, not sure",
    r"\bdeclin(ed|es|ing)\b": "not now",
    r"\bred flags?\b|\btriggers?\b": "what we noticed",
    r"\baddict(s|ion|ed)?\b": "alcohol or drug use",
    r"\brisk[- ]screen(ing)?\b": "early-help list",
    r"\bnumber needed to (talk|treat|screen)\b": "conversations for each family helped",
    r"\bbroken weeks?\b": "weeks with some absence",
    r"\btroubled famil\w+|\bproblem famil\w+|\bhard[- ]to[- ]reach\b": "describe what is recorded",
}

#: Uses of banned words that are right: the alarm sentence, and "passed to", which is the name of a step.
_ALLOWED = (re.compile(re.escape("Your own concern never waits for a list"), re.IGNORECASE),)
_NOT_PROSE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<style.*?</style>|<[^>]*>", re.DOTALL)
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def check_words(text: str) -> tuple[str, ...]:
    """Banned words found in ``text``, each with what to say instead; empty where there is none.

    HTML tags and Jinja expressions are taken out first, so templates can be read as they stand.

    Examples
    --------
    >>> check_words("Two pupils were flagged.")
    ("'flagged': suggestion; suggested; listed",)
    """
    prose = re.sub(r"\s+", " ", _NOT_PROSE.sub(" ", text))
    for allowed in _ALLOWED:
        prose = allowed.sub(" ", prose)
    return tuple(
        f"'{match.group(0)}': {instead}" for pattern, instead in BANNED.items() for match in re.finditer(pattern, prose, flags=re.IGNORECASE)
    )


def plural(n: float, one: str, many: str | None = None) -> str:
    """``one`` for exactly 1, else ``many`` (``one`` + "s" where it is not given)."""
    return one if n == 1 else (many or f"{one}s")


def count_of(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 family", "1,204 families"."""
    return f"{n:,} {plural(n, one, many)}"


def number_word(n: int) -> str:
    """Numbers up to ten as words, larger ones as figures with a comma."""
    return _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"


def out_of(share: float | None, of: int = 100) -> str:
    """A share as people say it: "about 34 out of 100", "fewer than 1 out of 100", "none".

    Unknown shares (None or NaN) give "not known". Halves round away from zero, as readers expect.
    """
    if share is None or math.isnan(share):
        return "not known"
    n = math.floor(share * of + 0.5)
    if share <= 0:
        return "none"
    if n == 0:
        return f"fewer than 1 out of {of}"
    if n >= of:
        return f"all {of} out of {of}" if share >= 1 else f"nearly {of} out of {of}"
    return f"about {n} out of {of}"


def percent(share: float | None, *, signed: bool = False, fine: bool = False) -> str:
    """A share as a per cent: "34%". Unknown gives "not known"; a true nought and "under 1%" are told apart, and so are all and "over 99%".

    Parameters
    ----------
    signed : bool
        Write the sign, for gaps.
    fine : bool
        One decimal under 10%, where whole per cents would hide most of what is to be seen.
    """
    if share is None or math.isnan(share):
        return "not known"
    size = abs(share) * 100
    if fine and 0 < size < 9.95:
        text = f"{math.floor(size * 10 + 0.5) / 10:.1f}"
        text = "0" if text == "0.0" and signed else text
        if text == "0.0":
            return "under 0.1%"
    elif 0 < size < 0.5 and not signed:
        return "under 1%"
    elif 99.5 <= size < 100 and not signed:
        return "over 99%"  # a whole that is none would hide the few it leaves out
    else:
        text = str(math.floor(size + 0.5))
    sign = ("−" if share < 0 else "+" if signed else "") if float(text) else ""
    return f"{sign}{text}%"


def day_text(day: date | None) -> str:
    """A date as written in a letter: "3 November 2025"; "date not known" for None."""
    return "date not known" if day is None else f"{day.day} {day:%B} {day.year}"


def and_list(items: list[str] | tuple[str, ...]) -> str:
    """Words joined as in a sentence: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def sentence_case(text: str) -> str:
    """First letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]
