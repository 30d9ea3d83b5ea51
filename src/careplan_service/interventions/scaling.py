"""Goal Attainment Scaling: how far several goals were reached, as one T-score.

T. J. Kiresuk and R. E. Sherman, "Goal attainment scaling: a general method for evaluating comprehensive
community mental health programs", Community Mental Health Journal 4 (1968) 443-453:
https://doi.org/10.1007/BF01530764

T = 50 + 10 * sum(w*x) / sqrt((1 - rho) * sum(w^2) + rho * (sum w)^2), with levels x from -2 to +2, weights w,
and rho = 0.3, the correlation between scales that the authors assume.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

RHO = 0.3


def t_score(scored: Sequence[tuple[int, int]]) -> float | None:
    """The T-score of (weight, level) pairs, to one decimal; 50 is what was expected. None without any."""
    if not scored:
        return None
    weights = [weight for weight, _ in scored]
    spread = (1 - RHO) * sum(weight**2 for weight in weights) + RHO * sum(weights) ** 2
    return round(50 + 10 * sum(weight * level for weight, level in scored) / sqrt(spread), 1)
