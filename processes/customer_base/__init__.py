"""The shared customer information base of front and back office: tables and plain functions."""
