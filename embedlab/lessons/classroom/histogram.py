"""Counts as bars in plain HTML: the number in words beside each bar, and a table behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from embedlab.lessons.classroom.html_page import inline_markdown

__all__ = ["HistogramRow", "bar", "histogram", "percent", "table"]


@dataclass(frozen=True)
class HistogramRow:
    """One bar. Behind a wrong answer stands a belief, or the `feedback` for whoever gave it."""

    mark: str
    text: str
    count: int
    right: bool = False
    belief: str | None = None
    feedback: str = ""


def histogram(caption: str, rows: Sequence[HistogramRow], total: int) -> str:
    """Draw rows as shares of `total`, with their table folded below.

    Examples
    --------
    >>> rows = [HistogramRow("a", "yes & no", 1), HistogramRow("b", "yes", 3, True)]
    >>> content = histogram("01.exit", rows, 4)
    >>> "yes &amp; no" in content, "✓ yes" in content, 'width="75.0%"' in content, "25 %" in content
    (True, True, True, True)
    """
    cells = (
        (
            f"{row.mark} {row.text}".strip(),
            row.count,
            percent(row.count, total),
            "right" if row.right else row.belief or "–",
        )
        for row in rows
    )
    rendered = "".join(_row(row, total) for row in rows)
    return f"<ul>{rendered}</ul>{table(caption, ('answer', 'cards', 'share', 'behind it'), cells)}"


def _row(row: HistogramRow, total: int) -> str:
    kind = " right" if row.right else "" if row.count else " none"
    text = f"✓ {row.text}" if row.right and row.mark != "✓" else row.text
    tag = feedback = ""
    if row.belief and row.count:
        tag = f' <a class="tag" href="#{row.belief}">{row.belief}</a>'
    if row.feedback and row.count and not row.right:
        feedback = f"<small>{inline_markdown(row.feedback)}</small>"
    return (
        f'<li class="row{kind}"><span class="mark">{row.mark}</span>'
        f'<span class="text">{inline_markdown(text)}{tag}{feedback}</span>'
        f'<span class="count">{row.count} <small>{percent(row.count, total)}</small></span>'
        f"{bar(row.count, total)}</li>"
    )


def bar(count: int, total: int) -> str:
    """Draw a share. The number stands beside it in words, so a screen reader skips the bar."""
    width = f'<rect width="{100 * count / total:.1f}%" height="100%"/>' if count else ""
    return f'<svg class="bar" aria-hidden="true" focusable="false">{width}</svg>'


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, folded: bool = True
) -> str:
    """Write a table, folded or not: the first column heads its row, numbers stand right."""
    top = "".join(f'<th scope="col">{inline_markdown(title)}</th>' for title in head)
    body = ""
    for first, *rest in rows:
        more = "".join(f"<td>{inline_markdown(str(cell))}</td>" for cell in rest)
        body += f'<tr><th scope="row">{inline_markdown(str(first))}</th>{more}</tr>'
    content = (
        f'<div class="scroll"><table><caption>{inline_markdown(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    return f"<details><summary>As a table</summary>{content}</details>" if folded else content


def percent(count: int, total: int) -> str:
    """Format a share.

    Examples
    --------
    >>> percent(1, 3)
    '33 %'
    """
    return f"{100 * count / total:.0f} %"
