"""Views in pages of others: a saved page, a host that sends JSON, several documents in one page."""

import io

from ipywidgets import Layout, embed
from playwright.sync_api import expect

from embedlab.explorers.html_export import NO_PYTHON
from embedlab.explorers.lookup import LookupExplorer

JSON_HOST = """async ([text, state]) => {
    const host = `${text}\\nexport default (el, send) => mount(view, el, send);`;
    const url = URL.createObjectURL(new Blob([host], { type: "text/javascript" }));
    const { default: mount } = await import(url);
    const el = document.createElement("div");
    el.id = "view0";
    document.getElementById("views").append(el);
    globalThis.edits = [];
    globalThis.take = mount(el, (edit) => globalThis.edits.push(edit));
    globalThis.take(state);
}"""


def test_an_edit_on_a_saved_page_is_answered_by_a_sentence(show):
    """That of an exported page: as nbconvert saves it, the view itself came from the network."""
    view = show(LookupExplorer("a b"))
    saved = io.StringIO()
    embed.embed_minimal_html(saved, view.explorer, state={})
    assert '<script type="application/vnd.jupyter.widget-state+json">' in saved.getvalue()
    view.page.evaluate("""() => {
        const script = document.createElement("script");
        script.type = "application/vnd.jupyter.widget-state+json";
        document.body.append(script);
    }""")
    view.fill("text", "c")
    expect(view.root.get_by_role("alert")).to_have_text(NO_PYTHON)
    assert view.page.evaluate("models.view0.sent.filter((changes) => '_seq' in changes)") == []
    view.click("chip:1")
    assert "“b” has id" in view.narration  # what needs no Python goes on


def test_a_host_that_sends_json(open_tab):
    page = open_tab().page
    explorer = LookupExplorer("the cat")
    page.evaluate(JSON_HOST, [explorer.json_module(), explorer.json_state()])
    view = page.locator("#view0 .embedlab")
    view.locator('[data-place="chip:1"]').click()  # a cursor alone is not sent
    view.locator('[data-place="text"]').fill("a dog ran")
    page.wait_for_function("edits.length > 0")
    [edit] = page.evaluate("edits")
    assert edit["text"] == "a dog ran" and edit["_seq"] == 1
    explorer.set_state(edit)
    page.evaluate("state => take(state)", explorer.json_state())
    expect(view.locator(".chip bdi")).to_have_text(["a", "dog", "ran"])


def test_views_of_two_notebooks_in_one_page_are_not_linked(show):
    """In JupyterLab two notebooks with the same link_id lie in one document of the browser."""
    first, second, third = show(*(LookupExplorer("a b", link_id="x") for _ in range(3)))
    first.page.evaluate("""() => ["view0", "view1", "view2"].forEach((id, i) => {
        const panel = i < 2 ? document.getElementById("panel") : null;
        const notebook = panel ?? document.createElement("div");
        notebook.id = i < 2 ? "panel" : "other";
        notebook.className = "jp-NotebookPanel";
        document.getElementById("views").append(notebook);
        notebook.append(document.getElementById(id));
    })""")
    before = third.narration
    first.click("chip:1")
    assert "“b” has id" in first.narration and "“b” has id" in second.narration
    assert third.narration == before


def test_a_layout_s_height_scrolls(show):
    view = show(LookupExplorer("the cat"))
    # as @jupyter-widgets/base writes a Layout(height="300px") to the element that a view fills
    height = Layout(height="300px").height
    view.page.evaluate("h => { document.getElementById('view0').style.height = h; }", height)
    view.settle()
    box = view.root.bounding_box()
    assert box["height"] <= 300
    last = view.place("transport:scrub")
    last.scroll_into_view_if_needed()
    bottom = last.bounding_box()
    assert bottom["y"] + bottom["height"] <= box["y"] + box["height"]


def test_a_page_that_counts_in_tenths_does_not_shrink_a_view(show):
    """Bootstrap's `html { font-size: 10px }`, in nbclassic, sets a unit and no text."""
    view = show(LookupExplorer("the cat"))
    view.page.add_style_tag(content="html { font-size: 10px }")
    view.page.evaluate("document.body.classList.add('smaller')")  # a host says that it changed
    view.settle()
    view.settle()
    assert view.root.evaluate("e => e.currentCSSZoom") == 1
