/**
 * QuantizationExplorer, the browser half: what does a row lose when it becomes small integers?
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
import { predict } from "./predict.js";
import { STAGES, lookOf, own, settleWindows } from "./state.js";
import { tables } from "./tables.js";
import { changedBy, readingOf } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function below(scene) {
  const { refused, stored } = lookOf(scene).reading;
  if (scene.ui.prediction?.phase === "open") return nothing;
  return html`
    ${refused ? html`<p class="strip error core" role="alert"><b>NotFiniteError</b> ${refused}</p>` : nothing}
    ${stored ? html`<p class="strip stored">This layer was quantised already (${stored}): its floats are gone, so errors are counted from what it gives now.</p>` : nothing}
    ${card({ ...arithmetic(scene), tone: refused ? "warn" : "hit", close: () => scene.act.leave() })}
  `;
}

/** @type {View} */
const quantize = {
  name: "quantize",
  noun: "stage",
  hint: "Drag a weight along its ruler.",
  typed: [],
  things: "changes",
  ui: own,
  steps: () => STAGES.length,
  opens: () => STAGES.length - 1,
  controls,
  figure,
  numbers,
  arithmetic: below,
  say,
  tables,
  predict,
  predictAt: ({ ui }) => `cell:code:${ui.own.windows.col}`,
  truth: (_, scene) => {
    const { reading, now, row } = lookOf(scene);
    return { question: "quantize.tenfold", truth: changedBy(reading, now.way.name, row) };
  },
  settle: settleWindows,
  keys: [
    [["←", "→"], "on a mark: move the weight, with Shift by less; ↑ ↓ to the next one"],
    [["X"], "make the weight in hand ten times as large"],
    [["Enter"], "on a bit: turn it over"],
    [["Enter", "Space"], "while predicting: choose a code or a row"],
  ],
  onKey,
  onTrace(act, scene, before) {
    const { ui } = scene;
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    const other = ["way", "row", "block", "input_dim", "output_dim", "seed", "edits"];
    if (other.some((name) => JSON.stringify(was[name]) !== JSON.stringify(now[name]))) act.ui.prediction = null;
    if (was.row !== now.row) ui.own.row = null;
    const { V, D } = readingOf(scene.trace);
    const { focus } = ui;
    if (focus && ((focus.row ?? 0) >= V || (focus.col ?? 0) >= D || focus.part === "bit")) {
      const gone = focus.part !== "bit" || focus.byte >= lookOf(scene).now.bytes.length;
      if (gone) act.ui.focus = null;
    }
    act.ui.note = sayChange(before, scene);
  },
  token: (scene) => lookOf(scene).row,
  onToken: (act, scene, row) => {
    if (row >= readingOf(scene.trace).V) return;
    scene.ui.own.row = row;
    act.show({ focus: null, hover: null, open: null, prediction: null });
  },
  cursor: (scene) => {
    const { ui } = scene;
    const look = lookOf(scene);
    const held = { part: "mark", col: look.col };
    return { step: ui.step, playing: ui.playing, hover: ui.hover, row: look.row, selected: ui.focus ?? held };
  },
};

export default explorer(quantize);
