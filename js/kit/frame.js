/**
 * The frame all views share. At a desk, from the top: question, controls, figure, key figures,
 * formula, steps with the narration. Below 640 px: what is looked at first, then the controls.
 */
import { html, nothing } from "lit-html";
import { button, select, unlessFixed } from "./controls.js";
import { dataTables } from "./data_table.js";
import { factGroups, keyFacts } from "./facts_panel.js";
import { growButton } from "./grow_button.js";
import { icon } from "./icons.js";
import { KEY_HELP } from "./keys.js";
import { RUN_SPEEDS, SPEEDS, transport } from "./playback.js";
import { predictionStrip } from "./predict.js";
import { tasksButton, tasksPanel } from "./tasks_panel.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {import("./view_types.js").Scene} Scene */

const HINTS = 1000; // from this width on there is room for the keys beside their buttons

/**
 * Which arrangement a width gets. It is the width of the output, never that of the window.
 * @param {number} width
 */
export const lookOf = (width) =>
  width >= 1200 ? "wide" : width >= 800 ? "desk" : width >= 640 ? "tight" : "narrow";

/** @param {Explorer} explorer */
export function frame(explorer) {
  const { scene } = explorer;
  setLook(explorer);
  if (!scene) {
    return html`<p class="empty" role="status">${explorer.store.error ?? "Waiting for the first trace from Python …"}</p>`;
  }
  const { view, uid, ui } = explorer;
  const { look } = scene;
  const numbers = look === "wide" || ui.panel === "numbers";
  const facts = given(view.facts(scene), scene);
  const open = (/** @type {string} */ id, /** @type {string} */ from) =>
    explorer.updateUi({ open: { kind: "fact", id, from } });
  const head = html`<header>
    <div class="title">
      <h2 id="${uid}-title">${scene.trace.header.question}</h2>
      <p class="hint">${scene.trace.header.note || view.notice?.(scene) || view.hint}</p>
    </div>
    ${topButtons(explorer, look)}
    <p class="unseen" role="status">${scene.predicting ? "" : explorer.taskNote}</p>
  </header>
  ${ui.panel === "tasks" && !scene.predicting ? tasksPanel(explorer, closeButton(explorer, "tasks", "Tasks")) : nothing}`;
  const above = ui.prediction
    ? predictionStrip({
        prediction: ui.prediction,
        noun: view.questionKind?.(scene).noun ?? view.predictNoun,
        run: (act) => explorer.predict(act),
        ...view.predict(scene),
      })
    : controlRow(explorer, scene);
  const figure = html`<div class="figure">${scene.size.figureWidth ? view.figure(scene) : nothing}</div>`;
  const strip =
    look === "wide"
      ? nothing
      : html`<div class="key-figures" role="group" aria-label="Key figures">
        ${keyFacts(facts.keys, open)}
        ${button({ label: html`All numbers ${icon("next")}`, place: "top:numbers", pressed: numbers, disabled: scene.predicting, onClick: () => explorer.showPanel(numbers ? null : "numbers") })}
      </div>`;
  const all =
    numbers && !(scene.predicting && look !== "wide")
      ? html`<div class="right" role="group" aria-label="Numbers">
        ${look === "wide" ? nothing : closeButton(explorer, "numbers", "All numbers")}
        ${facts.before} ${factGroups(facts.groups, open)} ${facts.extra}
        ${scene.params.seed === undefined ? nothing : html`<p class="num seed">seed ${scene.params.seed}</p>`}
      </div>`
      : nothing;
  const sum = html`<div class="formula">
    ${alerts(explorer)} ${scene.predicting ? html`<p class="count">Numbers and formulas come back with the answer.</p>` : view.arithmetic(scene)}
  </div>`;
  const foot = html`<footer>
    ${transport({
      noun: view.noun,
      step: ui.step,
      steps: explorer.steps,
      stepLabel: view.stepLabel?.(scene.trace, ui.step),
      playing: ui.playing,
      disabled: scene.predicting,
      run: (command) => explorer.run(command),
      goToStep: (step) => explorer.goToStep(step, { patch: { focus: null } }),
    })}
    <p class="narration" aria-live="polite"><span>${ui.note || view.narrate(scene)}</span></p>
  </footer>`;
  return html`${head}
  ${look === "narrow" ? [figure, foot, above, sum, strip, all] : [above, figure, strip, all, sum, foot]}
  ${ui.panel === "table" ? tablePanel(explorer, scene) : nothing}
  ${ui.panel === "help" ? helpPanel(explorer) : nothing}`;
}

/**
 * While a question is open, only what is given stays.
 * @param {import("./facts_panel.js").Facts} facts
 * @param {Scene} scene
 * @returns {import("./facts_panel.js").Facts}
 */
function given(facts, { predicting }) {
  if (!predicting) return facts;
  const keep = (/** @type {import("./facts_panel.js").Fact[]} */ all) =>
    all.filter((fact) => fact.given).map((fact) => ({ ...fact, id: undefined }));
  const groups = facts.groups.map(({ title, facts }) => ({ title, facts: keep(facts) }));
  return { groups: groups.filter(({ facts }) => facts.length), keys: keep(facts.keys) };
}

