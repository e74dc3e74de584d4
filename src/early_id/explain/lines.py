"""Lines of a sheet that stand beside the reasons: what counted though nobody would notice it, what is small, what is told in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from early_id.present.wording import and_list

if TYPE_CHECKING:
    from early_id.explain.narrative import Explanation

ASK_THOSE_WHO_KNOW = "Ask those who know the child if there is anything in it."


def small_signs(explanation: Explanation) -> str:
    """Said where every sign is a small one; else empty."""
    if not explanation.only_small:
        return ""
    said = (
        "This is a small difference, and says little by itself."
        if len(explanation.noticed) == 1
        else "These are small differences, and one alone says little."
    )
    return f"{said} {ASK_THOSE_WHO_KNOW}"


def counted_as_well(explanation: Explanation) -> str:
    """The line about themes that raised the score by values nobody would notice; empty where there are none."""
    named = [f"{title[:1].lower()}{title[1:]}" for title in explanation.also_counted]
    return f"Counted as well, though little or no more than is usual for the year group: {and_list(named)}." if named else ""


def nothing_noticed(explanation: Explanation) -> str:
    """What stands under *what we noticed* where no single sign is worth a sentence."""
    named = [f"{title[:1].lower()}{title[1:]}" for title in explanation.also_counted]
    if not named:
        return "Nothing stood out for this child; the family is listed because of a brother or sister."
    came = "Several small ones came together" if len(named) > 1 else "What counted is little or no more than is usual for the year group"
    return f"No single sign stands out. {came}: {and_list(named)}. {ASK_THOSE_WHO_KNOW}"


def run_on(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """Two sentences that begin alike as one: ``The school arranged … in the last 90 days, and in 15 weeks of the last year.``"""
    if len(sentences) < 2:
        return sentences
    first, second = (sentence.rstrip(".").split() for sentence in sentences)
    alike = next((n for n, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), 0)
    return (f"{' '.join(first)}, and {' '.join(second[alike:])}.",) if alike >= 4 else sentences
