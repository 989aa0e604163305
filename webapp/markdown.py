"""The little Markdown that forms and README files use, as safe HTML: everything is escaped first."""

import re

from markupsafe import Markup, escape

INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![*\w])\*([^*\s][^*]*)\*(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"(?<![_\w])_([^_\s][^_]*)_(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\(((?:https?://|/|#|mailto:)[^)\s]+)\)"), r'<a href="\2" rel="noopener">\1</a>'),
)
BACKSLASH = re.compile(r"\\([\\`*_{}\[\]<>()#+!|~&-])")
LIST_ITEM = re.compile(r"\s*(?:[-*+]|(\d+)\.)\s+(.*)")
HEADING = re.compile(r"(#{1,6})\s+(.*)")
TABLE_RULE = re.compile(r"\|?[\s:|-]+\|[\s:|-]*")


def to_html(text: str, *, top_heading: int = 3) -> Markup:
    """HTML of headings, paragraphs, lists, tables, code and emphasis; headings start at level `top_heading`."""
    blocks = re.split(r"\n\s*\n", _fenced_apart(text.replace("\r\n", "\n").strip()))
    return Markup("\n".join(_block(block, top_heading) for block in blocks if block.strip()))


def _fenced_apart(text: str) -> str:
    """Blank lines inside fenced code must not end the block, and a fence starts one of its own."""
    parts = re.split(r"(^```.*?^```\s*$)", text, flags=re.M | re.S)
    return "\n\n".join(part.replace("\n\n", "\n \n") if part.startswith("```") else part.strip() for part in parts)


def _block(block: str, top_heading: int) -> str:
    lines = block.split("\n")
    if lines[0].startswith("```"):
        body = "\n".join(line for line in lines[1:] if not line.startswith("```"))
        return f"<pre><code>{escape(body)}</code></pre>"
    if heading := HEADING.fullmatch(lines[0]):
        level = min(6, top_heading + len(heading[1]) - 1)
        rest = _block("\n".join(lines[1:]), top_heading) if lines[1:] else ""
        return f"<h{level}>{_inline(heading[2])}</h{level}>{rest}"
    if lines[0].startswith(">"):
        quoted = "<br>".join(_inline(line.removeprefix(">").strip()) for line in lines if line.startswith(">"))
        rest = [line for line in lines if not line.startswith(">")]
        return f"<blockquote>{quoted}</blockquote>" + (_block("\n".join(rest), top_heading) if rest else "")
    if len(lines) > 1 and "|" in lines[0] and TABLE_RULE.fullmatch(lines[1].strip()):
        return _table(lines)
    if LIST_ITEM.match(lines[0]):
        return _list(lines)
    for number, line in enumerate(lines):
        if number and (LIST_ITEM.match(line) or HEADING.fullmatch(line)):
            return _block("\n".join(lines[:number]), top_heading) + _block("\n".join(lines[number:]), top_heading)
    return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


def _list(lines: list[str]) -> str:
    items: list[str] = []
    for line in lines:
        if item := LIST_ITEM.fullmatch(line):
            items.append(item[2])
        elif items:
            items[-1] += " " + line.strip()
    tag = "ol" if LIST_ITEM.fullmatch(lines[0])[1] else "ul"
    return f"<{tag}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{tag}>"


def _table(lines: list[str]) -> str:
    head, *body = ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in [lines[0], *lines[2:]])
    rows = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in body)
    cells = "".join(f"<th>{_inline(cell)}</th>" for cell in head)
    return f'<table class="table table-sm"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'


def _inline(text: str) -> str:
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(str(escape(match[1])))
        return f"\x00{len(kept) - 1}\x00"

    html = str(escape(BACKSLASH.sub(keep, text)))
    for pattern, replacement in INLINE:
        html = pattern.sub(replacement, html)
    return re.sub("\x00(\\d+)\x00", lambda match: kept[int(match[1])], html)
