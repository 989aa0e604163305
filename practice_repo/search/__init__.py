"""Similarity of practices: search, distance, novelty and the view of a whole family. Pure: no database, no screen."""