/** @param {Explorer} explorer */
function alerts(explorer) {
  const { store, view, scene } = explorer;
  const text = store.error;
  return html`${text ? html`<p class="strip error" role="alert">${text} ${growButton(explorer)}</p>` : nothing}
  ${
    store.waiting === "silent"
      ? html`<p class="strip" role="status">Python has not answered yet: the kernel is busy. If it stays so, restart it and run the cell again.</p>`
      : nothing
  }
  ${(scene && !text && view.alert?.(scene)) ?? nothing}`;
}

/** @param {Explorer} explorer */
function setLook({ root, store, theme, view, size, ui }) {
  const waiting = store.waiting === "waiting" || store.waiting === "silent";
  const hints = size.width >= HINTS ? "hints" : "";
  root.className = `embedlab ${theme.scheme} ${lookOf(size.width)} ${hints} view-${view.name}${theme.forcedColors ? " forced" : ""}${waiting ? " waiting" : ""}${ui.prediction ? " predicting" : ""}`;
  root.setAttribute("aria-busy", String(waiting));
}

/** The controls that the question needs, and More for the rest. @param {Explorer} explorer @param {Scene} scene */
function controlRow(explorer, scene) {
  const { view, ui } = explorer;
  const all = view.controls(scene).filter(([name, body]) => body && !scene.hidden.has(name));
  const open = ui.panel === "more";
  const lead = all.slice(0, view.leads);
  const rest = all.slice(view.leads);
  if (explorer.steps > 1)
    rest.push([
      "speed",
      select({
        label: "Speed",
        place: "transport:speed",
        value: String(ui.speed),
        choices: (view.runMs ? RUN_SPEEDS : SPEEDS).map(String),
        texts: (value) => `${value}×`,
        onChange: (value) => explorer.setSpeed(Number(value)),
      }),
    ]);
  const bodies = (/** @type {typeof all} */ list) =>
    list.map(([name, body, parameter = name]) => unlessFixed(scene.trace, parameter, body));
  const wide = scene.look === "wide";
  return html`<div class="left" role="group" aria-label="Controls">
    ${bodies(lead)}
    ${wide ? bodies(rest) : nothing}
    ${wide || !rest.length ? nothing : button({ label: html`More ${icon("open")}`, place: "top:more", pressed: open, onClick: () => explorer.showPanel(open ? null : "more") })}
    ${open && !wide ? html`<div class="rest" role="group" aria-label="More controls">${bodies(rest)}</div>` : nothing}
  </div>`;
}

/** @param {Explorer} explorer @param {string} look */
function topButtons(explorer, look) {
  const { ui } = explorer;
  const asked = explorer.scene?.predicting;
  /**
   * @param {string} command
   * @param {unknown} label
   * @param {string} key
   * @param {boolean} [pressed]
   * @param {string} [name]
   */
  const one = (command, label, key, pressed, name) =>
    button({
      label,
      key,
      pressed,
      name,
      disabled: command === "table" && asked,
      place: `top:${command}`,
      onClick: () => explorer.run(command),
    });
  const tasks = tasksButton(explorer);
  const { width } = explorer.size;
  const folded = width < 800 || (tasks !== nothing && width < HINTS);
  const others = html`${look === "narrow" ? tasks : nothing} ${one("table", "Table", "T", ui.panel === "table")} ${one("reset", "Reset", "R")}
    ${document.fullscreenEnabled ? one("full", "Full screen", "F", document.fullscreenElement === explorer.root) : nothing}
    ${explorer.model.share ? one("share", "Share", "S") : nothing}
    ${one("help", "?", "?", ui.panel === "help", "Keys")}`;
  return html`<div class="top" role="group" aria-label="View">
    ${one("predict", "Predict", "P", ui.prediction !== null)}
    ${look === "narrow" ? nothing : tasks}
    ${folded ? one("menu", "⋯", "", ui.panel === "menu", "Table, reset, full screen, keys") : others}
    ${folded && ui.panel === "menu" ? html`<div class="menu">${others}</div>` : nothing}
  </div>`;
}

/** @param {Explorer} explorer @param {string} which @param {string} title */
function closeButton(explorer, which, title) {
  return html`<h3 id="${explorer.uid}-${which}" tabindex="-1" data-place="panel:${which}">${title}</h3>
    ${button({ label: icon("close"), name: "Close", place: `panel:${which}:close`, onClick: () => explorer.showPanel(null) })}`;
}

/**
 * @param {Explorer} explorer
 * @param {string} which
 * @param {string} title
 * @param {unknown} body
 */
function panel(explorer, which, title, body) {
  return html`<section class="panel panel-${which}" role="dialog" aria-labelledby="${explorer.uid}-${which}">
    ${closeButton(explorer, which, title)} ${body}
  </section>`;
}

/** @param {Explorer} explorer @param {Scene} scene */
function tablePanel(explorer, scene) {
  const body = html`<div class="tables">${dataTables(explorer.view.tables(scene), scene.size.width)}</div>`;
  return panel(explorer, "table", "Every number drawn", body);
}

/** @param {Explorer} explorer */
function helpPanel(explorer) {
  /** @param {[string[], string]} row */
  const row = ([keys, does]) =>
    html`<dt>${keys.map((key, i) => html`${i ? " " : nothing}<kbd>${key}</kbd>`)}</dt>
      <dd>${does}</dd>`;
  return panel(
    explorer,
    "help",
    "Keys",
    html`<dl class="keys">${KEY_HELP.map(row)}</dl>
      <h4>In this view</h4>
      <dl class="keys">${explorer.view.keys.map(row)}</dl>`,
  );
}
