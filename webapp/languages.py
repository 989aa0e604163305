"""English and simplified Chinese: which one a visitor gets, and where the texts come from."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale
from flask_login import current_user

LANGUAGES = {"en": "English", "zh_Hans": "中文"}
FOLDER = Path(__file__).parent / "translations"


class Catalogue(Domain):
    """The texts, read from the .po files themselves: nothing to compile and nothing to forget."""

    def get_translations(self) -> NullTranslations:
        return load_catalogue(current_language())


@cache
def load_catalogue(language: str) -> NullTranslations:
    """The translations of a language; English is written in the sources."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def current_language() -> str:
    """`en` or `zh_Hans`."""
    locale = get_locale()
    return "zh_Hans" if locale and locale.language == "zh" else "en"


def model_language() -> str:
    """The language as models and forms name it: `en` or `zh`."""
    return current_language()[:2]


def choose_language() -> str:
    """What the person chose, else what the browser asks for, else the installation's."""
    if not has_request_context():
        return "en"
    for wish in (session.get("language"), getattr(current_user, "language", None)):
        if wish in LANGUAGES:
            return wish
    for wish in request.accept_languages.values():
        if wish.lower().startswith("zh"):
            return "zh_Hans"
        if wish.lower().startswith("en"):
            return "en"
    configured = current_app.extensions["praxis"].settings.language
    return configured if configured in LANGUAGES else "en"


def install(app: Flask) -> None:
    """Texts in views and templates follow the visitor's language."""
    babel = Babel(app, locale_selector=choose_language)
    babel.domain_instance = Catalogue()  # instead of the one that looks for compiled files
    app.context_processor(
        lambda: {"languages": LANGUAGES, "language": current_language(), "model_language": model_language()}
    )
