"""What vendors write into extension attributes and elements, as one set of fields."""

from engine.bpmn.extensions.extension import Extension
from engine.bpmn.extensions.vendors import read_extension

__all__ = ["Extension", "read_extension"]
