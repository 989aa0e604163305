"""Best practices: find, acquire, tailor, convert, rank, roll out, measure, contribute, merge."""
