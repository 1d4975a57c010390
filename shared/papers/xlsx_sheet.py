"""A sheet of a newer workbook, walked through element by element as its reader will, and nothing of it laid out."""

import re
from collections import Counter
from collections.abc import Mapping
from xml.parsers import expat

from shared.papers.faults import PaperRefused
from shared.papers.limits import CELLS_MAX, COLUMNS_MAX, ROWS_MAX
from shared.papers.table import Position

CHUNK_BYTES = 1024 * 1024
FORMULAS_MAX = 100_000
PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
ROW_NUMBER = re.compile(r"[0-9]{1,7}")
SHEET_DATA = "sheetData"
SHARED_TEXT = "s"
"""The type of a cell that shows one of the workbook's shared texts."""
INDEX_CHARS_MAX = 12
CONTROLS_SHOWN = bytes(byte if byte in b"\t\n\r" or byte >= ord(" ") else ord("?") for byte in range(256))
NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
"""Controls and these may stand in no XML, are written by programs all the same, and taken by the reader for text."""
REPLACEMENT = "\ufffd".encode()
"""As long as each of them."""


class SheetWalk:
    """How far the cells of a sheet with something in them reach, its formulas, and which shared texts are shown.

    A cell that leaves out its place stands beside the one before, a row without a number below it, as for the reader.
    """

    def __init__(self, part: bytes, *, hear_texts: bool = False) -> None:
        """Walk through *part*; raise PaperRefused where it is no XML, or reaches too far to be laid out."""
        self.rows = self.columns = 0
        self.formulas: set[Position] = set()
        self.shown: Counter[str] = Counter()
        """How often each shared text is shown, by its number as it is written; where *hear_texts* asks for it."""
        self._hear_texts = hear_texts
        self._line = -1
        """The row that is told of last: where a cell that leaves out its place stands."""
        self._row = self._column = -1
        self._within = self._noted = self._shares = False
        self._text: str | None = None
        self._columns: dict[str, int] = {}
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        walk(self._parser, part)

    def _begin(self, element: str, attributes: Mapping[str, str]) -> None:
        if not self._within:
            self._within = local(element) == SHEET_DATA
        elif element == "c":  # most often, and so first; a prefix of a namespace is rare
            self._to_cell(attributes)
        elif element == "v":
            self._note(element)
        elif element == "row":
            self._to_row(attributes.get("r"))
        elif ":" in element:
            self._begin(local(element), attributes)
        else:
            self._note(element)

    def _end(self, element: str) -> None:
        if self._text is not None and local(element) == "v":
            self.shown[self._text.strip()] += 1
            self._listen(None)
        elif element.endswith(SHEET_DATA) and local(element) == SHEET_DATA:
            self._within = False

    def _to_row(self, number: str | None) -> None:
        if number is None:
            self._line += 1
        elif ROW_NUMBER.fullmatch(number) and int(number):
            self._line = int(number) - 1
        else:
            raise PaperRefused("paper_damaged")
        self._column = -1

    def _to_cell(self, attributes: Mapping[str, str]) -> None:
        self._noted, self._shares = False, attributes.get("t") == SHARED_TEXT
        told = attributes.get("r")
        if told is None:
            self._row, self._column = self._line, self._column + 1
            return
        place = PLACE.fullmatch(told)
        if place is None or not (row := int(place[2])):
            raise PaperRefused("paper_damaged")
        letters = place[1]
        if letters not in self._columns:
            self._columns[letters] = column_index(letters)
        self._row, self._column = row - 1, self._columns[letters]

    def _note(self, name: str) -> None:
        """Take down that the cell of now, where there is one, has something in it: the element *name*."""
        if self._column < 0:
            return
        if not self._noted:
            self._noted = True
            self._reach()
        if name == "f" and len(self.formulas) < FORMULAS_MAX:
            self.formulas.add((self._row, self._column))
        elif self._hear_texts and self._shares and name == "v":
            self._listen("")

    def _reach(self) -> None:
        if self._row < self.rows and self._column < self.columns:
            return
        self.rows, self.columns = max(self.rows, self._row + 1), max(self.columns, self._column + 1)
        if self._row >= ROWS_MAX or self._column >= COLUMNS_MAX:
            raise PaperRefused("paper_cell_far_out", cell=f"{column_letters(self._column)}{self._row + 1}")
        if self.rows * self.columns > CELLS_MAX:
            raise PaperRefused("paper_too_many_cells", cells_max=CELLS_MAX)

    def _listen(self, text: str | None) -> None:
        self._text = text
        self._parser.CharacterDataHandler = None if text is None else self._hear

    def _hear(self, piece: str) -> None:
        self._text = ((self._text or "") + piece)[:INDEX_CHARS_MAX]


def lengths_of_texts(part: bytes) -> list[int]:
    """Return how many bytes each shared text of a workbook has; raise PaperRefused where *part* is no XML."""
    lengths: list[int] = []

    def begin(element: str, _attributes: Mapping[str, str]) -> None:
        if local(element) == "si":
            lengths.append(0)

    def hear(piece: str) -> None:
        if lengths:
            lengths[-1] += len(piece.encode())

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = begin, hear
    walk(parser, part)
    return lengths


def local(element: str) -> str:
    """Return the name of an element without the prefix of its namespace, as the reader goes by it."""
    return element.rpartition(":")[2]


def walk(parser: expat.XMLParserType, part: bytes) -> None:
    """Let *parser* tell of *part*, piece by piece; raise PaperRefused where that is no XML.

    Characters that may stand in none are shown to it as others.
    """
    start = 0
    try:
        while start < len(part):
            end = part.rfind(b">", start, start + CHUNK_BYTES) + 1 or start + CHUNK_BYTES
            piece = part[start:end].translate(CONTROLS_SHOWN)
            for noncharacter in NONCHARACTERS:
                piece = piece.replace(noncharacter, REPLACEMENT)
            parser.Parse(piece, False)
            start = end
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise PaperRefused("paper_damaged") from error


def column_index(letters: str) -> int:
    """Return the column of A, B, …, AA, … from 0."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def column_letters(index: int) -> str:
    """Return the letters of a column that is counted from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
