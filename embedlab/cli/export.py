"""Write a view, a lesson or a notebook as one HTML file that needs no server and no network.

A view keeps everything that needs no kernel: pointing, stepping, predicting. A lesson shows its
text, its code and its questions; what a cell prints can be unfolded. A notebook of your own shows
the outputs that are saved in it, each view as a still picture.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from embedlab.cli.errors import CliError
from embedlab.cli.preset import preset

__all__ = ["add", "explorer", "export_lesson", "run"]

_STILL = ("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
_TEMPLATE = """{%- extends 'index.html.j2' -%}
{%- block html_head -%}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:; base-uri 'none'; form-action 'none'">
{{ super() }}
{%- endblock -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block data_png scoped -%}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
 alt="{{ (output | get_metadata('alt', 'image/png') or 'A picture.') | escape_html }}">
</div>
{%- endblock -%}
{%- block output_group -%}
{%- if cell.metadata.get('folded') -%}
<details><summary>What this cell shows</summary>{{ super() }}</details>
{%- else -%}
{{ super() }}
{%- endif -%}
{%- endblock -%}
"""
"""nbconvert's page without what it fetches, under a policy by which nothing in it runs, with the
text alternatives of our pictures, and with the outputs of a learner's notebook folded away: they
answer the questions above them."""

_QUESTION = re.compile(r'answer\("([^"]+)", "\?"\)')
_LIVE_ONLY = ("check(", "card(")
_OUTSIDE = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(https?://[^"'\s>]+)"""
)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab export`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "what",
        metavar="VIEW|LESSON|FILE.ipynb",
        help="a view (lookup), a lesson (01) or a notebook of your own",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE.html",
        help="file to write (default: the name, here)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="params",
        help='a parameter of the view, such as text="the cat"',
    )
    parser.add_argument("--preset", metavar="NAME", help="the view of a misconception, such as M2")
    parser.add_argument("--solution", action="store_true", help="the lesson with its answers")


def run(args: argparse.Namespace) -> int:
    """Write the file, and say where it lies and how large it is."""
    views = _views()
    if args.what in views:
        output = args.output or Path(f"{args.what}.html")
        params = _preset(args.what, args.preset) if args.preset else {}
        params.update(_param(text) for text in args.params)
        output.parent.mkdir(parents=True, exist_ok=True)
        explorer(args.what, **params).export_html(output)
    else:
        from embedlab.lessons.notebook_files import LessonError, find_notebook

        if args.params or args.preset:
            raise CliError(
                f"--set and --preset are for a view, one of {', '.join(views)}. "
                f"Received {args.what}. Leave them away for a lesson."
            )
        try:
            is_file = args.what.endswith(".ipynb") and Path(args.what).is_file()
            notebook = (
                Path(args.what) if is_file else find_notebook(args.what, solution=args.solution)
            )
        except LessonError as error:
            raise CliError(f"{error} Or name a notebook, or a view: {', '.join(views)}.") from None
        output = args.output or Path(f"{notebook.stem}.html")
        export_lesson(notebook, output)
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")
    return 0


def explorer(view: str, **params: Any) -> Any:
    """Make the explorer of a view: `lookup` gives a `LookupExplorer`.

    Raises
    ------
    Stop
        When a parameter is unknown or its value is refused, in the explorer's own words.
    """
    from anywidget import AnyWidget

    from embedlab.explorers.registry import explorer_class

    kind = explorer_class(view)
    host = [name for name in params if name[0] == "_" or name in AnyWidget.class_trait_names()]
    if host:
        raise CliError(f"{view} takes {', '.join(kind.PARAMS)}. Received {', '.join(host)}.")
    try:
        return kind(**params)
    except Exception as error:
        raise CliError(f"{view}: {error}") from error


def export_lesson(notebook: Path, output: Path) -> None:
    """Write a built notebook as one HTML file, with its pictures inside and no address outside.

    Parameters
    ----------
    notebook : pathlib.Path
    output : pathlib.Path
        Its folder is made when it is not there.

    Raises
    ------
    Stop
        When the page would fetch something, with the address, or nbconvert is not installed.
    """
    try:
        from nbconvert import HTMLExporter
    except ImportError:
        raise CliError("a lesson needs nbconvert. Run: python -m pip install nbconvert") from None
    from embedlab.storage.atomic import atomic_write

    exporter = HTMLExporter(
        raw_template=_TEMPLATE,
        embed_images=True,
        # a live view needs a kernel; its still picture does not
        config={"NbConvertBase": {"display_data_priority": list(_STILL)}},
    )
    named = {"metadata": {"name": notebook.stem}}
    try:
        page, _ = exporter.from_notebook_node(_readable(notebook), resources=named)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # nbformat and nbconvert fail in any way
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise CliError(
            f"a notebook must be one that Jupyter saved. Received {str(notebook)!r:.200}, of which "
            f"it says {reason:.200}. Open it in JupyterLab, and save it again."
        ) from None
    outside = _OUTSIDE.search(page)
    if outside:
        raise CliError(f"the page must not fetch anything. It names {outside[1]}. Ship that file.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(output) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def _readable(notebook: Path) -> Any:
    """Return a notebook for a page without a kernel.

    A learner's notebook has no outputs. It gets the text of its questions, and, folded, those of
    the solution's outputs that need no answer of the learner.
    """
    import nbformat

    from embedlab.lessons.question import unanswered

    read = nbformat.read(notebook, 4)
    read.metadata.pop("widgets", None)  # a state that only a script of the network could show
    solution = notebook.parent / "solutions" / notebook.name
    if not solution.is_file():
        return read
    outputs = {cell.id: cell.get("outputs", []) for cell in nbformat.read(solution, 4).cells}
    for cell in read.cells:
        if cell.cell_type != "code" or cell.outputs:
            continue
        match = _QUESTION.fullmatch(cell.source.strip())
        if match:
            question = unanswered(match[1])
            data = {"text/markdown": question._repr_markdown_(), "text/plain": repr(question)}
            cell.outputs = [nbformat.v4.new_output("display_data", data)]
        elif not cell.source.startswith(_LIVE_ONLY) and outputs.get(cell.id):
            cell.outputs, cell.metadata["folded"] = outputs[cell.id], True
    return read


def _views() -> list[str]:
    static = Path(__file__).resolve().parents[1] / "explorers" / "static"
    return sorted(bundle.stem for bundle in static.glob("*.js"))


def _preset(view: str, name: str) -> dict[str, Any]:
    state = preset(name)
    if state["view"] != view:
        raise CliError(
            f"{name} is a preset of the view {state['view']}. Received {view}. Export that."
        )
    return dict(state["params"])


def _param(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise CliError(f"--set must look like NAME=VALUE. Received {text!r:.60}.")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):  # no JSON, or more digits or brackets than Python reads
        return name, value
