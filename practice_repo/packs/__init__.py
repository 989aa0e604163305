"""Packs: practices on their way between installations: one archive, signed, indexed, in parts, from other tools."""
