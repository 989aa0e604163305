"""Remembers: tables, projections, unit of work."""
