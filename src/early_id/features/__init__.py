"""Declared features, cut in time, and the matrix that models, audits and lists read."""

from early_id.features.catalogue import Catalogue, catalogue
from early_id.features.declare import Feature
from early_id.features.matrix import FeatureMatrix
from early_id.features.programme import COUNCIL, Programme, build_features

__all__ = ["COUNCIL", "Catalogue", "Feature", "FeatureMatrix", "Programme", "build_features", "catalogue"]
