"""One child, one family: people behind the records."""

from early_id.linkage.people import People, link_people
from early_id.linkage.store_link import link

__all__ = ["People", "link", "link_people"]
