/**
 * The frame all views share: the question on top, controls left, the figure, facts right,
 * arithmetic, and below it the playback bar with the narration.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { dataTables } from "./data_table.js";
import { icon } from "./icons.js";
import { KEY_HELP } from "./keys.js";
import { transport } from "./playback.js";
import { predictionStrip } from "./predict.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {import("./view_types.js").Scene} Scene */

/** @param {Explorer} explorer */
export function frame(explorer) {
  const { scene } = explorer;
  setLook(explorer);
  if (!scene) {
    return html`<p class="empty" role="status">${explorer.store.error ?? "Waiting for the first trace from Python …"}</p>`;
  }
  const { view, uid, ui } = explorer;
  const wide = scene.size.width;
  return html`
    <header>
      <h2 id="${uid}-title">${scene.trace.header.question}</h2>
      <p class="hint">${view.hint}</p>
      <span class="spring"></span>
      ${topButtons(explorer)}
    </header>
    ${explorer.store.error ? html`<p class="strip error" role="alert">${explorer.store.error}</p>` : nothing}
    ${
      explorer.store.waiting === "silent"
        ? html`<p class="strip" role="status">Python has not answered yet: the kernel is busy, or it was stopped. Restart it and run the cell again, if it stays so.</p>`
        : nothing
    }
    ${
      ui.prediction
        ? predictionStrip({
            prediction: ui.prediction,
            noun: view.questionKind?.(scene).noun ?? view.predictNoun,
            run: (act) => explorer.predict(act),
            ...view.predict(scene),
          })
        : nothing
    }
    <div class="main">
      <div class="left" role="group" aria-label="Controls">${view.controls(scene)}</div>
      <div class="figure">${scene.size.figure ? view.figure(scene) : nothing}</div>
      <div class="right" role="group" aria-label="Numbers">${view.facts(scene)}</div>
    </div>
    ${view.arithmetic(scene)}
    <footer>
      ${transport({
        noun: view.noun,
        step: ui.step,
        steps: explorer.steps,
        stepLabel: view.stepLabel?.(scene.trace, ui.step),
        playing: ui.playing,
        speed: ui.speed,
        run: (command) => explorer.run(command),
        goToStep: (step) => explorer.goToStep(step, { patch: { focus: null } }),
        setSpeed: (speed) => explorer.setSpeed(speed),
      })}
      <p class="narration" aria-live="polite">${ui.note || view.narrate(scene)}</p>
      ${scene.params.seed === undefined ? nothing : html`<span class="num count">seed ${scene.params.seed}</span>`}
    </footer>
    ${ui.panel === "table" ? tablePanel(explorer, scene, wide) : nothing}
    ${ui.panel === "help" ? helpPanel(explorer) : nothing}
  `;
}

/** @param {Explorer} explorer */
function setLook({ root, store, theme, view, size }) {
  const width = size.width >= 860 ? "wide" : size.width >= 560 ? "middle" : "narrow";
  const waiting = store.waiting === "waiting" || store.waiting === "silent";
  root.className = `embedlab ${theme.scheme} ${width} view-${view.name}${theme.forcedColors ? " forced" : ""}${waiting ? " waiting" : ""}`;
  root.setAttribute("aria-busy", String(waiting));
}

/** @param {Explorer} explorer */
function topButtons(explorer) {
  const { ui } = explorer;
  /**
   * @param {string} command
   * @param {unknown} label
   * @param {string} key
   * @param {boolean} pressed
   * @param {string} [name]
   */
  const one = (command, label, key, pressed, name) =>
    button({
      label,
      key,
      pressed,
      name,
      place: `top:${command}`,
      onClick: () => explorer.run(command),
    });
  return html`<div class="top" role="group" aria-label="View">
    ${one("predict", "Predict", "P", ui.prediction !== null)} ${one("table", "Table", "T", ui.panel === "table")}
    ${button({ label: "Reset", key: "R", place: "top:reset", onClick: () => explorer.run("reset") })}
    ${one("help", "?", "?", ui.panel === "help", "Keys")}
  </div>`;
}

/**
 * @param {Explorer} explorer
 * @param {string} which
 * @param {string} title
 * @param {unknown} body
 */
function panel(explorer, which, title, body) {
  const id = `${explorer.uid}-${which}`;
  return html`<section class="panel panel-${which}" role="dialog" aria-labelledby=${id}>
    <h3 id=${id} tabindex="-1" data-place="panel:${which}">${title}</h3>
    ${button({ label: icon("close"), name: "Close", place: `panel:${which}:close`, onClick: () => explorer.showPanel(null) })}
    ${body}
  </section>`;
}

/** @param {Explorer} explorer @param {Scene} scene @param {number} wide */
function tablePanel(explorer, scene, wide) {
  const body = html`<div class="tables">${dataTables(explorer.view.tables(scene), wide)}</div>`;
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
