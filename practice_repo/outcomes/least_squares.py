"""Least squares for a handful of columns, without a numerics library; errors after Newey and West (1987)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InvalidInput

Matrix = list[list[float]]
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Line:
    """Coefficients with their covariance."""

    coefficients: list[float]
    covariance: Matrix  # with errors that follow each other
    plain_covariance: Matrix  # with independent errors

    def value(self, contrast: Sequence[float]) -> float:
        """A weighted sum of the coefficients."""
        return sum(weight * each for weight, each in zip(contrast, self.coefficients, strict=True))

    def error(self, contrast: Sequence[float]) -> float:
        """The standard error of that sum: the larger of both, because that of Newey and West is too small in short
        series."""
        return math.sqrt(max(0.0, *(_form(each, contrast) for each in (self.covariance, self.plain_covariance))))


def fit(rows: Sequence[Sequence[float]], values: Sequence[float]) -> Line:
    """The least-squares line through (row, value) in order of time."""
    count, width = len(rows), len(rows[0])
    bread = _inverse([[sum(row[i] * row[j] for row in rows) for j in range(width)] for i in range(width)])
    moments = [sum(row[i] * value for row, value in zip(rows, values, strict=True)) for i in range(width)]
    found = [sum(bread[i][j] * moments[j] for j in range(width)) for i in range(width)]
    scores = [[each * _residual(row, value, found) for each in row] for row, value in zip(rows, values, strict=True)]
    meat = _long_run(scores, lags=int(4 * (count / 100) ** (2 / 9)))
    small_sample = count / (count - width)
    covariance = [[small_sample * each for each in row] for row in _product(_product(bread, meat), bread)]
    scatter = sum(_residual(row, value, found) ** 2 for row, value in zip(rows, values, strict=True)) / (count - width)
    return Line(found, covariance, [[scatter * each for each in row] for row in bread])


def _residual(row: Sequence[float], value: float, coefficients: Sequence[float]) -> float:
    return value - sum(x * c for x, c in zip(row, coefficients, strict=True))


def _form(matrix: Matrix, contrast: Sequence[float]) -> float:
    places = range(len(contrast))
    return sum(contrast[i] * matrix[i][j] * contrast[j] for i in places for j in places)


def _long_run(scores: Sequence[Sequence[float]], lags: int) -> Matrix:
    """The covariance of the summed scores, neighbours up to `lags` apart included with falling weight."""
    width = len(scores[0])
    total = [[0.0] * width for _ in range(width)]
    for lag in range(lags + 1):
        weight = 1.0 if lag == 0 else 1 - lag / (lags + 1)
        for now, then in zip(scores[lag:], scores, strict=False):
            for i in range(width):
                for j in range(width):
                    both = now[i] * then[j] if lag == 0 else now[i] * then[j] + then[i] * now[j]
                    total[i][j] += weight * both
    return total


def _product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*right, strict=True)] for row in left
    ]


def _inverse(matrix: Matrix) -> Matrix:
    """By Gauss and Jordan, with the largest pivot."""
    width = len(matrix)
    work = [[*row, *(float(i == j) for j in range(width))] for i, row in enumerate(matrix)]
    for column in range(width):
        best = max(range(column, width), key=lambda row: abs(work[row][column]))
        if abs(work[best][column]) < TINY:
            raise InvalidInput("The columns of the series depend on each other: take more weeks.")
        work[column], work[best] = work[best], work[column]
        pivot = work[column][column]
        work[column] = [each / pivot for each in work[column]]
        for row in range(width):
            if row != column and work[row][column]:
                factor = work[row][column]
                work[row] = [a - factor * b for a, b in zip(work[row], work[column], strict=True)]
    return [row[width:] for row in work]
