/**
 * MaskExplorer, the browser half: where does the mask go?
 */
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { predict } from "./predict.js";
import { initialUi, clampUi } from "./state.js";
import { tables } from "./tables.js";
import { derive } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function arithmeticCard(scene) {
  const { trace, explorer } = scene;
  const { stages } = derive(trace);
  return formulaCard({
    ...arithmetic(scene),
    tone: stages.some(({ paddingCounts }) => paddingCounts) ? "warn" : "hit",
    close: () => explorer.escape(),
  });
}

/** @type {View} */
const mask = {
  name: "mask",
  noun: "layer",
  hint: "Drag a layer, or the end of a sentence.",
  keepOnError: ["text"],
  predictNoun: "layer",
  initialUi: initialUi,
  steps: (trace) => derive(trace).stages.length,
  controls,
  leads: 4,
  notice: ({ trace }) => {
    const { B, total } = derive(trace);
    return total > B ? `The first ${B} of ${total} sentences are here.` : "";
  },
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  questionKind: () => ({ kind: "one" }),
  focusOnAsk: ({ ui }) => {
    ui.local.asking = 0;
    return "layer:0";
  },
  answer: (trace) => {
    const { lostAt, stages } = derive(trace);
    return { question: "mask.loser", truth: [lostAt ?? stages.length] };
  },
  beforePaint: clampUi,
  keys: [
    [["←", "→"], "on a layer: to the next one"],
    [["Shift", "←"], "on a layer: move it; Shift → the other way"],
    [["Delete"], "on a layer: take it out"],
    [["+"], "on a layer: insert one behind it"],
    [["Enter"], "on a layer or a number: what it does"],
    [["←", "→"], "on a sentence's end: fewer or more words"],
    [["Enter", "Space"], "while predicting: choose the layer"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    const { ui, trace } = scene;
    if (!before) return;
    const was = before.header.params;
    const now = trace.header.params;
    const last = derive(trace).stages.length - 1;
    const same = JSON.stringify(was.layers) === JSON.stringify(now.layers);
    if (ui.local.goal !== null && !trace.header.error) ui.step = Math.min(ui.local.goal, last);
    ui.local.goal = null;
    if (ui.prediction && (!same || was.mask_zero !== now.mask_zero)) ui.prediction = null;
    if (!same) {
      ui.focus = null;
      ui.open = null;
    }
    ui.hover = null;
    ui.note = trace.header.error ? "" : narrateChange(was, scene);
    explorer.ui.open = ui.open;
  },
  selectedRow: ({ trace, ui }) => {
    const derived = derive(trace);
    const { focus } = ui;
    if (focus?.part !== "place" && focus?.part !== "ids") return null;
    const timed = focus.part === "ids" || derived.stages[focus.k]?.cells === derived.T;
    return timed && focus.b < derived.B && focus.cell < derived.T
      ? derived.id(focus.b, focus.cell)
      : null;
  },
  onRowSelected(explorer, { trace, ui }, row) {
    const { B, T, id } = derive(trace);
    const at = Array.from({ length: B * T }, (_, i) => i).find(
      (i) => id(Math.floor(i / T), i % T) === row,
    );
    if (at === undefined) return;
    ui.local.sentence = Math.floor(at / T);
    explorer.updateUi({ focus: { part: "ids", b: ui.local.sentence, cell: at % T }, hover: null });
  },
  cursor: ({ ui }) => ({
    step: ui.step,
    playing: ui.playing,
    hover: ui.hover,
    selected: ui.focus,
    sentence: ui.local.sentence,
  }),
};

export default createWidget(mask);
