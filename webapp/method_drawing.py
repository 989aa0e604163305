"""The figure of the method as shapes: where each station stands, how its words are broken into lines, what leads where.

Two drawings of the same stations: three stages side by side, and one below the other for narrow screens. Lengths are
units of the drawing, which fills the width of the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import east_asian_width

BOX_HEIGHT = 92
LINES = 4  # of a box
TITLE_UNIT, FACT_UNIT = 8.2, 7.1  # width of a Latin letter in the widest of the usual fonts
PADDING = 12
STAGES = {
    1: ("library", "acquisition", "needs", "modification", "conversion", "available"),
    2: ("ranking", "scan", "recommendation", "execution", "completion", "none_left"),
    3: ("unique", "contribution"),
}


@dataclass(frozen=True)
class Label:
    """What a station says: its title, its numbers as short sentences, and where it leads."""

    title: str
    facts: tuple[str, ...]
    href: str = ""


@dataclass(frozen=True)
class Box:
    key: str
    x: int
    y: int
    width: int
    height: int
    title: tuple[str, ...]
    facts: tuple[str, ...]
    label: Label
    is_here: bool
    is_busy: bool

    @property
    def said(self) -> str:
        """Everything in one line, for those who listen."""
        return f"{self.label.title}: {'; '.join(self.label.facts)}"


@dataclass(frozen=True)
class Panel:
    """One stage."""

    x: int
    y: int
    width: int
    height: int
    title: str


@dataclass(frozen=True)
class Arrow:
    path: str
    word: str = ""
    x: int = 0
    y: int = 0
    is_return: bool = False  # leads back: the loop, and into the library


@dataclass(frozen=True)
class Drawing:
    name: str  # wide | narrow
    width: int
    height: int
    panels: tuple[Panel, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    end: tuple[int, int]  # where the circle of the end stands


@dataclass(frozen=True)
class Words:
    """The words beside the stations, in the reader's language."""

    stages: tuple[str, str, str]
    yes: str
    no: str
    shared: str  # on the way back into the library


