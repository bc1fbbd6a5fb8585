"""Derived values of a gradient trace: the numerical check, and its texts."""

import numpy as np

from embedlab.core.checks import short_repr
from embedlab.traces.gradient.check import STEPS, TOLERANCE, relative_errors
from embedlab.traces.text import format_count, format_number, join_some, short_label

__all__ = ["RULES", "GradientCheck"]

RULES = ("add", "assign")

_MIDDLE = 5  # index of a step size with small truncation and rounding errors


class GradientCheck:
    """Derived values and texts of a `GradientTrace`."""

    ids: np.ndarray
    words: tuple[str, ...]
    table: np.ndarray
    loss: float
    direct: np.ndarray
    pair_ids: np.ndarray
    pair_rows: np.ndarray
    sum_ids: np.ndarray
    counts: np.ndarray
    added: np.ndarray
    assigned: np.ndarray
    checked: np.ndarray
    up: np.ndarray
    down: np.ndarray
    padding_idx: int | None
    scale_grad_by_freq: bool
    tied: bool

    @property
    def numeric(self) -> np.ndarray:
        """The central differences, (H, C, K)."""
        with np.errstate(invalid="ignore"):  # ∞ − ∞
            return (self.up - self.down) / (2 * STEPS)[:, None, None]

    @property
    def weights_checked(self) -> int:
        """C · K, the number of checked weights."""
        return int(self.checked.size * self.up.shape[2])

    @property
    def reached(self) -> np.ndarray:
        """The rows with a gradient, sorted."""
        all_rows = self.tied and len(self.pair_ids) > 0
        return np.arange(len(self.table)) if all_rows else self.sum_ids

    def analytic(self, rule: str = "add") -> np.ndarray:
        """Return the gradient of the table, (V, D), by "add" or by "assign"."""
        if rule not in RULES:
            raise ValueError(
                f'rule must be "add" or "assign". Received {short_repr(rule)}. '
                'Choose "add" for what the core does.'
            )
        return self.added if rule == "add" else self.assigned

    def errors(self, rule: str = "add") -> np.ndarray:
        """Return the relative error of each checked weight, for each step size: (H, C, K).

        ``abs(analytic - numeric) / the largest of either``: from 0 to 2.
        """
        analytic = self.analytic(rule)[self.checked, : self.up.shape[2]]
        return relative_errors(analytic, self.numeric)

    def curve(self, rule: str = "add") -> np.ndarray:
        """Return the largest error for each step size, (H,): truncation left, rounding right."""
        return self.errors(rule).max((1, 2), initial=0)

    def best_step(self, rule: str = "add") -> float:
        """Return the step size with the smallest error."""
        return float(STEPS[int(np.argmin(self.curve(rule)))])

    def passes(self, rule: str = "add") -> bool:
        """Return whether this method gives the gradient of the loss."""
        return bool(self.curve(rule).min() <= TOLERANCE)

    @property
    def wrong_rows(self) -> np.ndarray:
        """The checked rows where "assign" gives another gradient than "add"."""
        differs = (self.added != self.assigned).any(axis=1)
        return self.checked[differs[self.checked]]

    @property
    def summary(self) -> str:
        """Describe the run in a few lines, with its numbers; the same on every machine."""
        rows, width = self.table.shape
        lines = [
            f"loss    {format_number(self.loss, 4)} for {format_count(self.ids.size, 'token')}",
            f"back    {format_count(len(self.pair_ids), 'gradient row')} for "
            f"{len(self.sum_ids)} of {format_count(rows, 'row')}{self._mode()}",
        ]
        lines += [f"        {self._row(k)}" for k in np.argsort(-self.counts, kind="stable")[:3]]
        for rule in RULES:
            word = "passes" if self.passes(rule) else "FAILS"
            lines.append(f"{rule:<7} {word} the check: {self._error(rule)}")
        lines.append(f"checked {format_count(self.weights_checked, 'weight')} of {rows * width}")
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """Describe the picture for somebody who does not see it."""
        gets = [
            f"row {i} gets the sum of {c}" if c > 1 else f"row {i} gets one"
            for i, c in zip(self.sum_ids.tolist(), self.counts.tolist(), strict=True)
        ]
        results = [
            f"{w} {'passes' if self.passes(w) else 'fails'} the gradient check" for w in RULES
        ]
        every = "; through the scores every row gets one more" if self.direct.any() else ""
        return (
            f"{format_count(len(self.pair_ids), 'gradient row')} for a table of "
            f"{format_count(len(self.table), 'row')}: "
            f"{join_some(gets, 12) or 'none gets any'}{every}; "
            f"{', '.join(results)}."
        )

    def _mode(self) -> str:
        if self.tied and len(self.pair_ids):
            return ", and through the scores one for every row"
        mode = "" if self.padding_idx is None else f", row {self.padding_idx} is padding"
        return f"{mode}, each divided by its count" if self.scale_grad_by_freq else mode

    def _row(self, k: int) -> str:
        row = int(self.sum_ids[k])
        parts = [format_number(r[0], 3) for r in self.pair_rows[self.pair_ids == row]]
        if self.tied:
            parts.append(format_number(self.direct[row, 0], 3))
        sum_ = join_some(parts, 4, between=" + ").replace("+ −", "− ")
        if self.scale_grad_by_freq and self.counts[k] > 1:
            sum_ = f"({sum_}) / {self.counts[k]}"
        name = f" {short_label(self.words[row])}" if self.words[row] else ""
        return f"row {row}{name}, column 0: {sum_} = {format_number(self.added[row, 0], 3)}"

    def _error(self, rule: str) -> str:
        error = float(self.curve(rule).min())
        if not np.isfinite(error):
            return "the loss is not finite"
        if error <= TOLERANCE:  # smaller errors are rounding, and differ between machines
            return f"the error is below {TOLERANCE:g}"
        return f"the error is {format_number(self.curve(rule)[_MIDDLE])} at h = {STEPS[_MIDDLE]:g}"
