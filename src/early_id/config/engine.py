"""Settings of the engine that features are computed on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from early_id.config.base import Frozen


class EngineSettings(Frozen):
    """Where features are computed. Taking in and checking stay with DuckDB on this machine; linking too, unless ``linkage.engine`` says spark."""

    name: Literal["duckdb", "spark"] = "duckdb"
    master: str = "local[*]"  #: Spark: ``local[*]`` for this machine, or a cluster's master, such as ``yarn`` or ``spark://host:7077``
    parts: str | None = None  #: Spark: the store's folder ``parts`` as the cluster's machines see it, where they see it elsewhere
    options: dict[str, str] = Field(default_factory=dict)  #: Spark: any of its own options, by name
