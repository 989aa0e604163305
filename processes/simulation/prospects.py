"""Companies that nobody has met before, made by chance: no two look alike to the search for duplicates."""

from random import Random

SYLLABLES = (
    "ba",
    "be",
    "dra",
    "del",
    "fin",
    "gar",
    "hol",
    "ju",
    "kel",
    "lum",
    "mar",
    "nor",
    "pel",
    "qua",
    "rin",
    "sol",
)
ENDINGS = ("dis", "gen", "lix", "mont", "nova", "pera", "rath", "stad", "tec", "vane", "wick", "zon")
BRANCHES = ("Foods", "Bottling", "Pharma", "Plastics", "Chemicals", "Paper", "Glass", "Textiles", "Mining", "Optics")
CITIES = ("Suzhou", "Wuxi", "Hangzhou", "Ningbo", "Nanjing", "Shanghai", "Kunshan", "Changzhou", "Hefei", "Xiamen")
INITIALS = "ABCDEFGHJKLMNPRSTW"


def prospect(key: str, number: int) -> dict[str, str]:
    """Company, contact, city, e-mail and telephone of somebody new; the same for the same key."""
    chance = Random(key)
    word = "".join((*chance.choices(SYLLABLES, k=3), chance.choice(ENDINGS))).capitalize()
    surname = "".join((*chance.choices(SYLLABLES, k=2), chance.choice(ENDINGS))).capitalize()
    return {
        "company": f"{word} {chance.choice(BRANCHES)}",
        "contact_name": f"{chance.choice(INITIALS)}. {surname}",
        "city": chance.choice(CITIES),
        "email": f"{surname.lower()}@{word.lower()}{number}.example",
        "phone": f"+86 21 {5200 + number // 10_000 % 700:04d} {number % 10_000:04d}",
    }
