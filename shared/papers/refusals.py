"""The refused rows of a paper as a workbook in the layout they came in, ready to be mended."""

from collections.abc import Sequence

from shared.papers.faults import Fault
from shared.papers.table import Table


def refused_workbook(table: Table, refused: Sequence[tuple[int, Sequence[Fault]]], language: str) -> bytes:
    """Return a workbook (.xlsx) of the rows with the given numbers and, in a last column, what is wrong.

    It has the title rows, headings and column order of *table*, every cell as text, and can be taken in
    again as it is once it is mended: the last column is known and not read. *language* is zh or en.
    """
    raise NotImplementedError
