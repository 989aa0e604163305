"""Settings come from the environment, and a typo is told."""

import pytest

from engine.errors import InvalidInput
from webapp.settings import Settings


def test_an_unknown_name_is_refused_with_the_near_one():
    with pytest.raises(InvalidInput, match="did you mean PRAXIS_DATABASE_URL"):
        Settings.from_environment({"PRAXIS_DATABSE_URL": "sqlite:///x"})


def test_values_get_their_types():
    settings = Settings.from_environment({"PRAXIS_PORT": "9000", "PRAXIS_WORKER": "no", "HOME": "/somewhere"})

    assert (settings.port, settings.worker) == (9000, False)


@pytest.mark.parametrize(("name", "text"), [("PRAXIS_PORT", "many"), ("PRAXIS_WORKER", "perhaps")])
def test_a_value_of_the_wrong_kind_is_refused(name, text):
    with pytest.raises(InvalidInput, match=f"{name} must be .*{text}"):
        Settings.from_environment({name: text})


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    settings = Settings(data_directory=tmp_path)

    assert settings.signing_key() == Settings(data_directory=tmp_path).signing_key() != ""
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
