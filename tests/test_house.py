"""The house keeps its order: who imports whom, and what must not stand in the repository."""

import re
import subprocess
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
REGISTRIES = "|".join(
    ["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(org|com)", "deb" + r"\.debian\.org"]
)
MACHINE_PATHS = r"(^|[^a-zA-Z.\w-])/(wo" + r"rk|ro" + r"ot)/"


def test_everybody_imports_only_what_the_house_allows():
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_logo=True) == 0


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
