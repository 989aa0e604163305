"""What a model says: elements, reader, writer, graph, layout and lint. Pure: standard library, lxml and FEEL only."""
