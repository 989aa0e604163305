"""Papers as Word files, from templates that one can edit in Word (`templates/<kind>_<language>.docx`)."""

import io
import zipfile
from datetime import datetime, time
from pathlib import Path
from typing import Any

from docxtpl import DocxTemplate

from processes.customer_base.documents.papers import Paper

TEMPLATES = Path(__file__).parent / "templates"
ZIP_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes


def write_docx(paper: Paper, *, templates: Path = TEMPLATES) -> bytes:
    """The paper as .docx, with the template of its kind and language; the same paper gives the same bytes."""
    template = DocxTemplate(templates / f"{paper.kind}_{paper.language}.docx")
    template.render(_context(paper), autoescape=True)
    properties = template.docx.core_properties  # get_docx() would read the template anew
    properties.title, properties.author = f"{paper.number}", paper.seller
    properties.created = properties.modified = datetime.combine(paper.written_on, time())
    properties.last_modified_by, properties.revision = paper.seller, 1
    written = io.BytesIO()
    template.save(written)
    return _with_fixed_moments(written.getvalue())


def _context(paper: Paper) -> dict[str, Any]:
    fields = {name: value for name, value in paper.__dict__.items() if name != "lines"}
    for name in ("net_total", "freight", "tax", "total"):
        fields[name] = f"{getattr(paper, name):,.2f}"
    for name in ("written_on", "last_day"):
        fields[name] = getattr(paper, name).isoformat()
    fields["lines"] = [
        {
            **line.__dict__,
            "quantity": f"{line.quantity.normalize():f}",
            "list_price": f"{line.list_price:,.2f}",
            "discount": f"{line.discount_share:.1%}" if line.discount_share else "",
            "unit_price": f"{line.unit_price:,.2f}",
            "net": f"{line.net:,.2f}",
        }
        for line in paper.lines
    ]
    return fields


def _with_fixed_moments(archive: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            info = zipfile.ZipInfo(entry.filename, ZIP_MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(entry))
    return written.getvalue()
