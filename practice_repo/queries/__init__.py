"""One question of a screen per module; none writes."""
