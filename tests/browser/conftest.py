"""A page with one view and the real Python explorer behind it, in a headless Chromium."""

import base64
import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from machine_speed import slowness

HERE = Path(__file__).parent
AXE = HERE.parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
STATIC = HERE.parents[1] / "embedlab" / "explorers" / "static"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing leaves the machine
]
MEDIA = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "no-preference"}
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """Find the browser; without one skip by hand, and fail in CI."""
    executable = os.environ.get("EMBEDLAB_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if executable:
        return executable
    message = "no Chromium: apt-get install chromium-headless-shell, or set EMBEDLAB_CHROMIUM"
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe():
    if AXE.exists():
        return str(AXE)
    message = "no axe-core: run `npm ci` in js"
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


class Files(SimpleHTTPRequestHandler):
    """The harness page, and the bundles as they are committed."""

    extensions_map = {  # noqa: RUF012  (the base class has it so)
        ".html": "text/html",
        ".js": "text/javascript",
        ".css": "text/css",
    }

    def translate_path(self, path):
        name = urlsplit(path).path.lstrip("/")
        return str((HERE if name == "harness.html" else STATIC) / Path(name).name)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


FAILED = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


class Tab:
    """A page that test after test uses: a context of its own costs each test a second of CPU time.

    Between two tests its views go, and the harness is loaded anew if a test left anything else;
    `prepare` sets the rest that a test may have changed.
    """

    def __init__(self, browser, address):
        self.explorers, self.strangers, self.faults, self.granted = {}, [], [], ()
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.page.on("request", self._requested)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._logged)
        self.page.expose_binding("kernel", self._answer)
        self.harness = f"{address}/harness.html"
        self.load()

    def _requested(self, request):
        address = urlsplit(request.url)
        if address.hostname != "127.0.0.1" and address.scheme not in ("data", "blob"):
            self.strangers.append(request.url)

    def _logged(self, message):
        if message.type == "error":
            self.faults.append(message.text)

    def _answer(self, _, name, changes):
        """Change the explorer as the page asks, and return the traits that are now others."""
        explorer = self.explorers[name]
        before, ticks = explorer.message, explorer.tasks_done
        explorer.set_state(changes)
        changed = [key for key in changes if getattr(explorer, key) != changes[key]]
        changed += ["_tasks"] if explorer.tasks_done != ticks else []
        changed += ["_matches"] if "_query" in changes else []
        changed += ["_member_facts"] if "_members" in changes else []
        return traits(
            explorer,
            [*changed, *(["message"] if explorer.message is not before else [])] or ["_seq"],
        )

    def load(self):
        """Load the harness, without any view."""
        self.page.goto(self.harness)
        self.page.wait_for_function("globalThis.ready")
        self.empty = True

    def leave(self):
        """Take the views away, and what else a test has put into the page."""
        if not self.page.evaluate("globalThis.leave?.() ?? false"):
            self.load()

    def prepare(self, width, height, permissions, media):
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(**{**MEDIA, **media})
        self.page.mouse.move(0, 0)  # where no view lies
        if permissions or self.granted:
            self.context.clear_permissions()
            self.context.grant_permissions(permissions)
            self.granted = permissions

    def check(self):
        """Refuse what went wrong in the page since the last check."""
        strangers, self.strangers = self.strangers, []
        faults, self.faults = self.faults, []
        assert not strangers, f"the page asked the network for {strangers}"
        assert not faults, f"the page had errors: {faults}"


@pytest.fixture(scope="session")
def tabs(browser, address):
    """Return a list of the open tab: empty before the first test, and after one that failed."""
    tabs = []
    yield tabs
    for tab in tabs:
        tab.context.close()


@pytest.fixture
def open_tab(browser, address, tabs, request):
    """Return a function that opens the tab of all tests, or with `fresh` another one.

    An error in the page, or a request that leaves the machine, fails the test.
    """
    used = []

    def open_tab(width=1600, height=1000, permissions=(), fresh=False, reload=True, **media):
        if tabs and fresh:
            tab = tabs.pop()
            tab.context.close()
            tab.check()
        if not tabs:
            tabs.append(Tab(browser, address))
        elif reload and not tabs[0].empty:
            tabs[0].load()
        used[:] = tabs
        tabs[0].prepare(width, height, permissions, media)
        return tabs[0]

    yield open_tab
    if used and request.node.stash.get(FAILED, False):  # a key may be held down, a dialog open
        tabs.clear()
        used[0].context.close()
    elif used:
        used[0].leave()  # what the views do until they are gone belongs to this test
        used[0].check()


