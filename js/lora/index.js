/**
 * LoRAExplorer, the browser half: how few numbers can say this change?
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
import { TOLERANCE, predict } from "./predict.js";
import { momentAt, initialUi, placeOf, selection } from "./state.js";
import { tables } from "./tables.js";
import { rankOf, derive } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function arithmeticCard(scene) {
  return formulaCard({ ...arithmetic(scene), tone: "hit", close: () => scene.explorer.escape() });
}

/** @type {View} */
const lora = {
  name: "lora",
  noun: "step",
  hint: "Drag the edge of A or B.",
  keepOnError: [],
  predictNoun: "points",
  initialUi: initialUi,
  steps: (trace) => derive(trace).frames,
  firstStep: (trace) => derive(trace).frames - 1,
  stepMs: 250,
  stepLabel: (trace, step) => `step ${derive(trace).steps[step]} of ${derive(trace).last}`,
  controls,
  leads: 3,
  alert: ({ trace }) => {
    const { error } = derive(trace);
    return error ? html`<p class="strip error core" role="alert">${error}</p>` : nothing;
  },
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  questionKind: ({ trace }) => {
    const { K } = derive(trace);
    return {
      kind: "curve",
      start: Array.from({ length: K }, (_, k) => Math.round(100 * (1 - (k + 1) / K)) / 100),
    };
  },
  focusOnAsk: ({ ui }) => {
    ui.local.point = 1;
    ui.local.merged = false;
    return "curve:1";
  },
  answer: (trace) => {
    const { errors, K } = derive(trace);
    return {
      question: "lora.error_by_rank",
      truth: Array.from({ length: K }, (_, k) => errors[k + 1]),
      near: TOLERANCE,
    };
  },
  beforePaint: () => {},
  keys: [
    [["←", "→"], "on an edge or the cut: change the rank"],
    [["Space"], "on a word: train it, or leave it out"],
    [["Enter"], "on a cell: its sum; on a cell of ΔW: paint it"],
    [["↑", "↓"], "while predicting: bend the curve"],
    [["M"], "merge or unmerge"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    const derived = derive(scene.trace);
    // Keep the step; with another number of steps go to the end.
    if (derive(before).frames !== derived.frames) explorer.ui.step = derived.frames - 1;
    const same = ["target", "input_dim", "output_dim", "edits", "seed"].every(
      (name) => JSON.stringify(was[name]) === JSON.stringify(now[name]),
    );
    if (
      explorer.ui.prediction &&
      (!same || (now.target === "one word" && String(was.seen) !== String(now.seen)))
    )
      explorer.ui.prediction = null;
    explorer.ui.focus = clampSpot(explorer.ui.focus, scene);
    explorer.ui.note = narrateChange(was, scene);
  },
  selectedRow: (scene) => {
    const i = selection(scene)?.i;
    return i === undefined ? null : derive(scene.trace).rows[i];
  },
  onRowSelected(explorer, { trace }, row) {
    const i = Array.from(derive(trace).rows).indexOf(row);
    if (i >= 0) explorer.updateUi({ focus: { part: "token", i }, hover: null });
  },
  cursor: (scene) => {
    const { ui, trace } = scene;
    const spot = selection(scene);
    return {
      step: momentAt(scene).step,
      playing: ui.playing,
      row: spot?.i === undefined ? null : derive(trace).rows[spot.i],
      selected: spot ? placeOf(spot) : null,
    };
  },
};

/** Return the selected spot, or null if it no longer exists. @param {any} spot @param {Scene} scene */
function clampSpot(spot, { trace }) {
  const derived = derive(trace);
  const r = rankOf(derived, trace.header.params.rank);
  const outside =
    spot && ((spot.i ?? 0) >= derived.n || (spot.c ?? 0) >= derived.cols || (spot.k ?? 0) >= r);
  return outside ? null : spot;
}

export default createWidget(lora);
