"""What a person sent by a form: accepted as typed values, or refused field by field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.errors import InvalidInput
from engine.queries.compiled import form
from engine.store.unit_of_work import Work


class InvalidForm(InvalidInput):
    """Some fields do not fit; `errors` says per field (or `list.0.field`) why."""

    def __init__(self, errors: Mapping[str, Any]):
        super().__init__(" ".join(str(error) for error in errors.values()))
        self.errors = dict(errors)


def checked(
    work: Work,
    bundle: Mapping[str, Any],
    form_key: str | None,
    values: Mapping[str, Any],
    variables: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """The values as the deployed form types them; as they came where the deployment has no such form."""
    digest = bundle["forms"].get(form_key) if form_key else None
    if digest is None:
        return dict(values)
    accepted = form(work, digest).accept(values, variables, now)
    if accepted.errors:
        raise InvalidForm(accepted.errors)
    return dict(accepted.values)
