/**
 * GeometryExplorer, the browser half: who is near a word, and does a flat map say so?
 */
import { nothing } from "lit-html";
import { explorer } from "../kit/explorer.js";
import { card } from "../kit/formula_card.js";
import { tellRow } from "../kit/link.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { say, sayChange } from "./narration.js";
import { predict } from "./predict.js";
import { currentOf, own } from "./state.js";
import { tables } from "./tables.js";
import { readingOf } from "./trace.js";
import { walk } from "./transition.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function below(scene) {
  if (scene.ui.prediction?.phase === "open") return nothing;
  const { lines, pinned } = arithmetic(scene);
  return lines.length ? card({ lines, pinned, close: () => scene.act.leave() }) : nothing;
}

/** @type {View} */
const geometry = {
  name: "geometry",
  noun: "neighbour",
  hint: "Click a word, or drag it into the sum.",
  typed: ["word", "a", "b", "c"],
  things: "word",
  ui: own,
  steps: (trace) => readingOf(trace).near.length,
  controls,
  figure,
  numbers,
  arithmetic: below,
  say,
  tables,
  predict,
  asks: () => ({ kind: "one" }),
  predictAt: () => "choice:0",
  truth: (trace) => ({ question: "geometry.nearest", truth: readingOf(trace).near.slice(0, 1) }),
  settle() {},
  keys: [
    [["←", "↑", "→", "↓"], "on the map: the nearest word that way"],
    [["Enter"], "on a word: put it in the middle"],
    [["A", "B", "C"], "on a word: put it into the sum a − b + c"],
  ],
  onKey,
  onTrace(act, scene, before) {
    if (!before) return;
    const [was, now] = [before.header.params, scene.trace.header.params];
    const [then, here] = [readingOf(before), readingOf(scene.trace)];
    if (was.plane !== now.plane || was.seed !== now.seed) walk(scene, then.points);
    const moved = then.picked !== here.picked || then.V !== here.V;
    if (moved || was.plane !== now.plane) act.ui.prediction = null;
    if (moved) Object.assign(act.ui, { step: 0, focus: null, hover: null, open: null });
    act.ui.note = sayChange(was, scene);
    if (then.picked !== here.picked) tellRow(act, here.picked);
  },
  token: ({ trace }) => trace.header.picked,
  onToken(act, { trace }, row) {
    const { V, picked, text } = readingOf(trace);
    if (row !== picked && row < V) act.edit({ word: text(row) });
  },
  cursor: (scene) => ({ step: scene.ui.step, playing: scene.ui.playing, row: currentOf(scene) }),
};

export default explorer(geometry);
