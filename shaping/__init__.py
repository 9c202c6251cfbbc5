"""Shaping: a company's own exports to landing files, by one SELECT per table and tool.

`template` reads a shape and the exports that it names, `exports` finds and reads those files, `engine` runs the shapes
whose exports or SQL changed and writes their results into the landing folder, `state` remembers what was run.
"""

from stayhouse.shaping.engine import Folders, Shaping, find_faults, run_shapes
from stayhouse.shaping.problems import ShapeError
from stayhouse.shaping.template import find_shapes

__all__ = ["Folders", "ShapeError", "Shaping", "find_faults", "find_shapes", "run_shapes"]
