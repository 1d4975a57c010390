"""An integer programme: written down row by row and column by column, then solved by HiGHS."""

from collections.abc import Iterable
from math import inf
from typing import Any

GAP = 1e-6
NODES_MAX = 500
"""Where the solver keeps the best it has found: nodes and not seconds, so that it repeats."""


class NoPlan(Exception):
    """The solver ended without any answer to a programme that has one: a fault of the solver."""


class Programme:
    """Whole numbers, one a column and none below zero, that gain the most within the bounds of all rows."""

    def __init__(self) -> None:
        """Start with no row and no column."""
        self._gains: list[float] = []
        self._entries: list[tuple[int, int, float]] = []
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
        self._entries.extend((row, len(self._gains) - 1, factor) for row, factor in factors)
        return len(self._gains) - 1

    def solve(self) -> list[int]:
        """Return the columns' values, best within GAP or the best found in NODES_MAX nodes. Raises NoPlan."""
        # scipy is loaded at the first use: it is two thirds of the service's memory.
        import numpy as np  # noqa: PLC0415 - see above
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - see above
        from scipy.sparse import coo_array  # noqa: PLC0415 - see above

        rows, columns, factors = zip(*self._entries, strict=True)
        shape = (len(self._least), len(self._gains))
        matrix = coo_array((factors, (rows, columns)), shape=shape).tocsc()
        answer: Any = milp(
            c=-np.array(self._gains),
            constraints=LinearConstraint(matrix, self._least, self._most),
            integrality=np.ones(len(self._gains), dtype=np.int8),
            bounds=Bounds(0, np.inf),
            options={"mip_rel_gap": GAP, "node_limit": NODES_MAX},
        )
        if answer.x is None:
            raise NoPlan(answer.message)
        return [round(value) for value in answer.x]
