"""One question that a screen asks per module; never writes."""
