"""What a board and families read: the governance report and the notices."""

from early_id.report.context import GovernanceContext
from early_id.report.governance import governance_pack
from early_id.report.notices import NoticeContext, write_notices

__all__ = ["GovernanceContext", "NoticeContext", "governance_pack", "write_notices"]
