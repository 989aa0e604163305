"""The migrations' command line: see the package."""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from webapp.migrations import configuration, upgrade


def revise(message: str) -> None:
    """Write the migration that leads from the newest revision to the metadata."""
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(f"sqlite:///{Path(folder) / 'empty.db'}")
        command.upgrade(config, "head")
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        name = re.sub(r"\W+", "_", message.lower()).strip("_")
        config.set_main_option("file_template", f"{number:04d}_{name[:40]}")
        command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["upgrade", url]:
            upgrade(url)
        case ["revision", message]:
            revise(message)
        case _:
            print('Usage: python -m webapp.migrations upgrade URL | revision "what changes"', file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
