"""Who is this? Duplicates by exact keys (tax id, e-mail, phone) and by likeness of name and city.

Every party and lead leaves match keys. A search reads only rows that share a key, so it stays fast with 100,000
parties: names meet in blocks (beginnings of words; pairs of characters for Chinese), the rarest blocks first.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from engine.store.types import new_id
from processes.customer_base.normalising import name_core
from processes.customer_base.scope import enterprise_of
from processes.customer_base.tables import Contact, Lead, MatchKey, Party

FUZZY_FROM = 0.90  # likeness of name and city from which a person should look
NAME_WEIGHT = 0.8
MOST_CANDIDATES = 400
_CHINESE = re.compile(r"[\u3400-\u9fff]")
OPEN_LEADS = ("new", "working", "qualified", "later", "nurtured")


@dataclass(frozen=True)
class Candidate:
    """Somebody we may know already."""

    kind: str  # party | lead
    id: str
    number: str
    name: str
    city: str | None
    score: float  # 0 to 1
    reason: str  # tax_id | email | phone | name
    status: str

    @property
    def is_exact(self) -> bool:
        return self.reason != "name"


def match_keys(
    *,
    names: Iterable[str | None] = (),
    emails: Iterable[str | None] = (),
    phones: Iterable[str | None] = (),
    tax_id: str | None = None,
) -> set[str]:
    """The keys under which something with these (normalised) values is found."""
    keys = {f"e:{email.casefold()}" for email in emails if email}
    keys |= {f"p:{phone}" for phone in phones if phone}
    if tax_id:
        keys.add(f"t:{_tax_key(tax_id)}")
    for name in names:
        if name:
            keys |= {f"n:{block}" for block in name_blocks(name)}
    return keys


def name_blocks(name: str) -> set[str]:
    """Pieces of a name that a slightly different spelling of it mostly shares."""
    blocks: set[str] = set()
    for word in name_core(name).split():
        if _CHINESE.search(word):
            blocks |= {word[at : at + 2] for at in range(max(len(word) - 1, 1))}
        else:
            blocks |= {word[:4], "…" + word[-4:]} if len(word) > 4 else {word}
    return blocks


def likeness(name: str, city: str | None, other_name: str, other_city: str | None) -> float:
    """How alike two names with their cities are, 0 to 1; an unknown city says nothing.

    >>> likeness("Acme Valves Ltd", "Leeds", "ACME Valve Limited", "Leeds") > 0.9
    True
    """
    ours, theirs = name_core(name), name_core(other_name)
    by_name = max(fuzz.ratio(ours, theirs), fuzz.token_sort_ratio(ours, theirs)) / 100
    if not city or not other_city:
        return by_name
    by_city = fuzz.ratio(city.casefold().strip().rstrip("市"), other_city.casefold().strip().rstrip("市")) / 100
    return NAME_WEIGHT * by_name + (1 - NAME_WEIGHT) * by_city


def find_duplicates(
    session: Session,
    *,
    name: str | None = None,
    city: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    tax_id: str | None = None,
    kinds: Iterable[str] = ("party", "lead"),
    except_ids: Iterable[str] = (),
    limit: int = 10,
) -> list[Candidate]:
    """Parties and open leads that may be the same: exact matches first, then by falling likeness."""
    kinds, except_ids = tuple(kinds), set(except_ids)
    exact_keys = match_keys(emails=[email], phones=[phone], tax_id=tax_id)
    reasons = _subjects_of_keys(session, exact_keys, kinds)
    fuzzy = _subjects_of_name(session, name, kinds) if name else {}
    subjects = {subject for subject in (*reasons, *fuzzy) if subject[1] not in except_ids}
    found: dict[tuple[str, str], Candidate] = {}
    for kind, subject_id, number, subject_name, subject_city, status in _read_subjects(session, subjects):
        subject = (kind, subject_id)
        if subject in reasons:
            found[subject] = Candidate(
                kind, subject_id, number, subject_name, subject_city, 1.0, reasons[subject], status
            )
            continue
        score = likeness(name or "", city, subject_name, subject_city)
        if score >= FUZZY_FROM:
            found[subject] = Candidate(
                kind, subject_id, number, subject_name, subject_city, round(score, 4), "name", status
            )
    order = sorted(found.values(), key=lambda item: (not item.is_exact, -item.score, item.kind != "party", item.number))
    return order[:limit]


def remember_keys(session: Session, *, kind: str, subject_id: str, keys: Iterable[str]) -> None:
    """Store a subject's match keys in place of its earlier ones."""
    session.execute(delete(MatchKey).where(MatchKey.subject_id == subject_id))
    add_keys(session, [(kind, subject_id, key) for key in keys])


