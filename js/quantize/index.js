/**
 * QuantizationExplorer, the browser half: what does a row lose when it is stored in small
 * integers?
 */
import { html, nothing } from "lit-html";
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { predict } from "./predict.js";
import { STAGES, selection, initialUi, clampUi } from "./state.js";
import { tables } from "./tables.js";
import { changedByOutlier, derive } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function arithmeticCard(scene) {
  const { error } = selection(scene).derived;
  return formulaCard({
    ...arithmetic(scene),
    tone: error ? "warn" : "hit",
    close: () => scene.explorer.escape(),
  });
}

/** @type {View} */
const quantize = {
  name: "quantize",
  noun: "stage",
  hint: "Drag a weight along its ruler.",
  keepOnError: [],
  predictNoun: "changes",
  initialUi: initialUi,
  steps: () => STAGES.length,
  firstStep: () => STAGES.length - 1,
  controls,
  leads: 4,
  notice: (scene) => {
    const { stored } = selection(scene).derived;
    return stored
      ? html`<span class="stored">This layer was quantized already (${stored}): errors are measured from its current output.</span>`
      : "";
  },
  alert: (scene) => {
    const { error } = selection(scene).derived;
    return error
      ? html`<p class="strip error core" role="alert"><b>NotFiniteError</b> ${error}</p>`
      : nothing;
  },
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  focusOnAsk: ({ ui }) => `cell:code:${ui.local.windows.col}`,
  answer: (_, scene) => {
    const { derived, current, row } = selection(scene);
    return {
      question: "quantize.tenfold",
      truth: changedByOutlier(derived, current.scheme.name, row),
    };
  },
  beforePaint: clampUi,
  keys: [
    [["←", "→"], "on a mark: move the weight, with Shift by less; ↑ ↓ to the next one"],
    [["X"], "make the selected weight ten times as large"],
    [["Enter"], "on a bit: flip it"],
    [["Enter", "Space"], "while predicting: choose a code or a row"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    const { ui } = scene;
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    const other = ["scheme", "row", "block", "input_dim", "output_dim", "seed", "edits"];
    if (other.some((name) => JSON.stringify(was[name]) !== JSON.stringify(now[name])))
      explorer.ui.prediction = null;
    if (was.row !== now.row) ui.local.row = null;
    const { V, D, first } = derive(scene.trace);
    const { focus } = ui;
    const gone = focus?.row !== undefined && (focus.row < first || focus.row >= first + V);
    if (focus && (gone || (focus.col ?? 0) >= D || focus.part === "bit")) {
      const outside = focus.part !== "bit" || focus.byte >= selection(scene).current.bytes.length;
      if (outside) explorer.ui.focus = null;
    }
    explorer.ui.note = narrateChange(before, scene);
  },
  selectedRow: (scene) => selection(scene).row,
  onRowSelected: (explorer, scene, row) => {
    const { first, V } = derive(scene.trace);
    if (row < first || row >= first + V) return;
    scene.ui.local.row = row;
    explorer.updateUi({ focus: null, hover: null, open: null, prediction: null });
  },
  cursor: (scene) => {
    const { ui } = scene;
    const selected = selection(scene);
    const defaultSpot = { part: "mark", col: selected.col };
    return {
      step: ui.step,
      playing: ui.playing,
      hover: ui.hover,
      row: selected.row,
      selected: ui.focus ?? defaultSpot,
    };
  },
};

export default createWidget(quantize);
