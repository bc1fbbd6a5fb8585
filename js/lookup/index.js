/**
 * LookupExplorer, the browser half: which rows does a sentence read?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { html, nothing } from "lit-html";
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { growButton } from "../kit/grow_button.js";
import { startTiming } from "./actions.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { predict } from "./predict.js";
import { outcome, timingStrip } from "./race.js";
import { initialUi, clampUi, selection } from "./state.js";
import { tables } from "./tables.js";
import { derive } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function arithmeticCard(scene) {
  const { trace, ui, explorer } = scene;
  const { error } = derive(trace);
  const race = ui.local.race;
  return html`
    ${
      race
        ? timingStrip({
            race,
            header: trace.header,
            finish: () => {
              race.done = true;
              explorer.updateUi({ note: outcome(trace.header) });
            },
            again: () => startTiming(scene),
            close: () => {
              ui.local.race = null;
              explorer.updateUi({});
              explorer.focusAfterPaint("race");
            },
          })
        : nothing
    }
    ${formulaCard({ ...arithmetic(scene), tone: error ? "warn" : "hit", close: () => explorer.escape() })}
  `;
}

/** @type {View} */
const lookup = {
  name: "lookup",
  noun: "word",
  hint: "Point at a word, a row, or an output cell.",
  keepOnError: ["text"],
  predictNoun: "rows",
  initialUi: initialUi,
  steps: (trace) => derive(trace).N,
  controls,
  leads: 3,
  alert: ({ trace, explorer }) => {
    const { error } = derive(trace);
    return error
      ? html`<p class="strip error core" role="alert"><b>IdError</b> ${error} ${growButton(explorer)}</p>`
      : nothing;
  },
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  focusOnAsk: ({ ui }) => `cell:${ui.local.windows.row}:${ui.local.windows.col}`,
  answer: (trace) => ({
    question: "lookup.rows",
    truth: [...derive(trace).readers.keys()].sort((a, b) => a - b),
  }),
  beforePaint: clampUi,
  selectedRow({ trace, ui }) {
    const { rows, rowId } = derive(trace);
    const row = selection({ ui }).row ?? rows[ui.step];
    return row === undefined ? null : rowId(row);
  },
  onRowSelected(explorer, { trace }, row) {
    const { rowId, readers } = derive(trace);
    const [first] = [...readers].find(([index]) => rowId(index) === row)?.[1] ?? [];
    if (first !== undefined) explorer.goToStep(first, { fromLink: true, patch: { focus: null } });
  },
  keys: [
    [["Enter"], "on an output cell: the sum behind it"],
    [["Enter"], "on a weight: change it; ↑ ↓ by 0.1, with Shift by 0.01"],
    [["Enter", "Space"], "while predicting: choose the row"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    const { local, prediction } = scene.ui;
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    if (prediction && (was.text !== now.text || was.input_dim !== now.input_dim))
      explorer.ui.prediction = null;
    if (local.race?.done) local.race = null; // it timed another lookup
    explorer.ui.focus = clampSpot(explorer.ui.focus, derive(scene.trace));
    explorer.ui.hover = null;
    explorer.ui.note = narrateChange(was, scene);
  },
  cursor: (scene) => {
    const { ui } = scene;
    return {
      step: ui.step,
      playing: ui.playing,
      hover: ui.hover,
      selected: ui.focus ?? selection(scene),
    };
  },
};

/**
 * Return the selected spot, or null if it no longer exists.
 * @param {any} spot
 * @param {import("./trace.js").Derived} derived
 */
function clampSpot(spot, { N, V, D }) {
  const outside = spot && ((spot.n ?? 0) >= N || (spot.row ?? 0) >= V || (spot.col ?? 0) >= D);
  return outside ? null : spot;
}

export default createWidget(lookup);
