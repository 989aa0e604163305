"""Documents that leave the house: quotes and invoices as Word and spreadsheet files, stored in versions."""
