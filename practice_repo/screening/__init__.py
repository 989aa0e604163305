"""The anonymiser of contributions: what would tell who made them is found everywhere, shown, and replaced."""