class View:
    """A view in the page, and the explorer behind it."""

    def __init__(self, page, explorer, name):
        self.page, self.explorer, self.name = page, explorer, name
        self.root = page.locator(f"#{name} .embedlab")

    def place(self, place):
        """Find the thing that a `data-place` names."""
        return self.root.locator(f'[data-place="{place}"]')

    def python(self, **params):
        """Set parameters in Python, as a cell of a notebook would."""
        with self.explorer.hold_trait_notifications():
            for name, value in params.items():
                setattr(self.explorer, name, value)
        self.page.evaluate("([n, t]) => models[n].take(t)", [self.name, traits(self.explorer)])

    @contextmanager
    def unanswered(self):
        """Hold Python's answers back until the block ends."""
        self.page.evaluate("n => models[n].hold()", self.name)
        yield
        self.page.evaluate("n => models[n].release()", self.name)

    def wait(self, **params):
        """Wait until the trace on the screen was computed with these parameters."""
        self.page.wait_for_function(
            """([n, want]) => {
                const now = models[n].get("message").header.params;
                const same = ([k, v]) => JSON.stringify(now[k]) === JSON.stringify(v);
                return Object.entries(want).every(same);
            }""",
            arg=[self.name, params],
        )
        self.settle()

    def reached(self, trait, such="() => true"):
        """Wait until Python has taken a value of this trait that fulfils `such`."""
        self.page.wait_for_function(
            f"""([n, trait]) => models[n].reached.some(
                (changes) => trait in changes && ({such})(changes[trait]))""",
            arg=[self.name, trait],
        )

    def still(self):
        """Wait until Python has answered everything that was sent, and it is painted."""
        self.page.wait_for_function(
            "n => models[n].reached.length === models[n].sent.length", arg=self.name
        )
        self.settle()

    def settle(self):
        """Wait until the page has painted its state."""
        self.page.evaluate(
            "() => new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d)))"
        )

    @property
    def narration(self):
        self.settle()
        return " ".join(self.root.locator(".narration").inner_text().split())

    @property
    def focused(self):
        self.settle()
        return self.page.evaluate("document.activeElement.dataset?.place ?? ''")

    def reach(self, place, limit=80):
        """Press Tab until the keyboard is there."""
        for _ in range(limit):
            if self.focused == place:
                return
            self.page.keyboard.press("Tab")  # `focused` waits until it is painted
        raise AssertionError(f"Tab does not reach {place}")

    def _on(self, act, place, *words, **options):
        target = self.place(place) if isinstance(place, str) else place
        getattr(target, act)(*words, **options)
        self.settle()  # what the act changes is painted in the next frame

    def click(self, place, **options):
        """Click a place, or a locator, and see what it changes."""
        self._on("click", place, **options)

    def hover(self, place):
        """Point at a place, or a locator."""
        self._on("hover", place)

    def check(self, place, **options):
        """Choose a radio button or tick a box."""
        self._on("check", place, **options)

    def fill(self, place, text):
        """Write a text into a field."""
        self._on("fill", place, text)

    def choose(self, place, value):
        """Choose an entry of a list."""
        self._on("select_option", place, value)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.settle()


def traits(explorer, names=None):
    names = names or [
        "_seq",
        "message",
        "cursor",
        "answers",
        "link_id",
        "hide",
        "ask",
        "_tasks",
        *explorer.PARAMS,
        *explorer.PAGE_TRAITS,
    ]
    values = {name: getattr(explorer, name) for name in names}
    if "message" in values:
        message = values["message"]
        buffer = base64.b64encode(message["buffer"]).decode()
        values["message"] = {"header": message["header"], "buffer": buffer}
    return values


@pytest.fixture
def show(open_tab):
    """Return a function that shows explorers in a page: `view = show(LookupExplorer())`.

    Called again, it shows others instead.
    """

    def show(*explorers, delay=0, **options):
        tab = open_tab(reload=False, **options)
        tab.empty = False
        tab.page.evaluate("clear()")
        tab.explorers = {f"view{n}": explorer for n, explorer in enumerate(explorers)}
        views = []
        for name, explorer in tab.explorers.items():
            view = View(tab.page, explorer, name)
            view.first = tab.page.evaluate(
                "([n, v, t, d]) => show(n, v, t, d)", [name, explorer.VIEW, traits(explorer), delay]
            )
            views.append(view)
        return views if len(views) > 1 else views[0]

    return show


@pytest.fixture
def allowed():
    """Return a function: a limit on a quiet machine -> the limit on this one, as it is now."""
    before = slowness()
    return lambda limit: limit * max(before, slowness())


@pytest.fixture(scope="session")
def offline(browser):
    """Return a page for all tests, and the lists of what it requests and of its errors."""
    requests, faults = [], []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url.split(":")[0]))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    yield page, requests, faults
    context.close()


@pytest.fixture
def saved(offline, tmp_path):
    """Return a function that exports an explorer and opens the file, offline."""
    page, requests, faults = offline

    def saved(explorer):
        page.mouse.move(0, 0)
        page.goto(explorer.export_html(tmp_path / "view.html").as_uri())
        return page

    yield saved
    page.goto("about:blank")
    kinds, errors = set(requests), list(faults)
    requests.clear()
    faults.clear()
    assert kinds <= {"file", "blob", "data"}
    assert not errors
