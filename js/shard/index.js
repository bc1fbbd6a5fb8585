/**
 * ShardExplorer, the browser half: which worker is asked most when a table lies on several?
 */
import { nothing } from "lit-html";
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
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
  name: "shard",
  noun: "step",
  hint: "Play the lookup; point at an id or a worker.",
  keepOnError: ["text"],
  predictNoun: "worker",
  initialUi,
  steps: (trace) => derive(trace).steps,
  runMs: 5600,
  firstStep: (trace) => derive(trace).steps - 1,
  controls,
  leads: 4,
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  questionKind: () => ({ kind: "one" }),
  focusOnAsk: ({ ui }) => `worker:${ui.local.worker}`,
  answer: (_, scene) => ({ question: "shard.busiest", truth: truth(scene) }),
  beforePaint: clampUi,
  selectedRow,
  onRowSelected(explorer, { trace }, id) {
    const { N, id: idAt } = derive(trace);
    const n = Array.from({ length: N }, (_, at) => at).find((at) => idAt(at) === id);
    if (n !== undefined) explorer.updateUi({ focus: { part: "id", n }, hover: null });
  },
  keys: [
    [["↑", "↓"], "in the batch: to the next id; in the workers: to the next one"],
    [["Enter"], "on an id, a worker or a number: its bytes"],
    [["Enter", "Space"], "while predicting: choose the worker"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    if (!before) return;
    const was = before.header.params;
    const { ui, trace } = scene;
    if (ui.step >= derive(before).steps - 1 || ui.step >= explorer.steps)
      explorer.ui.step = Math.max(0, explorer.steps - 1); // the end stays the end
    Object.assign(explorer.ui, { focus: null, hover: null, open: null, prediction: null });
    explorer.ui.note = trace.header.error ? "" : narrateChange(was, scene);
  },
  cursor: ({ ui }) => ({
    step: ui.step,
    playing: ui.playing,
    hover: ui.hover,
    selected: ui.focus,
  }),
};

export default createWidget(view);
