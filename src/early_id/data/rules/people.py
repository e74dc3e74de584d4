"""Rules for lists of people: numbers, identifiers, and what is said of a person (faults 1 to 6 and 9 to 13 of the data standards)."""

from __future__ import annotations

from early_id.core.types import Severity
from early_id.data.rules.declare import Rule
from early_id.data.rules.sql import values

_E, _Q = Severity.ERROR, Severity.QUERY
_PUPILS = ("pupils",)

#: UPN check letters by remainder (CINV 1510): characters 2-13 times weights 2-13, sum modulo 23.
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_FORM = f"regexp_full_match(upn, '[{_LETTERS}][0-9]{{11}}[0-9{_LETTERS}]')"
_SUM = " + ".join(
    f"(CASE WHEN substr(upn, {n}, 1) BETWEEN '0' AND '9' THEN CAST(substr(upn, {n}, 1) AS INTEGER) "
    f"ELSE strpos('{_LETTERS}', substr(upn, {n}, 1)) - 1 END) * {n}"
    for n in range(2, 14)
)
_LETTER_WRONG = f"{_FORM} AND substr(upn, 1, 1) <> substr('{_LETTERS}', (({_SUM}) % 23) + 1, 1)"
#: A temporary number, which a permanent one replaces.
_TEMPORARY = f"regexp_full_match({{}}, '.{{{{12}}}}[{_LETTERS}]')"

_NHS = "replace(nhs_number, ' ', '')"


def _digits(number: str, weights: range) -> str:
    """Weighted sum of the digits of a number; NULL where it has not ten digits."""
    return " + ".join(f"try_cast(substr({number}, {place}, 1) AS INTEGER) * {weight}" for place, weight in enumerate(weights, 1))


#: NHS number: weights 10 to 2, 11 less the remainder of 11; 11 becomes 0, 10 does not exist. All digits alike stand for nobody.
_NHS_WRONG = (
    f"nhs_number IS NOT NULL AND (NOT regexp_full_match({_NHS}, '[0-9]{{10}}') "
    f"OR (11 - ({_digits(_NHS, range(10, 1, -1))}) % 11) % 11 <> try_cast(substr({_NHS}, 10, 1) AS INTEGER) "
    f"OR regexp_full_match({_NHS}, '{'|'.join(str(d) * 10 for d in range(10))}'))"
)
#: ULN: weights 10 to 1, the sum leaves 10 when divided by 11; the first nine may not leave 0.
_ULN_WRONG = (
    f"uln IS NOT NULL AND (NOT regexp_full_match(uln, '[0-9]{{10}}') OR ({_digits('uln', range(10, 0, -1))}) % 11 <> 10 "
    f"OR ({_digits('uln', range(10, 1, -1))}) % 11 = 0)"
)
_DISABILITIES = "list_transform(string_split(upper(disability_codes), ','), lambda x: trim(x))"
_REASONS = ", ".join(f"'UN{n}'" for n in range(1, 11))


def _shared(column: str) -> str:
    """Two people of one file carry the same number."""
    over = f"OVER (PARTITION BY {column})"
    return f"{column} IS NOT NULL AND min(source_person_id) {over} <> max(source_person_id) {over}"


