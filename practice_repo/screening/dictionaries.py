"""Words by which names are told from other words; the lists lie in `data/`, a word more is a line's edit."""

from functools import cache
from pathlib import Path


@cache
def word_list(name: str) -> frozenset[str]:
    """The entries of data/<name>.txt: between bars, or between spaces where no entry has one."""
    text = (Path(__file__).parent / "data" / f"{name}.txt").read_text("utf-8")
    entries = [line for line in text.splitlines() if not line.startswith("#")]
    separator = "|" if any("|" in line for line in entries) else None
    return frozenset(entry.strip() for line in entries for entry in line.split(separator) if entry.strip())


GIVEN_NAMES = word_list("given_names")
AMBIGUOUS_GIVEN_NAMES = word_list("ambiguous_given_names")
ENGLISH_CITIES = word_list("english_cities")
COUNTRIES = word_list("countries")
SYSTEMS = word_list("systems")
COMPANIES = word_list("companies")
PINYIN_SURNAMES = word_list("pinyin_surnames")
COMMON_SURNAMES = word_list("common_surnames")
SURNAMES = word_list("surnames")
GIVEN_CHARACTERS = word_list("given_characters")
CHINESE_PLACES = word_list("chinese_places")
NO_CHINESE_NAMES = word_list("no_chinese_names")
NO_CHINESE_COMPANIES = word_list("no_chinese_companies")
ORDINARY_WORDS = word_list("ordinary_words")
HONORIFICS = word_list("honorifics")
COMPANY_SUFFIXES = word_list("company_suffixes")
STREETS = word_list("streets")
CHINESE_COMPANY_SUFFIXES = word_list("chinese_company_suffixes")
CHINESE_TRADES = word_list("chinese_trades")
CHINESE_HONORIFICS = word_list("chinese_honorifics")
VENDOR_DOMAINS = word_list("vendor_domains")
TOP_LEVEL_DOMAINS = word_list("top_level_domains")
PUBLIC_CODES = word_list("public_codes")
RESERVED_DOMAINS = frozenset({"example.com", "example.org", "example.net", "example", "test", "invalid", "localhost"})
