"""Settings and their shipped defaults."""

from early_id.config.load import load_config
from early_id.config.settings import Config

__all__ = ["Config", "load_config"]
