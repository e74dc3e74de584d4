"""Canonical tables of who belongs to whom: relationships, family groups, contacts that schools hold, addresses.

Families in time are built from them (``linkage/kin.py``). They are for people who have to know who belongs to a child: no feature may read a column of them.
"""

from __future__ import annotations

from early_id.core.types import SharingClass, Usage
from early_id.schema.columns import Column, Table


def _c(name: str, type: str = "text", label: str = "", **more: object) -> Column:
    return Column(name, type, label, Usage.NEVER, **more)  # type: ignore[arg-type]  # further fields of a column, by name


RELATED: tuple[Table, ...] = (
    Table(
        "relationships",
        "Who is what to whom, as a case system names it",
        (
            _c("other_person_id", label="The other person, as the same source calls them", required=True),
            _c("relation", label="What the other person is to this one", codes="relationship", required=True),
            _c("from_on", "date", "From", note="of a mother: the child's date of birth"),
            _c("to_on", "date", "Until"),
        ),
        happened="from_on",
        key=("other_person_id", "relation"),
        later={"to_on": ()},
        ends="to_on",
        sharing=SharingClass.SOCIAL_CARE,
        also_about=("other_person_id",),
        note="the mother table of the Standard Safeguarding Dataset is the only explicit link of kin in it",
    ),
    Table(
        "family_groups",
        "People whom a case system holds as one family",
        (_c("group_id", label="Family, as the source calls it", required=True),),
        key=("group_id",),
        sharing=SharingClass.SOCIAL_CARE,
        note="the family table of the Standard Safeguarding Dataset: without dates and without saying who is what to whom",
    ),
    Table(
        "school_contacts",
        "Parents, carers and other contacts of a pupil, as the school holds them",
        (
            _c("school_id", label="School"),
            _c("contact_id", label="Contact, as the school's system calls them", note="brothers and sisters share it"),
            _c("forename", label="Forename of the contact"),
            _c("surname", label="Surname of the contact"),
            _c("relation", label="What the contact is to the pupil", codes="relationship", required=True),
            _c("lives_with_pupil", "yes_no", "Lives with the pupil"),
            _c("parental_responsibility", "yes_no", "Has parental responsibility"),
            _c("priority", "integer", "Order in which the school turns to its contacts", note="1 is first"),
        ),
        key=("school_id", "contact_id", "forename", "surname", "relation"),
        sharing=SharingClass.SCHOOL,
        note="a contact has no date of birth, so it is never linked to a person by itself: it says what somebody known in the child's family is to the child",
    ),
    Table(
        "addresses",
        "Where somebody has lived, as a case system holds it",
        (
            _c("uprn", label="Property number"),
            _c("postcode", label="Postcode"),
            _c("kind", label="Kind of address, in the words of the source", note="a placement is no home of a family"),
            _c("from_on", "date", "From"),
            _c("to_on", "date", "Until"),
        ),
        happened="from_on",
        key=("uprn", "postcode", "kind", "from_on"),
        later={"to_on": ()},
        ends="to_on",
        sharing=SharingClass.SOCIAL_CARE,
    ),
)
