"""One verb per module; none commits."""
