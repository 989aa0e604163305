"""Structured change: documents as records, differences as operations, replay, undo, merge."""
