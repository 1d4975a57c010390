"""An integer programme: written down row by row and column by column, then solved by HiGHS."""

from collections.abc import Iterable
from math import inf

GAP = 1e-6
NODES_MAX = 500
"""Where the solver keeps the best it has found: nodes and not seconds, so that it repeats."""

OPTIONS = {"output_flag": False, "mip_rel_gap": GAP, "mip_max_nodes": NODES_MAX}


class NoPlan(Exception):
    """The solver ended without any answer to a programme that has one: a fault of the solver."""


class Programme:
    """Whole numbers, one a column and none below zero, that gain the most within the bounds of all rows."""

    def __init__(self) -> None:
        """Start with no row and no column."""
        self._gains: list[float] = []
        self._starts: list[int] = []
        self._rows: list[int] = []
        self._factors: list[float] = []
        self._least: list[float] = []
        self._most: list[float] = []

    def row(self, least: float = 0, most: float = inf) -> int:
        """Add a row: the sum of its columns by their factors stays between *least* and *most*."""
        self._least.append(least)
        self._most.append(most)
        return len(self._least) - 1

    def column(self, gain: float, factors: Iterable[tuple[int, float]]) -> int:
        """Add a column that gains *gain* for each one, with its factor in each row that it stands in."""
        self._gains.append(gain)
        self._starts.append(len(self._rows))
        for row, factor in factors:
            self._rows.append(row)
            self._factors.append(factor)
        return len(self._gains) - 1

    def solve(self) -> list[int]:
        """Return the columns' values, best within GAP or the best found in NODES_MAX nodes. Raises NoPlan."""
        # Loaded at the first use: most never pair. Not highspy.Highs, whose callbacks greet on standard output.
        import numpy as np  # noqa: PLC0415 - see above
        from highspy._core import HighsVarType, _Highs  # noqa: PLC0415 - see above

        solver = _Highs()
        for option, value in OPTIONS.items():
            solver.setOptionValue(option, value)
        count, rows = len(self._gains), len(self._least)
        solver.addRows(rows, self._least, self._most, 0, [0] * rows, [], [])
        losses = [-gain for gain in self._gains]
        bounds = [0.0] * count, [inf] * count
        solver.addCols(count, losses, *bounds, len(self._factors), self._starts, self._rows, self._factors)
        whole = np.full(count, int(HighsVarType.kInteger), dtype=np.uint8)
        solver.changeColsIntegrality(count, list(range(count)), whole)
        solver.run()
        if not solver.getSolution().value_valid:
            raise NoPlan(solver.modelStatusToString(solver.getModelStatus()))
        return [round(amount) for amount in solver.getSolution().col_value]
