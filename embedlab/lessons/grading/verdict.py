"""The result of a check: a message, the smallest failing case, the misconception, a view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import fill, wrap
from typing import Any

from embedlab.lessons.misconceptions import misconception, show, show_command

__all__ = ["Verdict"]


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of `check`. Printing it shows all there is to say.

    Attributes
    ----------
    exercise : str
        Such as "01.lookup".
    ok : bool
    message : str
        The feedback, in one or two sentences.
    attempted : bool
        False while the exercise is unchanged.
    case : mapping of str to str
        The smallest case that fails: its inputs, the expected and the returned value.
    case_title : str
        The line above it, where it is no case of several.
    misconception : str or None
        The belief this looks like, such as "M2".
    related : str or None
        The misconception whose view shows what is wrong, even if the learner need not hold it.
    """

    exercise: str
    ok: bool
    message: str
    attempted: bool = True
    case: Mapping[str, str] = field(default_factory=dict)
    misconception: str | None = None
    related: str | None = None
    case_title: str = "The smallest case that fails"

    @property
    def preset(self) -> Mapping[str, Any] | None:
        """The state of a view that shows it, or None."""
        which = self.misconception or self.related
        return misconception(which).preset if which else None

    def show(self) -> Any:
        """Open that view; None when there is none."""
        which = self.misconception or self.related
        return show(which) if which else None

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        if self.ok:
            return fill(f"✓ {self.exercise}: {self.message}", 88, subsequent_indent="  ")
        if not self.attempted:
            return fill(f"○ {self.exercise}, not yet: {self.message}", 88, subsequent_indent="  ")
        lines = [f"✗ {self.exercise}, not right yet.", *_filled(self.message)]
        if self.case:
            lines += ["", f"  {self.case_title}"]
            width = max(map(len, self.case))
            for name, value in self.case.items():
                first, *rest = value.split("\n")
                lines.append(f"    {name:<{width}}  {first}")
                lines += [f"    {'':<{width}}  {line}" for line in rest]
        if self.misconception:
            record = misconception(self.misconception)
            lines += ["", *_filled(f"This looks like {record.id}: “{record.belief}”")]
            lines += _filled(record.truth)
        which = self.misconception or self.related
        if which:
            lines += ["", "  To see it, run this line in a cell:", f"    {show_command(which)}"]
            lines += _filled(misconception(which).look)
        return "\n".join(lines)


def _filled(text: str) -> list[str]:
    return wrap(text, 88, initial_indent="  ", subsequent_indent="  ")