RULES: tuple[Rule, ...] = (
    Rule("PUP001", _Q, _PUPILS, _LETTER_WRONG, "The UPN's check letter is wrong.",
         "Correct the UPN at its source; until then it is not used to link.", "CINV 1510", number=1, blames=("upn",)),
    Rule("PUP002", _Q, _PUPILS, _shared("upn"), "Two people carry the same UPN.",
         "Never merged automatically: ask the source which is right.", "CINV 1520, 903V 444", number=2, blames=("upn",)),
    Rule("PUP003", _Q, _PUPILS, f"upn IS NOT NULL AND NOT {_FORM}", "The UPN has not the form of one: a letter, eleven digits, a digit or letter.",
         "Correct the UPN at its source; until then it is not used to link.", "CINV 1540, 1550", number=4, blames=("upn",)),
    Rule("PUP004", _Q, _PUPILS, f"ethnicity IS NOT NULL AND ethnicity NOT IN ({values('ethnicity')})",
         "The ethnic group is not in the code list.", "Correct it at the source; it counts as not known in the audit.", "CINV 4220", number=10, blames=("ethnicity",)),
    Rule("PUP005", _Q, _PUPILS, f"sex IS NULL OR sex NOT IN ({values('sex')})", "Sex is missing or not F, M or U.",
         "Complete it at the source; it counts as not known in the audit.", "CINV 4180", number=11, blames=("sex",)),
    Rule("PUP006", _E, _PUPILS, "birth_date > received_on", "The date of birth lies after the extract was received.",
         "Correct the date; an expected birth date belongs in another field.", "CINV 8525Q", number=12, blames=("birth_date",)),
    Rule("PUP007", _Q, _PUPILS, f"{_FORM} AND substr(upn, 2, 3) NOT IN ({values('authority')})",
         "Characters 2 to 4 of the UPN are no authority that issues such numbers.",
         "Ask the source whether the number was mistyped; it is used to link if its check letter is right.", "CINV 1530", number=3, blames=("upn",)),
    Rule("PUP008", _Q, _PUPILS, "(upn IS NULL) = (upn_unknown IS NULL)", "Both a UPN and a reason for having none are given, or neither is.",
         "Complete one and clear the other at the source. A reason is never used as a number.", "CINV 8770Q, 1560Q; 903V 168, 442",
         needs=("upn", "upn_unknown"), number=5, blames=("upn", "upn_unknown")),
    Rule("PUP009", _Q, _PUPILS, f"upn_unknown IS NOT NULL AND upn_unknown NOT IN ({_REASONS})", "The reason for having no UPN is not in the code list.",
         "Use UN1 to UN10; words of the case system can be mapped in the shape under 'values'.", "CINV 8772, 903V", needs=("upn_unknown",), blames=("upn_unknown",)),
    Rule("PUP010", _Q, _PUPILS, "NOT regexp_full_match(child_number, '[A-Z0-9]{1,20}')",
         "The child's number in social care holds another character than A to Z and 0 to 9, or more than 20.",
         "Correct it at the source, or the statutory return will be refused.", "CINV 1580", needs=("child_number",), number=6, blames=("child_number",)),
    Rule("PUP011", _Q, _PUPILS, "ethnicity IS NULL", "The ethnic group is missing.",
         "Ask the family, and complete it at the source; 'not yet obtained' has a code of its own (NOBT). It counts as not known in the audit.",
         "CINV 4220", needs=("ethnicity",), number=10, blames=("ethnicity",)),
    Rule("PUP012", _Q, _PUPILS, "birth_date IS NOT NULL AND expected_birth_date IS NOT NULL", "Both a date of birth and an expected one are given.",
         "Clear the expected date once a child is born.", "CINV 8525Q", needs=("expected_birth_date",), number=12, blames=("expected_birth_date",)),
    Rule("PUP013", _Q, _PUPILS, "died_on < birth_date", "The date of death lies before the date of birth.",
         "Check both dates at the source at once: meanwhile nobody writes to this family.", "CINV 8535Q", needs=("died_on",), number=12, blames=("died_on",)),
    Rule("PUP014", _Q, _PUPILS, f"len(list_distinct({_DISABILITIES})) < len({_DISABILITIES}) OR (list_contains({_DISABILITIES}, 'NONE') AND len({_DISABILITIES}) > 1)",
         "The list of disabilities holds NONE beside another code, or a code twice.", "Correct the list at its source.", "CINV 8790, 8794",
         needs=("disability_codes",), number=13, blames=("disability_codes",)),
    Rule("PUP015", _Q, _PUPILS, f"NOT list_has_all([{values('cin_disability')}], {_DISABILITIES})", "A disability is not in the code list.",
         "Use the codes of the children in need census.", "CINV 8540", needs=("disability_codes",), number=13, blames=("disability_codes",)),
    Rule("PUP016", _Q, ("pupils", "pupils_last_year"),
         f"(upn <> held_upn AND NOT {_TEMPORARY.format('held_upn')} AND NOT {_TEMPORARY.format('upn')}) OR ethnicity <> held_ethnicity",
         "The UPN or ethnic group differs from the one held for the same person.",
         "Ask which is right: a changed UPN can be another child under the same id. Both are kept with their dates.", "903V 208, 204", number=9,
         blames=("upn", "ethnicity")),
    Rule("PUP017", _Q, _PUPILS, f"sen_provision IS NOT NULL AND sen_provision NOT IN ({values('sen_provision')})", "The SEN provision is not in the code list.",
         "Use N, K or E (A, P, Q and S in history).", "school census code set", blames=("sen_provision",)),
    Rule("PUP018", _Q, _PUPILS, f"sen_need IS NOT NULL AND sen_need NOT IN ({values('sen_need')})", "The SEN need is not in the code list.",
         "Use the codes of the school census.", "school census code set", blames=("sen_need",)),
    Rule("PUP019", _Q, _PUPILS, "sen_provision = 'N' AND sen_need IS NOT NULL", "A need is recorded for a pupil without SEN provision.",
         "Ask the school which is right.", "school census code set", needs=("sen_provision", "sen_need"), blames=("sen_provision", "sen_need")),
    Rule("PUP020", _Q, _PUPILS, _NHS_WRONG, "The NHS number is not a valid one.", "Correct it at its source; until then it is not used to link.",
         "NHS data dictionary", blames=("nhs_number",)),
    Rule("PUP021", _Q, _PUPILS, _ULN_WRONG, "The unique learner number is not a valid one.", "Correct it at its source.", "ULN specification",
         needs=("uln",), blames=("uln",)),
    Rule("PUP022", _Q, _PUPILS, _shared(_NHS), "Two people carry the same NHS number.", "Never merged automatically: ask the source which is right.",
         "data standards, 6 (matching problems)", blames=("nhs_number",)),
    Rule("PUP023", _Q, _PUPILS, "young_carer IS NOT NULL AND young_carer NOT IN ('N', 'P', 'S')", "What is said of a young carer is not N, P or S.",
         "N (not declared) means not known, never no.", "school census code set", blames=("young_carer",)),
    Rule("PUP024", _Q, _PUPILS, "idaci_decile NOT BETWEEN 1 AND 10", "The deprivation decile is not between 1 and 10.",
         "Check the join with the index: 1 is the most deprived tenth, and a rank or score is another column.", "English indices of deprivation", blames=("idaci_decile",)),
    Rule("PUP025", _Q, _PUPILS, "postcode IS NOT NULL AND NOT regexp_full_match(upper(postcode), '[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}')",
         "The postcode has not the form of one.", "Correct it at the source; a household is not found by it.", "Royal Mail postcode form", blames=("postcode",)),
    Rule("PUP026", _Q, _PUPILS, "uprn IS NOT NULL AND NOT regexp_full_match(uprn, '[0-9]{1,12}')", "The property number is not up to twelve digits.",
         "Correct it at the source; a spreadsheet may have written it as a power of ten.", "data standards, 6 (UPRN)", blames=("uprn",)),
)  # fmt: skip
