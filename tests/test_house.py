"""The house keeps its order: who imports whom, and what must not stand in the repository."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
REGISTRIES = "|".join(
    ["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(org|com)", "deb" + r"\.debian\.org"]
)
MACHINE_PATHS = r"(^|[^a-zA-Z.\w-])/(wo" + r"rk|ro" + r"ot)/"


def test_everybody_imports_only_what_the_house_allows():
    # A process of its own: import-linter configures logging anew and would silence the loggers of other tests.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]

    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_no_registry_and_no_path_of_a_machine_stands_in_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    unwanted = re.compile(f"{REGISTRIES}|{MACHINE_PATHS}")

    found = [
        f"{name}:{number}"
        for name in listed.stdout.splitlines()
        if (ROOT / name).is_file()
        for number, line in enumerate((ROOT / name).read_text(errors="ignore").splitlines(), start=1)
        if unwanted.search(line)
    ]

    assert found == []
