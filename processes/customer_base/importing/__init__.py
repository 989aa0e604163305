"""Other systems' exports come in: CSV and spreadsheets of leads, customers, products, stock, tickets and orders.

table = read_table(content, "leads.csv")
mapping = guess_mapping(table.headers, "leads")          # show it, let people change it
report = import_rows(session, "leads", table.rows, mapping, now=now)
for start in report.starts: …                            # one process to start per new lead
"""

from processes.customer_base.importing.mapping import KINDS, ColumnMapping, guess_mapping, read_mapping, write_mapping
from processes.customer_base.importing.report import ImportReport, LineProblem, Start
from processes.customer_base.importing.rows import import_rows
from processes.customer_base.importing.tables import Table, read_table

__all__ = [
    "KINDS",
    "ColumnMapping",
    "ImportReport",
    "LineProblem",
    "Start",
    "Table",
    "guess_mapping",
    "import_rows",
    "read_mapping",
    "read_table",
    "write_mapping",
]
