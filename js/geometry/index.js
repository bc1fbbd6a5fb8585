/**
 * GeometryExplorer, the browser half: which words are near, and does a 2-D map show it?
 */
import { nothing } from "lit-html";
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { broadcastRow } from "../kit/link.js";
import { arithmetic } from "./arithmetic.js";
import { following } from "./camera.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { predict } from "./predict.js";
import { followSelection } from "./region.js";
import { selectedRow, sceneFrame, initialUi } from "./state.js";
import { tables } from "./tables.js";
import { derive } from "./trace.js";
import { startTransition } from "./transition.js";
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

/** Keep the picked word inside the picture. @param {import("../kit/explorer.js").Explorer} explorer @param {Scene} scene */
function followPicked(explorer, scene) {
  const { fit, camera, at, points, derived } = sceneFrame(scene);
  const [x, y] = [points[2 * derived.picked], points[2 * derived.picked + 1]];
  explorer.ui.local.camera = following(fit, camera, at.map, x, y);
}

/** @type {View} */
const geometry = {
  name: "geometry",
  noun: "neighbor",
  hint: "Click a word, or drag it into the sum.",
  keepOnError: ["word", "a", "b", "c"],
  predictNoun: "word",
  initialUi: initialUi,
  steps: (trace) => derive(trace).near.length,
  controls,
  leads: 3,
  figure,
  facts,
  arithmetic: arithmeticCard,
  narrate,
  tables,
  predict,
  questionKind: () => ({ kind: "one" }),
  focusOnAsk: () => "choice:0",
  chosenId: (trace, row) => derive(trace).id(row),
  answer: (trace) => ({ question: "geometry.nearest", truth: derive(trace).near.slice(0, 1) }),
  beforePaint: followSelection,
  keys: [
    [["←", "↑", "→", "↓"], "on the map: the nearest word that way"],
    [["+", "−", "0"], "on the map: closer, further away, all words"],
    [["Shift", "←", "→"], "on the map: pan"],
    [["L"], "on the map: select the words in a rectangle, which arrows grow"],
    [["Enter"], "on a word: put it in the middle"],
    [["A", "B", "C"], "on a word: put it into the sum a − b + c"],
  ],
  onKey,
  onTrace(explorer, scene, before) {
    if (!before) return;
    const [was, now] = [before.header.params, scene.trace.header.params];
    const [then, here] = [derive(before), derive(scene.trace)];
    const other = ["plane", "metric", "seed"].some((name) => was[name] !== now[name]);
    if (other) startTransition(scene, then);
    const moved = then.id(then.picked) !== here.id(here.picked) || then.total !== here.total;
    if (moved || was.plane !== now.plane || was.metric !== now.metric)
      explorer.ui.prediction = null;
    if (other) explorer.ui.local.camera = null;
    else if (moved) followPicked(explorer, scene);
    if (moved) Object.assign(explorer.ui, { step: 0, focus: null, hover: null, open: null });
    explorer.ui.note = narrateChange(was, scene);
    if (then.id(then.picked) !== here.id(here.picked)) broadcastRow(explorer, here.id(here.picked));
  },
  selectedRow: ({ trace }) => derive(trace).id(trace.header.picked),
  onRowSelected(explorer, { trace }, row) {
    const { total, picked, id, seat, text } = derive(trace);
    if (row === id(picked) || row >= total) return;
    explorer.edit({ word: seat(row) < 0 ? `#${row}` : text(seat(row)) });
  },
  cursor(scene) {
    const row = selectedRow(scene);
    const { id } = derive(scene.trace);
    return { step: scene.ui.step, playing: scene.ui.playing, row: row < 0 ? row : id(row) };
  },
};

export default createWidget(geometry);
