/**
 * LoRAExplorer, the browser half: how few numbers can say this change?
 */
import { html, nothing } from "lit-html";
import { explorer } from "../kit/explorer.js";
import { card } from "../kit/formula_card.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { say, sayChange } from "./narration.js";
import { NEAR, predict } from "./predict.js";
import { asks, momentAt, own, placeOf, spotOf } from "./state.js";
import { tables } from "./tables.js";
import { rankOf, readingOf } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function below(scene) {
  const { refused } = readingOf(scene.trace);
  if (asks(scene)) return nothing;
  return html`${refused ? html`<p class="strip error core" role="alert">${refused}</p>` : nothing}
  ${card({ ...arithmetic(scene), tone: "hit", close: () => scene.act.leave() })}`;
}

/** @type {View} */
const lora = {
  name: "lora",
  noun: "step",
  hint: "Drag the edge of A or B.",
  typed: [],
  things: "points",
  ui: own,
  steps: (trace) => readingOf(trace).F,
  opens: (trace) => readingOf(trace).F - 1,
  beat: 250,
  counted: (trace, step) => `step ${readingOf(trace).steps[step]} of ${readingOf(trace).last}`,
  controls,
  figure,
  numbers,
  arithmetic: below,
  say,
  tables,
  predict,
  asks: ({ trace }) => {
    const { K } = readingOf(trace);
    return { kind: "curve", start: Array.from({ length: K }, (_, k) => Math.round(100 * (1 - (k + 1) / K)) / 100) };
  },
  predictAt: ({ ui }) => {
    ui.own.point = 1;
    ui.own.merged = false;
    return "curve:1";
  },
  truth: (trace) => {
    const { errors, K } = readingOf(trace);
    return { question: "lora.error_by_rank", truth: Array.from({ length: K }, (_, k) => errors[k + 1]), near: NEAR };
  },
  settle: () => {},
  keys: [
    [["←", "→"], "on an edge or the cut: change the rank"],
    [["Space"], "on a word: train it, or leave it out"],
    [["Enter"], "on a cell: its sum; on a cell of ΔW: paint it"],
    [["↑", "↓"], "while predicting: bend the curve"],
    [["M"], "merge, or take it out again"],
  ],
  onKey,
  onTrace(act, scene, before) {
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    const reading = readingOf(scene.trace);
    // The same step again, as far as it travelled; a run of another length keeps its end.
    if (readingOf(before).F !== reading.F) act.ui.step = reading.F - 1;
    const same = ["target", "input_dim", "output_dim", "edits", "seed"].every((name) => JSON.stringify(was[name]) === JSON.stringify(now[name]));
    if (act.ui.prediction && (!same || (now.target === "one word" && String(was.seen) !== String(now.seen)))) act.ui.prediction = null;
    act.ui.focus = kept(act.ui.focus, scene);
    act.ui.note = sayChange(was, scene);
  },
  token: (scene) => {
    const i = spotOf(scene)?.i;
    return i === undefined ? null : readingOf(scene.trace).rows[i];
  },
  onToken(act, { trace }, row) {
    const i = Array.from(readingOf(trace).rows).indexOf(row);
    if (i >= 0) act.show({ focus: { part: "token", i }, hover: null });
  },
  cursor: (scene) => {
    const { ui, trace } = scene;
    const spot = spotOf(scene);
    return {
      step: momentAt(scene).step,
      playing: ui.playing,
      row: spot?.i === undefined ? null : readingOf(trace).rows[spot.i],
      selected: spot ? placeOf(spot) : null,
    };
  },
};

/** What was held, if it is still there. @param {any} spot @param {Scene} scene */
function kept(spot, { trace }) {
  const reading = readingOf(trace);
  const r = rankOf(reading, trace.header.params.rank);
  const gone = spot && ((spot.i ?? 0) >= reading.n || (spot.c ?? 0) >= reading.cols || (spot.k ?? 0) >= r);
  return gone ? null : spot;
}

export default explorer(lora);
