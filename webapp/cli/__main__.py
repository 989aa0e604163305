"""`python -m webapp.cli` is `praxis`."""

from webapp.cli import main

main()
