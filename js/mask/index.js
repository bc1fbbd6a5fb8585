/**
 * MaskExplorer, the browser half: where does the mask go?
 */
import { html, nothing } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { explorer } from "../kit/explorer.js";
import { card } from "../kit/formula_card.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { say, sayChange } from "./narration.js";
import { predict } from "./predict.js";
import { own, settle } from "./state.js";
import { tables } from "./tables.js";
import { readingOf } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function below(scene) {
  const { ui, trace, act } = scene;
  const reading = readingOf(trace);
  if (ui.prediction?.phase === "open") return nothing;
  const left = reading.total - reading.B;
  return html`${left > 0 ? html`<p class="strip" role="status">The first ${reading.B} of ${reading.total} sentences are here.</p>` : nothing}
  ${card({ ...arithmetic(scene), tone: reading.stages.some(({ spoilt }) => spoilt) ? "warn" : "hit", close: () => act.leave() })}`;
}

/** @type {View} */
const mask = {
  name: "mask",
  noun: "layer",
  hint: "Drag a layer, or the end of a sentence.",
  typed: ["text"],
  things: "layer",
  ui: own,
  steps: (trace) => readingOf(trace).stages.length,
  // What a hovering pointer cannot change is not even compared.
  controls: (scene) => {
    const { trace, params, ui, hidden, size } = scene;
    const key = [trace, JSON.stringify(params), ui.step, ui.prediction, [...hidden].join(), size.figure, ui.own.drag];
    return guard(key, () => controls(scene));
  },
  figure,
  numbers: (scene) => guard([scene.trace, scene.ui.own.sentence, scene.ui.prediction], () => numbers(scene)),
  arithmetic: below,
  say,
  tables,
  predict,
  asks: () => ({ kind: "one" }),
  predictAt: ({ ui }) => {
    ui.own.asking = 0;
    return "layer:0";
  },
  truth: (trace) => {
    const { lostAt, stages } = readingOf(trace);
    return { question: "mask.loser", truth: [lostAt ?? stages.length] };
  },
  settle,
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
  onTrace(act, scene, before) {
    const { ui, trace } = scene;
    if (!before) return;
    const was = before.header.params;
    const now = trace.header.params;
    const last = readingOf(trace).stages.length - 1;
    const same = JSON.stringify(was.layers) === JSON.stringify(now.layers);
    if (ui.own.goal !== null && !trace.header.error) ui.step = Math.min(ui.own.goal, last);
    ui.own.goal = null;
    if (ui.prediction && (!same || was.mask_zero !== now.mask_zero)) ui.prediction = null;
    if (!same) {
      ui.focus = null;
      ui.open = null;
    }
    ui.hover = null;
    ui.note = trace.header.error ? "" : sayChange(was, scene);
    act.ui.open = ui.open;
  },
  token: ({ trace, ui }) => {
    const reading = readingOf(trace);
    const { focus } = ui;
    if (focus?.part !== "place" && focus?.part !== "ids") return null;
    const timed = focus.part === "ids" || reading.stages[focus.k]?.cells === reading.T;
    return timed && focus.b < reading.B && focus.cell < reading.T ? reading.id(focus.b, focus.cell) : null;
  },
  onToken(act, { trace, ui }, row) {
    const { B, T, id } = readingOf(trace);
    const at = Array.from({ length: B * T }, (_, i) => i).find((i) => id(Math.floor(i / T), i % T) === row);
    if (at === undefined) return;
    ui.own.sentence = Math.floor(at / T);
    act.show({ focus: { part: "ids", b: ui.own.sentence, cell: at % T }, hover: null });
  },
  cursor: ({ ui }) => ({ step: ui.step, playing: ui.playing, hover: ui.hover, selected: ui.focus, sentence: ui.own.sentence }),
};

export default explorer(mask);
