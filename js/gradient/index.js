/**
 * GradientExplorer, the browser half: what comes back to the table?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { nothing } from "lit-html";
import { explorer } from "../kit/explorer.js";
import { card } from "../kit/formula_card.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { say, sayChange } from "./narration.js";
import { fateOf, predict } from "./predict.js";
import { isAsked, own, settleWindows, spotOf } from "./state.js";
import { tables } from "./tables.js";
import { reachedRows, readingOf } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function below(scene) {
  if (isAsked(scene)) return nothing;
  const { trace, params, act } = scene;
  const wrong = params.rule === "assign" && !trace.header.passes.assign;
  return card({ ...arithmetic(scene), tone: wrong ? "warn" : "hit", close: () => act.leave() });
}

/** @type {View} */
const gradient = {
  name: "gradient",
  noun: "step",
  hint: "Point at a word, a row, or a number.",
  typed: ["text"],
  things: "rows",
  ui: own,
  steps: (trace) => readingOf(trace).N + 1,
  opens: (trace) => readingOf(trace).N,
  controls,
  figure,
  numbers,
  arithmetic: below,
  say,
  tables,
  predict,
  asks: ({ ui }) => (ui.own.asks === "fate" ? { kind: "one", things: "answer" } : { kind: "many" }),
  predictAt: ({ trace, ui }) => {
    const reading = readingOf(trace);
    return ui.own.asks === "fate" ? "fate:0" : `cell:${reading.rows[0]}:${ui.own.windows.col}`;
  },
  truth: (trace, { ui }) => {
    if (ui.own.asks === "fate") return { question: "gradient.duplicates", truth: [fateOf(trace)] };
    return { question: "gradient.rows", truth: reachedRows(readingOf(trace)) };
  },
  settle: (scene) => {
    const { ui } = scene;
    if (!ui.prediction && ui.own.asks === "fate") ui.own.asks = "rows"; // P asks for rows again
    settleWindows(scene);
  },
  token: (scene) => {
    const reading = readingOf(scene.trace);
    const spot = spotOf(scene);
    return spot.row ?? (spot.n !== undefined ? (reading.ids[spot.n] ?? null) : null);
  },
  onToken(act, { trace }, row) {
    const reading = readingOf(trace);
    if (reading.place(row) < 0) return;
    const [n] = reading.senders(row);
    act.show({ focus: n === undefined ? { part: "row", row } : { part: "chip", n }, hover: null, open: null }, "step");
  },
  keys: [
    [["Enter"], "on a weight's gradient: its sum, and the check of it"],
    [["Enter"], "on what comes back to a word: where it comes from"],
    [["Enter", "Space"], "while predicting: choose the row"],
  ],
  onKey,
  onTrace(act, scene, before) {
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    const reading = readingOf(scene.trace);
    const old = readingOf(before);
    const asks = ["text", "input_dim", "mode", ...(act.ui.own.asks === "fate" ? ["rule"] : [])];
    if (act.ui.prediction && asks.some((name) => was[name] !== now[name])) act.ui.prediction = null;
    if (act.ui.step >= Math.min(old.N, reading.N)) act.ui.step = reading.N; // it was whole, and stays so
    act.ui.focus = kept(act.ui.focus, reading);
    if (act.ui.open && act.ui.open.kind !== "fact") act.ui.open = kept(act.ui.open, reading);
    act.ui.hover = null;
    act.ui.own.col = Math.min(act.ui.own.col, reading.D - 1);
    act.ui.note = sayChange(was, scene);
  },
  cursor: (scene) => {
    const { ui } = scene;
    return { step: ui.step, playing: ui.playing, hover: ui.hover, selected: ui.focus ?? spotOf(scene) };
  },
};

/** What was held, if it is still there. @param {any} spot @param {import("./trace.js").Reading} reading */
function kept(spot, { N, D, place }) {
  if (!spot) return null;
  const gone = (spot.n ?? 0) >= N || (spot.row !== undefined && place(spot.row) < 0) || (spot.col ?? 0) >= D;
  return gone ? null : spot;
}

export default explorer(gradient);
