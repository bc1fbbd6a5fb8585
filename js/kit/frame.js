/**
 * The frame all views share: the question on top, controls left, the figure, numbers right,
 * arithmetic, and below it the transport with the narration.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { dataTables } from "./data_table.js";
import { icon } from "./icons.js";
import { KEY_HELP } from "./keys.js";
import { transport } from "./playback.js";
import { predictStrip } from "./predict.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {import("./view_types.js").Scene} Scene */

/** @param {Explorer} live */
export function frame(live) {
  const { scene } = live;
  setLook(live);
  if (!scene) {
    return html`<p class="empty" role="status">${live.store.error ?? "Waiting for the first trace from Python …"}</p>`;
  }
  const { view, uid, ui } = live;
  const wide = scene.size.width;
  return html`
    <header>
      <h2 id="${uid}-title">${scene.trace.header.question}</h2>
      <p class="hint">${view.hint}</p>
      <span class="spring"></span>
      ${topButtons(live)}
    </header>
    ${live.store.error ? html`<p class="strip error" role="alert">${live.store.error}</p>` : nothing}
    ${
      live.store.waiting === "silent"
        ? html`<p class="strip" role="status">Python has not answered yet: the kernel is busy, or it was stopped. Restart it and run the cell again, if it stays so.</p>`
        : nothing
    }
    ${
      ui.prediction
        ? predictStrip({
            prediction: ui.prediction,
            things: view.asks?.(scene).things ?? view.things,
            act: (act) => live.predict(act),
            ...view.predict(scene),
          })
        : nothing
    }
    <div class="main">
      <div class="left" role="group" aria-label="Controls">${view.controls(scene)}</div>
      <div class="figure">${scene.size.figure ? view.figure(scene) : nothing}</div>
      <div class="right" role="group" aria-label="Numbers">${view.numbers(scene)}</div>
    </div>
    ${view.arithmetic(scene)}
    <footer>
      ${transport({
        noun: view.noun,
        step: ui.step,
        steps: live.steps,
        counted: view.counted?.(scene.trace, ui.step),
        playing: ui.playing,
        speed: ui.speed,
        act: (act) => live.do(act),
        go: (step) => live.go(step, { patch: { focus: null } }),
        pace: (speed) => live.pace(speed),
      })}
      <p class="say" aria-live="polite">${ui.note || view.say(scene)}</p>
      ${scene.params.seed === undefined ? nothing : html`<span class="num count">seed ${scene.params.seed}</span>`}
    </footer>
    ${ui.panel === "table" ? tablePanel(live, scene, wide) : nothing}
    ${ui.panel === "help" ? helpPanel(live) : nothing}
  `;
}

/** @param {Explorer} live */
function setLook({ root, store, themed, view, size }) {
  const width = size.width >= 860 ? "wide" : size.width >= 560 ? "middle" : "narrow";
  const waiting = store.waiting === "waiting" || store.waiting === "silent";
  root.className = `embedlab ${themed.shade} ${width} view-${view.name}${themed.forced ? " forced" : ""}${waiting ? " waiting" : ""}`;
  root.setAttribute("aria-busy", String(waiting));
}

/** @param {Explorer} live */
function topButtons(live) {
  const { ui } = live;
  /** @param {string} act @param {unknown} label @param {string} key @param {boolean} pressed @param {string} [name] */
  const one = (act, label, key, pressed, name) =>
    button({ label, key, pressed, name, place: `top:${act}`, onClick: () => live.do(act) });
  return html`<div class="top" role="group" aria-label="View">
    ${one("predict", "Predict", "P", ui.prediction !== null)} ${one("table", "Table", "T", ui.panel === "table")}
    ${button({ label: "Reset", key: "R", place: "top:reset", onClick: () => live.do("reset") })}
    ${one("help", "?", "?", ui.panel === "help", "Keys")}
  </div>`;
}

/**
 * @param {Explorer} live
 * @param {string} which
 * @param {string} title
 * @param {unknown} body
 */
function panel(live, which, title, body) {
  const id = `${live.uid}-${which}`;
  return html`<section class="panel panel-${which}" role="dialog" aria-labelledby=${id}>
    <h3 id=${id} tabindex="-1" data-place="panel:${which}">${title}</h3>
    ${button({ label: icon("close"), name: "Close", place: `panel:${which}:close`, onClick: () => live.panel(null) })}
    ${body}
  </section>`;
}

/** @param {Explorer} live @param {Scene} scene @param {number} wide */
function tablePanel(live, scene, wide) {
  const body = html`<div class="tables">${dataTables(live.view.tables(scene), wide)}</div>`;
  return panel(live, "table", "Every number drawn", body);
}

/** @param {Explorer} live */
function helpPanel(live) {
  /** @param {[string[], string]} row */
  const row = ([keys, does]) =>
    html`<dt>${keys.map((key, i) => html`${i ? " " : nothing}<kbd>${key}</kbd>`)}</dt>
      <dd>${does}</dd>`;
  return panel(
    live,
    "help",
    "Keys",
    html`<dl class="keys">${KEY_HELP.map(row)}</dl>
      <h4>In this view</h4>
      <dl class="keys">${live.view.keys.map(row)}</dl>`,
  );
}
