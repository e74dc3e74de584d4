"""The same council in the shapes that councils hold: school systems, census, national returns, snapshots, agencies' own lists."""

from early_id.data.synth.shapes.register import FOLDER, LARGEST, SHAPES, Shape, parse, write_shapes

__all__ = ["FOLDER", "LARGEST", "SHAPES", "Shape", "parse", "write_shapes"]