def add_keys(session: Session, rows: Iterable[tuple[str, str, str]]) -> None:
    """Store (kind, subject id, key) rows in one go."""
    enterprise_id = enterprise_of(session)
    values = [
        {
            "id": new_id(),
            "enterprise_id": enterprise_id,
            "subject_kind": kind,
            "subject_id": subject_id,
            "key": key[:300],
        }
        for kind, subject_id, key in rows
    ]
    if values:
        session.execute(insert(MatchKey), values)


def remember_party(session: Session, party: Party) -> None:
    """Store what a party is found by, from its row and its contacts."""
    contacts = session.execute(select(Contact.email, Contact.phone).where(Contact.party_id == party.id)).all()
    keys = match_keys(
        names=[party.name, party.name_zh],
        emails=[contact.email for contact in contacts],
        phones=[contact.phone for contact in contacts],
        tax_id=party.tax_id,
    )
    remember_keys(session, kind="party", subject_id=party.id, keys=keys)


def remember_lead(session: Session, lead: Lead) -> None:
    """Store what a lead is found by."""
    keys = match_keys(
        names=[lead.company or lead.contact_name], emails=[lead.email], phones=[lead.phone], tax_id=lead.tax_id
    )
    remember_keys(session, kind="lead", subject_id=lead.id, keys=keys)


def _tax_key(tax_id: str) -> str:
    return re.sub(r"[\s.\-/]", "", tax_id).upper()


_REASONS = {"t": "tax_id", "e": "email", "p": "phone"}


def _subjects_of_keys(session: Session, keys: set[str], kinds: tuple[str, ...]) -> dict[tuple[str, str], str]:
    if not keys:
        return {}
    rows = session.execute(
        select(MatchKey.subject_kind, MatchKey.subject_id, MatchKey.key)
        .where(MatchKey.key.in_(keys), MatchKey.subject_kind.in_(kinds))
        .limit(MOST_CANDIDATES)
    )
    found: dict[tuple[str, str], str] = {}
    for kind, subject_id, key in sorted(rows, key=lambda row: "tep".index(row.key[0])):
        found.setdefault((kind, subject_id), _REASONS[key[0]])
    return found


def _subjects_of_name(session: Session, name: str, kinds: tuple[str, ...]) -> set[tuple[str, str]]:
    keys = match_keys(names=[name])
    if not keys:
        return set()
    shares: Counter[tuple[str, str]] = Counter()
    for key, _ in sorted(_key_frequencies(session, keys, kinds).items(), key=lambda item: item[1]):
        rows = session.execute(
            select(MatchKey.subject_kind, MatchKey.subject_id)
            .where(MatchKey.key == key, MatchKey.subject_kind.in_(kinds))
            .limit(5 * MOST_CANDIDATES)
        )
        shares.update((kind, subject_id) for kind, subject_id in rows)
        if len(shares) >= MOST_CANDIDATES:  # the rarer keys have spoken
            break
    return {subject for subject, _ in shares.most_common(MOST_CANDIDATES)}


def _key_frequencies(session: Session, keys: set[str], kinds: tuple[str, ...]) -> dict[str, int]:
    rows = session.execute(
        select(MatchKey.key, func.count())
        .where(MatchKey.key.in_(keys), MatchKey.subject_kind.in_(kinds))
        .group_by(MatchKey.key)
    )
    return dict(rows.all())


def _read_subjects(
    session: Session, subjects: set[tuple[str, str]]
) -> Iterable[tuple[str, str, str, str, str | None, str]]:
    party_ids = [subject_id for kind, subject_id in subjects if kind == "party"]
    lead_ids = [subject_id for kind, subject_id in subjects if kind == "lead"]
    if party_ids:
        parties = session.execute(
            select(Party.id, Party.number, Party.name, Party.city, Party.status).where(
                Party.id.in_(party_ids), Party.status != "merged"
            )
        )
        for party in parties:
            yield "party", party.id, party.number, party.name, party.city, party.status
    if lead_ids:
        leads = session.execute(
            select(Lead.id, Lead.number, Lead.company, Lead.contact_name, Lead.city, Lead.status).where(
                Lead.id.in_(lead_ids), Lead.status.in_(OPEN_LEADS)
            )
        )
        for lead in leads:
            yield "lead", lead.id, lead.number, lead.company or lead.contact_name or "", lead.city, lead.status
