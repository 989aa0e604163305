"""Screens the files of a contribution: what tells who made it is found in every place, and replaced.

    screening = screen(files, KnownNames(organisations=["Brightwater Pumps Ltd"]))
    screening.open                       # too uncertain to replace without a word of the contributor
    screen(files, known, decisions=[Decision(finding_id, "keep", reason="a norm")]).cleaned

A cleaned package means what it meant: the same name has the same replacement everywhere, identifiers change together
with all references to them, and literals of conditions together with what they are compared with.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath

from engine.bpmn.lint import lint
from engine.bpmn.reader import read_model
from engine.dmn.reader import read_dmn
from engine.errors import EngineError, InvalidInput
from practice_repo.card import CARD, read_card
from practice_repo.screening import places
from practice_repo.screening.finding import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Decision,
    Finding,
    KnownNames,
    Screening,
    Span,
    finding_id,
)
from practice_repo.screening.known import RUN, Dictionary, Name
from practice_repo.screening.naming import find_names
from practice_repo.screening.numbers import find_addresses, find_numbers
from practice_repo.screening.places import Place, Source, parts_of, read_source
from practice_repo.screening.replacing import HAN, Replacements, is_own
from practice_repo.screening.roles import house_roles

LEARNT_FROM = 0.8
LEARNT_KINDS = frozenset({"person", "organisation", "product"})
CHOICES = ("replace", "keep", "edit")
AROUND = 30  # characters of context on both sides
THRESHOLD = re.compile(r"(?<![\w.])\d{4,}(?![\w.])")
FILE_NAME = "file name"


@dataclass(frozen=True)
class Hit:
    """A span in a place, with how its replacement is written."""

    start: int
    end: int
    kind: str
    certainty: float
    style: str  # text | identifier | digits | literal | drop


def screen(
    files: Mapping[str, bytes],
    known: KnownNames = KnownNames(),  # noqa: B008, RUF100
    *,
    decisions: Iterable[Decision] = (),
    published: Mapping[str, bytes] | None = None,
    bucket_money: bool = False,
) -> Screening:
    """What was found in the files of a package, and the files without it.

    `published` are the files that the contribution grew from: what they name is public, and is no finding unless the
    enterprise's own dictionary has it; a new role that is like one of theirs is a finding that waits for a decision.
    `bucket_money` also finds amounts of 1,000 and more in rules and rounds them to 1, 2 or 5 times a power of ten.

    Raises InvalidInput for a decision that fits no finding, that keeps without a reason, or that would break a file.
    """
    public = published or {}
    return _Run(files, known, bucket_money, _named_in(public), house_roles(files, public)).screening(tuple(decisions))


def _named_in(files: Mapping[str, bytes]) -> frozenset[tuple[str, str]]:
    """Kind and text of everything that is named in files."""
    if not files:
        return frozenset()
    findings = _Run(files, KnownNames(), False, frozenset(), {}).screening(()).findings
    return frozenset((finding.kind, finding.text.casefold()) for finding in findings)


class _Run:
    def __init__(
        self,
        files: Mapping[str, bytes],
        known: KnownNames,
        bucket_money: bool,
        public: Collection[tuple[str, str]],
        suggested_roles: Mapping[str, str],
    ):
        self.files = files
        self.public = public
        self.bucket_money = bucket_money
        self.sources: dict[str, Source | None] = {name: read_source(name, files[name]) for name in sorted(files)}
        self.own = Dictionary.of(known)
        self.dictionary = Dictionary.of(known)
        self.roles = {name.casefold(): role for name, role in (suggested_roles | dict(known.roles)).items()}
        for name in suggested_roles:
            self.dictionary.learn(Name(name, "role", certainty=POSSIBLE))
        self.replacements = Replacements()
        for kind, names in (("organisation", known.organisations), ("person", known.persons)):
            for name in names:  # so that the enterprise itself is Company A
                self.replacements.number(kind, name.strip())
        self._learn()
        self.replacements.reserve(
            {run for _, place in self._all_places() for run in RUN.findall(place.text) if run.isascii()}
        )

    def _all_places(self) -> Iterator[tuple[str, Place]]:
        for file, source in self.sources.items():
            yield file, Place(-1, "", FILE_NAME, _stem(file), places.IDENTIFIER)
            for place in source.places if source else ():
                yield file, place

    def _learn(self) -> None:
        """A name that is sure in one place is known in all others."""
        for _, place in self._all_places():
            for text in _texts(place):
                for span in _found(text):
                    found = text[span.start : span.end]
                    is_whole = not (HAN.search(found) and span.kind == "person" and len(found) < 2)
                    is_sure = span.kind in LEARNT_KINDS and span.certainty >= LEARNT_FROM and not is_own(found)
                    if is_sure and is_whole and not self._is_public(span.kind, found):
                        self.dictionary.learn(Name(found.strip(" ."), span.kind, certainty=span.certainty))

    def _is_public(self, kind: str, text: str) -> bool:
        return (kind, text.casefold()) in self.public and text not in self.own and not self.own.find_in_identifier(text)

    def screening(self, decisions: tuple[Decision, ...]) -> Screening:
        findings: list[tuple[Finding, Place, Hit]] = []
        seen: Counter[tuple[str, str, str, str]] = Counter()
        for file, place in self._all_places():
            for hit in _apart(self._hits(place)):
                text = place.text[hit.start : hit.end]
                if not text.strip() or is_own(text) or self._is_public(hit.kind, text):
                    continue
                where = file, place.element, place.where, text
                seen[where] += 1
                identifier = finding_id(*where, seen[where])
                findings.append((self._finding(identifier, file, place, hit, text), place, hit))
        unreadable = [_unreadable(name) for name, source in self.sources.items() if source is None]
        decided = _decided([finding for finding, _, _ in findings] + unreadable, decisions)
        findings = [(finding, place, hit) for finding, (_, place, hit) in zip(decided, findings, strict=False)]
        cleaned = self._cleaned(findings, [finding for finding in decided if finding.kind == "unreadable"])
        return Screening(tuple(decided), cleaned, tuple(_problems(self.files, cleaned)))

    def _finding(self, identifier: str, file: str, place: Place, hit: Hit, text: str) -> Finding:
        context = place.text[max(hit.start - AROUND, 0) : hit.end + AROUND]
        return Finding(
            identifier, file, place.element, place.where, text, hit.start, hit.end, hit.kind,
            self._replacement(hit, text), round(hit.certainty, 2), " ".join(context.split()),
        )  # fmt: skip

    def _replacement(self, hit: Hit, text: str) -> str:
        if hit.style == "drop":
            return ""
        if hit.kind == "threshold":
            return _rounded(text)
        if hit.style == "identifier":
            return self._identifier(text)
        canonical = self._canonical(text, hit.kind)
        if hit.kind == "role":
            return _role_text(self.roles.get(canonical.casefold(), text), text)
        if hit.style == "digits":
            return self.replacements.in_digits(hit.kind, canonical, text)
        return self.replacements.in_text(hit.kind, canonical, text)

    def _canonical(self, text: str, kind: str) -> str:
        """The name that a text is, or holds, an alias of; so that all of them get one replacement."""
        name = self.dictionary.name_of(text)
        if name is None and kind in ("person", "organisation", "product", "system", "name"):
            inner = [text[span.start : span.end] for span in self.dictionary.find(text)]
            name = next((found for found in map(self.dictionary.name_of, inner) if found and found.kind == kind), None)
        return name.text if name else text

    def _identifier(self, run: str) -> str:
        new, at, kind = "", 0, ""
        for start, end, kind, name in self._pieces(run):
            written = run[start:end]
            if kind == "role":
                piece = re.sub(r"\W+", "_", self.roles.get(name.casefold(), name).lower()).strip("_")
            else:
                piece = self.replacements.in_identifier(kind, name, written)
            new += run[at:start] + piece
            at = end
        if kind == "role":  # is meant to meet the role that is there
            return new + run[at:]
        return self.replacements.run(run, new + run[at:])

    def _pieces(self, run: str) -> list[tuple[int, int, str, str]]:
        found = [(start, end, name.kind, name.text) for start, end, name in self.dictionary.find_in_identifier(run)]
        if found or run.isascii():
            return found
        spans = _apart(Hit(span.start, span.end, span.kind, span.certainty, "") for span in _found(run))
        return [
            (span.start, span.end, span.kind, self._canonical(run[span.start : span.end], span.kind)) for span in spans
        ]

    def _hits(self, place: Place) -> Iterator[Hit]:
        text = place.text
        if place.mode == places.METADATA:
            yield Hit(0, len(text), "metadata", CERTAIN, "drop")
        elif place.mode == places.USER:
            for match in re.finditer(r"[^,;\s][^,;]*", text):
                yield Hit(*match.span(), "person", LIKELY, "text")
        elif place.mode == places.IDENTIFIER:
            yield from self._identifier_hits(text)
        elif place.mode == places.NAMESPACE:
            yield from _as_hits(find_addresses(text), "text")
            yield from self._identifier_hits(text)
        elif place.mode == places.NUMBER:
            yield from self._labelled(place, "digits")
        elif place.mode == places.EXPRESSION:
            yield from self._expression_hits(text)
        else:
            yield from self._text_hits(text, place.mode)
            yield from self._labelled(place, "text")

    def _identifier_hits(self, text: str, wanted: re.Pattern = RUN) -> Iterator[Hit]:
        for match in wanted.finditer(text):
            pieces = self._pieces(match[0])
            if pieces:
                certainty = max((self._certainty(name) for _, _, _, name in pieces), default=LIKELY)
                yield Hit(*match.span(), pieces[0][2], certainty, "identifier")

    def _certainty(self, text: str) -> float:
        name = self.dictionary.name_of(text)
        return name.certainty if name else LIKELY

    def _text_hits(self, text: str, mode: str) -> Iterator[Hit]:
        yield from _as_hits(_found(text), "text")
        if mode == places.VALUE:
            yield from self._identifier_hits(text)
        else:
            yield from _as_hits(self.dictionary.find(text), "text")
            yield from self._identifier_hits(text, CODE_IN_TEXT)

    def _expression_hits(self, text: str) -> Iterator[Hit]:
        for offset, part, mode in parts_of(text):
            if mode == places.EXPRESSION:
                hits = [*self._identifier_hits(part), *_rest_hits(part), *self._threshold_hits(part)]
            else:
                hits = [*self._text_hits(part, mode)]
            yield from (replace(hit, start=hit.start + offset, end=hit.end + offset) for hit in hits)

    def _threshold_hits(self, text: str) -> Iterator[Hit]:
        for match in THRESHOLD.finditer(text) if self.bucket_money else ():
            if not 1900 <= int(match[0]) <= 2100 and _rounded(match[0]) != match[0]:
                yield Hit(*match.span(), "threshold", LIKELY, "digits")

    def _labelled(self, place: Place, style: str) -> Iterator[Hit]:
        """Numbers that only their field gives away: customer_no = "4711-22"."""
        label = re.sub(r"[_.:-]+", " ", f"{place.element} {place.where}").replace("defaultValue", "").strip() + " "
        for span in find_numbers(label + place.text) if any(letter.isdigit() for letter in place.text) else ():
            if span.start >= len(label):
                yield Hit(span.start - len(label), span.end - len(label), span.kind, span.certainty, style)

    def _cleaned(
        self, findings: Sequence[tuple[Finding, Place, Hit]], unreadable: Sequence[Finding]
    ) -> dict[str, bytes]:
        changes: dict[str, dict[int, str]] = {}
        for finding, place, hit in sorted(findings, key=lambda each: -each[2].start):
            if finding.is_replaced:
                texts = changes.setdefault(finding.file, {})
                text = texts.get(place.number, place.text)
                new = finding.replacement
                if place.mode == places.EXPRESSION:
                    new = new.replace("\\", "\\\\").replace('"', '\\"')
                texts[place.number] = text[: hit.start] + new + text[hit.end :]
        left_out = {finding.file for finding in unreadable if finding.is_replaced}
        cleaned: dict[str, bytes] = {}
        for name, source in self.sources.items():
            if name in left_out:
                continue
            texts = changes.get(name, {})
            stem = texts.pop(-1, None)
            content = source.write(texts) if source and texts else self.files[name]
            cleaned[name if stem is None else _renamed(name, stem)] = content
        return cleaned


CODE_IN_TEXT = re.compile(r"(?<![\w])(?:\w+_\w+|(?<=\{\{)\w+)(?![\w])")


def _texts(place: Place) -> Iterator[str]:
    """The texts of a place in which names are read as such."""
    if place.mode in (places.TEXT, places.VALUE):
        yield place.text
    elif place.mode == places.EXPRESSION:
        yield from (part for _, part, mode in parts_of(place.text) if mode != places.EXPRESSION)


@lru_cache(maxsize=50_000)
def _found(text: str) -> tuple[Span, ...]:
    return (*find_names(text), *find_addresses(text), *find_numbers(text))


def _as_hits(spans: Iterable[Span], style: str) -> Iterator[Hit]:
    return (Hit(span.start, span.end, span.kind, span.certainty, style) for span in spans)


def _rest_hits(text: str) -> Iterator[Hit]:
    """In an expression outside of its literals: numbers with a form, and what is no expression at all."""
    for span in find_numbers(text):
        if span.certainty == CERTAIN:
            style = "digits" if text[span.start : span.end].isdigit() else "text"
            yield Hit(span.start, span.end, span.kind, span.certainty, style)
    if "@" in text or "://" in text:
        yield from _as_hits(find_addresses(text), "text")
    if HAN.search(text):
        yield from _as_hits(find_names(text), "text")


def _apart(hits: Iterable[Hit]) -> list[Hit]:
    """Hits that do not overlap, in order. What is likely goes before what is possible, then the longer one."""
    chosen: list[Hit] = []
    best = sorted(
        set(hits), key=lambda hit: (hit.certainty < 0.6, hit.start - hit.end, -hit.certainty, hit.start, hit.kind)
    )
    for hit in best:
        if all(hit.end <= other.start or other.end <= hit.start for other in chosen):
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: hit.start)


def _decided(findings: list[Finding], decisions: tuple[Decision, ...]) -> list[Finding]:
    """The findings with what was decided; a decision holds for the same text of the same kind everywhere."""
    by_id = {finding.id: finding for finding in findings}
    by_text: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        finding = by_id.get(decision.finding_id)
        if finding is None:
            raise InvalidInput(f"There is no finding '{decision.finding_id}'; screen the package again.")
        _check(decision, finding)
        by_text[finding.kind, finding.text] = decision
    return [_with(finding, by_text.get((finding.kind, finding.text))) for finding in findings]


def _check(decision: Decision, finding: Finding) -> None:
    if decision.choice not in CHOICES:
        raise InvalidInput(f"'{decision.choice}' is no decision; choose {', '.join(CHOICES)}.")
    if decision.choice == "keep" and not decision.reason.strip():
        raise InvalidInput(f"To keep '{finding.text}' the reviewers need a reason; say why it names nobody.")
    if decision.choice == "edit":
        if finding.text and finding.text in decision.text:
            raise InvalidInput(f"The new text still holds '{finding.text}'; write something else, or keep it.")
        if (
            RUN.fullmatch(finding.text)
            and finding.text.isascii()
            and "_" in finding.replacement
            and not re.fullmatch(r"[A-Za-z_]\w*", decision.text, re.ASCII)
        ):
            raise InvalidInput(f"'{finding.text}' is an identifier: letters, digits and _ were expected.")


def _with(finding: Finding, decision: Decision | None) -> Finding:
    if decision is None:
        return finding
    text = decision.text if decision.choice == "edit" else finding.replacement
    return replace(finding, decision=decision.choice, reason=decision.reason, replacement=text)


def _role_text(role: str, written: str) -> str:
    """A role of the dictionary as a label: sales_rep → Sales rep."""
    words = role.replace("_", " ")
    return words[:1].upper() + words[1:] if written[:1].isupper() else words


def _unreadable(name: str) -> Finding:
    identifier = finding_id(name, "", "file", "", 1)
    return Finding(identifier, name, "", "file", name, 0, 0, "unreadable", "", LIKELY, "no text: it is left out")


def _rounded(text: str) -> str:
    """The nearest of 1, 2 or 5 times a power of ten."""
    value = int(text)
    steps = (factor * 10**power for power in range(len(text) + 1) for factor in (1, 2, 5))
    return str(min(steps, key=lambda step: (abs(step - value), step)))


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _renamed(name: str, stem: str) -> str:
    return stem + PurePosixPath(name).suffix


def _problems(files: Mapping[str, bytes], cleaned: Mapping[str, bytes]) -> Iterator[str]:
    """What could be read before and cannot now, or has more errors."""
    before = {name: _state(name, content) for name, content in files.items()}
    allowed = sum(count for count in before.values() if count)
    errors = 0
    for name, content in cleaned.items():
        state = _state(name, content)
        if state is None and before.get(name, 0) is not None:
            yield f"{name} cannot be read any more after the replacements: look at its identifiers."
        errors += state or 0
    if errors > allowed:
        yield f"The models have {errors} errors after the replacements and had {allowed} before."


def _state(name: str, content: bytes) -> int | None:
    """The number of errors of a file; None when it cannot be read."""
    try:
        if name.endswith(".bpmn"):
            return sum(finding.severity == "error" for finding in lint(read_model(content)))
        if name.endswith(".dmn"):
            read_dmn(content)
        elif name == CARD:
            read_card(content.decode())
    except (EngineError, UnicodeDecodeError):
        return None
    return 0