WIDE = {
    "library": (36, 76, 214),
    "acquisition": (36, 212, 214),
    "needs": (292, 272, 196),
    "modification": (36, 336, 214),
    "conversion": (36, 460, 214),
    "available": (292, 460, 196),
    "ranking": (556, 460, 190),
    "scan": (556, 336, 190),
    "recommendation": (556, 212, 190),
    "execution": (782, 212, 190),
    "completion": (782, 336, 190),
    "none_left": (782, 460, 190),
    "unique": (1036, 336, 190),
    "contribution": (1036, 212, 190),
}
NARROW_ROW, NARROW_WIDTH = 118, 198
NARROW = {
    "library": (20, 44, NARROW_WIDTH),
    "acquisition": (20, 44 + NARROW_ROW, NARROW_WIDTH),
    "modification": (20, 44 + 2 * NARROW_ROW, NARROW_WIDTH),
    "needs": (232, 44 + 3 * NARROW_ROW // 2, 122),
    "conversion": (20, 44 + 3 * NARROW_ROW, NARROW_WIDTH),
    "available": (20, 44 + 4 * NARROW_ROW, NARROW_WIDTH),
    **{key: (20, 682 + n * NARROW_ROW, NARROW_WIDTH) for n, key in enumerate(STAGES[2])},
    "unique": (20, 1434, NARROW_WIDTH),
    "contribution": (20, 1434 + NARROW_ROW, NARROW_WIDTH),
}


def wide(labels: Mapping[str, Label], here: str, busy: frozenset[str], words: Words) -> Drawing:
    """The three stages side by side."""
    return Drawing(
        name="wide",
        width=1250,
        height=650,
        panels=(
            Panel(12, 12, 500, 626, words.stages[0]),
            Panel(532, 12, 464, 626, words.stages[1]),
            Panel(1016, 12, 222, 626, words.stages[2]),
        ),
        boxes=_boxes(WIDE, labels, here, busy),
        arrows=(
            Arrow("M143 168 V210"),
            Arrow("M143 304 V334"),
            Arrow("M292 300 H272 V258 H252"),
            Arrow("M292 340 H272 V382 H252"),
            Arrow("M143 428 V458"),
            Arrow("M250 506 H290"),
            Arrow("M488 506 H554"),
            Arrow("M651 460 V430"),
            Arrow("M651 336 V306"),
            Arrow("M746 258 H780"),
            Arrow("M877 304 V334"),
            Arrow("M877 428 V458"),
            Arrow("M782 506 H748", words.yes, 765, 496, is_return=True),
            Arrow("M877 552 V588", words.no, 896, 574),
            Arrow("M972 382 H1034"),
            Arrow("M1131 336 V306"),
            Arrow("M1131 212 V122 H252", words.shared, 690, 112, is_return=True),
        ),
        end=(877, 606),
    )


def narrow(labels: Mapping[str, Label], here: str, busy: frozenset[str], words: Words) -> Drawing:
    """One station below the other."""
    tops = {key: place[1] for key, place in NARROW.items()}
    down = [*(key for key in STAGES[1] if key != "needs"), *STAGES[2]]
    straight = tuple(Arrow(f"M119 {tops[one] + BOX_HEIGHT} V{tops[other] - 2}") for one, other in pairwise(down))
    middle = {key: top + BOX_HEIGHT // 2 for key, top in tops.items()}
    return Drawing(
        name="narrow",
        width=366,
        height=1668,
        panels=(
            Panel(8, 8, 350, 628, words.stages[0]),
            Panel(8, 646, 350, 742, words.stages[1]),
            Panel(8, 1398, 350, 262, words.stages[2]),
        ),
        boxes=_boxes(NARROW, labels, here, busy),
        arrows=(
            *straight,
            Arrow(f"M293 {tops['needs']} V{middle['acquisition']} H220"),
            Arrow(f"M293 {tops['needs'] + BOX_HEIGHT} V{middle['modification'] + 24} H220"),
            Arrow(
                f"M218 {middle['none_left'] - 16} H256 V{middle['ranking']} H220",
                words.yes,
                272,
                middle["none_left"] - 20,
                is_return=True,
            ),
            Arrow(f"M218 {middle['none_left'] + 16} H296", words.no, 248, middle["none_left"] + 34),
            Arrow(f"M218 {middle['completion']} H348 V{middle['unique']} H220"),
            Arrow(f"M119 {tops['unique'] + BOX_HEIGHT} V{tops['contribution'] - 2}"),
            Arrow(
                f"M20 {middle['contribution']} H14 V{middle['library']} H18",
                is_return=True,
            ),
        ),
        end=(314, middle["none_left"] + 16),
    )


def _boxes(
    places: Mapping[str, tuple[int, int, int]], labels: Mapping[str, Label], here: str, busy: frozenset[str]
) -> tuple[Box, ...]:
    return tuple(
        Box(
            key=key,
            x=x,
            y=y,
            width=width,
            height=BOX_HEIGHT,
            title=wrapped(labels[key].title, width - 2 * PADDING, TITLE_UNIT, 2),
            facts=_fact_lines(labels[key], width - 2 * PADDING),
            label=labels[key],
            is_here=key == here,
            is_busy=key in busy,
        )
        for key, (x, y, width) in places.items()
    )


def _fact_lines(label: Label, width: float) -> tuple[str, ...]:
    """Facts one below the other in the room beneath the title; each later fact keeps at least one line."""
    room = LINES - len(wrapped(label.title, width, TITLE_UNIT, 2))
    lines: list[str] = []
    for number, fact in enumerate(label.facts, start=1):
        free = room - len(lines) - (len(label.facts) - number)
        lines += wrapped(fact, width, FACT_UNIT, max(free, 1))
    return tuple(lines[:room])


def wrapped(text: str, width: float, unit: float, most: int) -> tuple[str, ...]:
    """The text in at most so many lines; what is too much ends with an ellipsis.

    >>> wrapped("Search for the next best", 90, 7.0, 2)
    ('Search for', 'the next …')
    """
    lines: list[str] = [""]
    for word in _words(text):
        if not lines[-1] or _width(lines[-1] + word.rstrip(), unit) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    lines = [line.strip() for line in lines]
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[: most - 1], _shortened(lines[most - 1], width, unit))


def _words(text: str) -> Sequence[str]:
    """Pieces between which a line may end: words with their space, and single Chinese characters."""
    pieces: list[str] = []
    for letter in text:
        is_new = not pieces or pieces[-1].endswith(" ") or _is_wide(letter) or _is_wide(pieces[-1][-1])
        if is_new and letter not in "，。：、；）」":
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces


def _shortened(line: str, width: float, unit: float) -> str:
    while line and _width(line + " …", unit) > width:
        line = line[:-1].rstrip()
    return f"{line} …"


def _is_wide(letter: str) -> bool:
    return east_asian_width(letter) in "WF"


def _width(text: str, unit: float) -> float:
    return sum(unit * (1.85 if _is_wide(letter) else 1) for letter in text)
