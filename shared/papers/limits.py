"""How large a paper may be: a county's largest roster or its visits of a year, and no more than a service can hold."""

MIB = 1024 * 1024

FILE_BYTES_MAX = 32 * MIB
UNPACKED_BYTES_MAX = 96 * MIB
"""What a workbook may unpack to: a roster of 30,000 rows has some 40 MiB."""
UNPACKED_RATIO_MAX = 200
"""How many times its packed size a large part may unpack to; a real sheet has 10 to 30."""
PARTS_MAX = 2_000
SHEETS_MAX = 50
ROWS_MAX = 99_999
LISTED_MAX, VISITS_MAX = 20_000, 55_000
"""Rows of a list, and of a log of visits, that a service takes in at once: it holds them in about 200 MB after
whatever it did before (`python -m benchmarks.growth`), where each is but a line to who only reads it. The visits of
the example county's year are 54,131 rows."""
COLUMNS_MAX = 128
CELLS_MAX = 1_000_000
"""Of all sheets from their first cell to their last, empty ones among them: the reader lays out every one."""
CELL_TEXT_BYTES_MAX = 32 * MIB
"""The shared texts of all cells together: one counts as often as a cell shows it."""
CELL_CHARS_MAX = 32_767
"""The longest text a cell of a spreadsheet can hold."""
HEADING_WITHIN_ROWS = 20
"""The headings stand in one of the first rows, below the titles."""
FORMULAS_NAMED_MAX = 5
FAULTS_NAMED_MAX = 10
