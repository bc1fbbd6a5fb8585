// The buttons of a question: see choice_buttons.py. Texts are set as text, never as HTML.

const make = (tag, className, text = "") =>
  Object.assign(document.createElement(tag), { className, textContent: text });

function withCode(line) {
  const paragraph = make("p", "");
  line.split("`").forEach((part, n) => paragraph.append(n % 2 ? make("code", "", part) : part));
  return paragraph;
}

// The first Tab after the cell was run goes to the buttons; JupyterLab would go on from the next cell.
function tabInto(root) {
  const close = () => {
    removeEventListener("keydown", onKey, true);
    removeEventListener("pointerdown", close, true);
  };
  const onKey = (event) => {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    if (key === "Shift") return; // on its way to Shift+Enter
    close();
    const mine = root.closest(".jp-Cell");
    const next = mine && mine.nextElementSibling === document.activeElement;
    if (key !== "Tab" || shiftKey || ctrlKey || metaKey || altKey || !next) return;
    event.preventDefault();
    event.stopPropagation();
    root.querySelector("button").focus();
  };
  addEventListener("keydown", onKey, true);
  addEventListener("pointerdown", close, true);
  return close;
}

// A Tab that came before the buttons did has gone on from the next cell: into its toolbar, or to the
// next link or fold-out of the text behind it. Fetch the keyboard back from there.
function fetchBack(root) {
  const active = document.activeElement;
  const there = active?.closest(".jp-Cell");
  if (!there || active === there || active.isContentEditable) return;
  const focused = active.shadowRoot?.activeElement ?? active; // of a button in a toolbar
  if (!focused.matches(":focus-visible") || !navigator.userActivation?.isActive) return;
  let cell = root.closest(".jp-Cell")?.nextElementSibling;
  while (cell && cell !== there && !cell.querySelector(".jp-OutputArea-child"))
    cell = cell.nextElementSibling; // neither a text without links nor a cell not yet run stops Tab
  if (cell === there) root.querySelector("button").focus();
}

const LATE_AFTER = 3000; // ms
const LATE =
  "Python has not taken your answer: it is busy, or it was stopped. If this stays, run the cell again and choose.";

let count = 0;

function render({ model, el }) {
  const question = make("p", "question", model.get("question"));
  question.id = `embedlab-question-${Date.now()}-${(count += 1)}`;
  const group = make("div", "choices");
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", question.id);
  let late;
  const press = (letter) => {
    clearTimeout(late);
    late = setTimeout(() => reply.replaceChildren(withCode(LATE)), LATE_AFTER);
    try {
      model.send({ press: letter });
    } catch {
      // the kernel is gone: LATE says so
    }
  };
  const taken = () => {
    clearTimeout(late);
    show();
  };
  const buttons = Object.entries(model.get("choices")).map(([letter, text]) => {
    const button = make("button", "");
    button.type = "button";
    button.append(make("b", "", `${letter})`), make("span", "", text), make("small", ""));
    button.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take letters for itself
    button.addEventListener("click", () => press(letter));
    group.append(button);
    return [letter, button];
  });
  group.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") leave();
    if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
    const letter = event.key.toLowerCase();
    const found = buttons.find(([name]) => name === letter);
    if (!found) return;
    event.preventDefault();
    found[1].focus();
    press(letter);
  });
  const reply = make("div", "reply");
  reply.setAttribute("role", "status");
  const root = make("div", "embedlab-question");
  root.append(question, group, reply);
  el.append(root);
  // JupyterLab hears no key of a button: without this the keyboard would stay here.
  const leave = () => (root.parentElement.closest("[tabindex]") ?? document.activeElement).focus();

  const show = () => {
    for (const [letter, button] of buttons) {
      const chosen = letter === model.get("chosen");
      button.setAttribute("aria-pressed", String(chosen));
      button.lastChild.textContent = chosen ? "your answer" : "";
    }
    reply.replaceChildren(...model.get("reply").map(withCode));
  };
  model.on("change:chosen", show);
  model.on("change:reply", show);
  model.on("msg:custom", taken);
  show();
  const endTabInto = tabInto(root);
  const rendered = performance.now();
  const sized = new ResizeObserver(() => {
    sized.disconnect();
    if (performance.now() - rendered < 1000) fetchBack(root); // later: scrolled into sight
  });
  sized.observe(root); // it fires when the buttons have their place in the page
  return () => {
    endTabInto();
    sized.disconnect();
    clearTimeout(late);
    model.off("msg:custom", taken);
    model.off("change:chosen", show);
    model.off("change:reply", show);
  };
}

export default { render };
