"""What command lines of other rooms ask about an enterprise of this installation."""

from engine.clock import SystemClock
from engine.errors import NotFound
from engine.store.unit_of_work import Store
from practice_repo.portfolios import Situation, read_situation
from webapp.cli.migrate import prepare_database
from webapp.settings import Settings
from webapp.tables import Enterprise


def situation(enterprise_id: str) -> Situation:
    """Its activities as a portfolio, read at this moment. Raises NotFound, InvalidState without a profile."""
    settings = Settings.from_environment()
    prepare_database(settings)
    with Store(settings.store_url).reading() as work:
        if work.session.get(Enterprise, enterprise_id) is None:
            raise NotFound(f"There is no enterprise '{enterprise_id}' in {settings.data_directory}: check its id.")
        return read_situation(work, enterprise_id, SystemClock().now())
