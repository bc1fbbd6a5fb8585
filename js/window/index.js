/**
 * WindowExplorer, the browser half: which rows change when a skip-gram window stands here?
 */
import { nothing } from "lit-html";
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { clamp } from "../kit/roving_tabindex.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { predict, truth } from "./predict.js";
import { clampUi, initialUi, selectedRow } from "./state.js";
import { tables } from "./tables.js";
import { derive } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function arithmeticCard(scene) {
  const { lines, pinned } = arithmetic(scene);
  return lines.length
    ? formulaCard({ lines, pinned, close: () => scene.explorer.escape() })
    : nothing;
}

/** @type {View} */
const view = {
  name: "window",
  noun: "word",
  hint: "Step from word to word, or click one; point at a pair or a row.",
  keepOnError: ["text"],
  predictNoun: "rows",
  initialUi,
  steps: (trace) => derive(trace).N,
  firstStep: (trace) => trace.header.position,
  controls,
  leads: 4,
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  focusOnAsk: ({ ui }) => `cell:0:${ui.local.stops[0].join(":")}`,
  answer: (_, scene) => ({ question: "window.rows", truth: truth(scene) }),
  beforePaint: clampUi,
  selectedRow,
  onRowSelected(explorer, { trace, ui }, id) {
    const { N, ids, rowId } = derive(trace);
    for (let by = 0; by < N; by++) {
      const n = (ui.step + by) % N;
      if (rowId(ids[n]) === id)
        return explorer.goToStep(n, { fromLink: true, patch: { focus: null } });
    }
  },
  keys: [
    [["←", "→"], "in the text: move the window"],
    [["Enter"], "on a pair: its score and loss; on a row: its update"],
    [["Enter", "Space"], "while predicting: choose the row"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    if (was.position !== now.position)
      explorer.ui.step = clamp(now.position, Math.max(1, explorer.steps));
    if (was.text !== now.text || was.input_dim !== now.input_dim) explorer.ui.prediction = null;
    Object.assign(explorer.ui, { focus: null, hover: null });
    explorer.ui.note = narrateChange(was, scene);
  },
  cursor: ({ ui }) => ({
    step: ui.step,
    playing: ui.playing,
    hover: ui.hover,
    selected: ui.focus,
  }),
};

export default createWidget(view);
