"""What pages call the outcome, where it is not *need recognised*: its own name, unless the programme has better words."""

from __future__ import annotations

from collections.abc import Iterable

from early_id.present.glossary import Glossary

#: The outcome that pages are written for.
NEED = "need_recognised"

#: The page's words for that outcome → what is said of any other; ``{name}`` is the outcome as it is declared.
_OF_ANY = {
    "later had a need recognised": "later had the outcome '{name}'",
    "whose need was later recognised": "with the outcome '{name}' later",
    "need that nobody recorded": "an outcome that nobody recorded",
    "whatever their need": "whatever their situation",
    "a need is on record": "an outcome is on record",
    "a need behind them": "the outcome behind them",
    "needs seen": "outcomes seen",
    "needs expected": "outcomes expected",
    "with need": "with the outcome",
    "without need": "without the outcome",
}


def worded(outcomes: Iterable[str], words: Glossary | None = None) -> Glossary:
    """The words of a page about these outcomes; what the programme itself declares comes before what is said of any outcome."""
    names = {name.replace("_", " ") for name in outcomes if name and name != NEED}
    general = {phrase: said.format(name="' or '".join(sorted(names))) for phrase, said in _OF_ANY.items()} if names else {}
    return Glossary({**general, **(words.words if words else {})})
