"""How wide a text is drawn, and how a label wraps: Arial at 11 px as modelers draw external labels."""

import math
import unicodedata

FONT_SIZE = 11
LINE_HEIGHT = 13.2
MAXIMUM_LABEL_WIDTH = 90  # modelers wrap external labels at this width

SPARE = 6  # px, because fonts differ from machine to machine

_NARROW = "iIjl.,:;'|!"
_SLIM = 'ftr()[]{}/\\- "*'
_WIDE = "mwMW%@"


def character_width(character: str, font_size: float = FONT_SIZE) -> float:
    """Width in px; Chinese, Japanese and Korean characters count double."""
    if unicodedata.east_asian_width(character) in "WF":
        return font_size
    if character in _NARROW:
        share = 0.25
    elif character in _SLIM:
        share = 0.34
    elif character in _WIDE:
        share = 0.86
    elif character.isupper():
        share = 0.70
    else:
        share = 0.55
    return font_size * share


def text_width(text: str, font_size: float = FONT_SIZE) -> float:
    return sum(character_width(character, font_size) for character in text)


def wrap(text: str, width: float, font_size: float = FONT_SIZE) -> list[str]:
    """Lines of at most `width` px where words allow it; words that are too long break, as do CJK texts anywhere."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in _breakable(paragraph):
            if text_width((line + word).rstrip(), font_size) <= width:
                line += word
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = word.lstrip()
            while text_width(line.rstrip(), font_size) > width and len(line) > 1:
                cut = _longest_prefix(line, width, font_size)
                lines.append(line[:cut])
                line = line[cut:]
        if line.strip():
            lines.append(line.rstrip())
    return lines


def label_size(text: str, width: float = MAXIMUM_LABEL_WIDTH) -> tuple[float, float]:
    """Width and height in px of a label that wraps at `width`."""
    lines = wrap(text, width)
    widest = max((text_width(line) for line in lines), default=0)
    return math.ceil(widest) + SPARE, math.ceil(len(lines) * LINE_HEIGHT)


def widths_for(text: str, widths: tuple[int, ...]) -> list[tuple[float, float]]:
    """The sizes that a label takes at these widths, without those at which a word would break, none twice."""
    longest = max((text_width(part.strip()) for line in text.splitlines() for part in _breakable(line)), default=0)
    sizes = [label_size(text, width) for width in widths if width == widths[0] or longest <= width]
    return list(dict.fromkeys(sizes))


def _breakable(paragraph: str) -> list[str]:
    """Words with their trailing blank; each wide character may stand alone."""
    parts: list[str] = []
    current = ""
    for character in paragraph:
        if unicodedata.east_asian_width(character) in "WF":
            if current:
                parts.append(current)
                current = ""
            parts.append(character)
        elif character == " ":
            parts.append(current + character)
            current = ""
        else:
            current += character
    if current:
        parts.append(current)
    return parts


def _longest_prefix(text: str, width: float, font_size: float) -> int:
    used = 0.0
    for index, character in enumerate(text):
        used += character_width(character, font_size)
        if used > width:
            return max(1, index)
    return len(text)
