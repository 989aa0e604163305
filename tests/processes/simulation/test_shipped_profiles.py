"""What the shipped packs say of a year can be simulated; what they name exists (see also the pack tests)."""

from dataclasses import replace

import pytest

from practice_repo.practice import read_practice, shipped_practices
from practice_repo.practice_check import check_practice
from processes.simulation.profile import PROFILE
from webapp.simulated_case import read_model

FOLDERS = [folder for folder in shipped_practices() if (folder / PROFILE).is_file()]
CRM = {"campaign_lifecycle", "lead_to_order", "reverse_logistics", "ticket_to_dispatch"}


def test_the_four_processes_with_customers_have_a_profile():
    assert {folder.name for folder in FOLDERS} >= CRM


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_profile_can_be_read_and_lived(folder):
    model = read_model(folder)
    practice = read_practice(folder)

    assert model.usual.name in model.profile.stories
    assert model.profile.effects
    roles = {role.key for role in practice.card.roles}
    assert {team.role for team in model.profile.teams} <= roles


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ('element = "triage"', 'element = "triaje"', "names the task 'triaje'"),
        ('scenario = "happy path"', 'scenario = "sunny path"', "names the scenario 'sunny path'"),
        ('role = "dispatcher"', 'role = "despatcher"', "names the role 'despatcher'"),
        ('message = "PartsAvailable"', 'message = "PartsThere"', "names the message 'PartsThere'"),
        ("tasks = {resolve_remote = 0.55", "tasks = {resolve = 0.55", "names the task 'resolve'"),
    ],
)
def test_the_practice_check_names_what_does_not_exist(right, wrong, problem):
    practice = read_practice(next(folder for folder in FOLDERS if folder.name == "ticket_to_dispatch"))
    assert right in practice.simulation

    findings = check_practice(replace(practice, simulation=practice.simulation.replace(right, wrong)))

    assert any(problem in str(finding) for finding in findings)
