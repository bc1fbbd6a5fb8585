/**
 * GradientExplorer, the browser half: what comes back to the table?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { duplicatesAnswer, predict } from "./predict.js";
import { initialUi, clampUi, selection } from "./state.js";
import { tables } from "./tables.js";
import { rowsWithGradient, derive } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function arithmeticCard(scene) {
  const { trace, params, explorer } = scene;
  const wrong = params.rule === "assign" && !trace.header.passes.assign;
  return formulaCard({
    ...arithmetic(scene),
    tone: wrong ? "warn" : "hit",
    close: () => explorer.escape(),
  });
}

/** @type {View} */
const gradient = {
  name: "gradient",
  noun: "step",
  hint: "Point at a word, a row, or a number.",
  keepOnError: ["text"],
  predictNoun: "rows",
  initialUi: initialUi,
  steps: (trace) => derive(trace).N + 1,
  firstStep: (trace) => derive(trace).N,
  controls,
  leads: 3,
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  questionKind: ({ ui }) =>
    ui.local.asks === "duplicates" ? { kind: "one", noun: "answer" } : { kind: "many" },
  focusOnAsk: ({ trace, ui }) => {
    const derived = derive(trace);
    return ui.local.asks === "duplicates"
      ? "duplicates:0"
      : `cell:${derived.rows[0]}:${ui.local.windows.col}`;
  },
  answer: (trace, { ui }) => {
    if (ui.local.asks === "duplicates")
      return { question: "gradient.duplicates", truth: [duplicatesAnswer(trace)] };
    return { question: "gradient.rows", truth: rowsWithGradient(derive(trace)) };
  },
  beforePaint: (scene) => {
    const { ui } = scene;
    if (!ui.prediction && ui.local.asks === "duplicates") ui.local.asks = "rows"; // P starts with the rows again
    clampUi(scene);
  },
  selectedRow: (scene) => {
    const derived = derive(scene.trace);
    const spot = selection(scene);
    return spot.row ?? (spot.n !== undefined ? (derived.ids[spot.n] ?? null) : null);
  },
  onRowSelected(explorer, { trace }, row) {
    const derived = derive(trace);
    if (derived.rowIndex(row) < 0) return;
    const [n] = derived.senders(row);
    explorer.updateUi(
      {
        focus: n === undefined ? { part: "row", row } : { part: "chip", n },
        hover: null,
        open: null,
      },
      "step",
    );
  },
  keys: [
    [["Enter"], "on a weight's gradient: its sum, and the check of it"],
    [["Enter"], "on the upstream gradient of a word: where it comes from"],
    [["Enter", "Space"], "while predicting: choose the row"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    const derived = derive(scene.trace);
    const old = derive(before);
    const questionParams = [
      "text",
      "input_dim",
      "mode",
      ...(explorer.ui.local.asks === "duplicates" ? ["rule"] : []),
    ];
    if (explorer.ui.prediction && questionParams.some((name) => was[name] !== now[name]))
      explorer.ui.prediction = null;
    if (explorer.ui.step >= Math.min(old.N, derived.N)) explorer.ui.step = derived.N; // it was complete, and stays so
    explorer.ui.focus = clampSpot(explorer.ui.focus, derived);
    if (explorer.ui.open && explorer.ui.open.kind !== "fact")
      explorer.ui.open = clampSpot(explorer.ui.open, derived);
    explorer.ui.hover = null;
    explorer.ui.local.col = Math.min(explorer.ui.local.col, derived.D - 1);
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
function clampSpot(spot, { N, D, rowIndex }) {
  if (!spot) return null;
  const outside =
    (spot.n ?? 0) >= N ||
    (spot.row !== undefined && rowIndex(spot.row) < 0) ||
    (spot.col ?? 0) >= D;
  return outside ? null : spot;
}

export default createWidget(gradient);
