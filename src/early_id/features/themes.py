"""Themes: related features add up to one reason, because reasons by theme change less between refits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """A heading under which features are explained. ``printable`` is False where facts may not be printed on a list."""

    key: str
    title: str
    going_well: str
    printable: bool = True


THEMES: dict[str, Theme] = {
    theme.key: theme
    for theme in (
        Theme("attendance", "Being in school", "Attendance is good"),
        Theme("home_school", "Contact between home and school", "An adult at home keeps in touch with the school"),
        Theme("lateness", "Being on time", "Usually on time"),
        Theme("provision", "What the school arranged", "In school full time"),
        Theme("suspensions", "Suspensions", "No suspensions"),
        Theme("school_moves", "Changes of school", "Settled in the same school"),
        Theme("missing_episodes", "Times when the child was missing", "Not been missing"),
        Theme("home", "Home", "Settled at home"),
        Theme("money_housing", "Money and housing", "No known money or housing worries"),
        Theme("family_wellbeing", "Health and wellbeing in the family", "No known worries about wellbeing"),
        Theme("siblings", "Brothers and sisters", "Brothers and sisters are doing well in school"),
        Theme("safety", "Safety", "No known worries about safety", printable=False),
        Theme("earlier_help", "Contact with services", "Earlier help was finished well"),
        Theme("study", "Study", "Keeping up with the work"),
    )
}


def register_theme(theme: Theme) -> None:
    """Add a theme of a council's own (through an extension)."""
    THEMES.setdefault(theme.key, theme)
