"""What a model says: elements, reader, writer, graph, layout and lint. Pure: standard library, lxml and FEEL only."""

from engine.bpmn.reader import read_model

__all__ = ["read_model"]
