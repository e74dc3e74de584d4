"""The shipped features, one file a subject. A new feature is one declaration in one of these files."""

from early_id.features.library.attendance import ATTENDANCE
from early_id.features.library.family import FAMILY
from early_id.features.library.health import HEALTH
from early_id.features.library.housing import HOUSING
from early_id.features.library.police import POLICE
from early_id.features.library.schooling import SCHOOLING
from early_id.features.library.services import SERVICES
from early_id.features.library.suspensions import SUSPENSIONS

SHIPPED = (*ATTENDANCE, *SUSPENSIONS, *SCHOOLING, *POLICE, *HEALTH, *FAMILY, *SERVICES, *HOUSING)

__all__ = ["SHIPPED"]
