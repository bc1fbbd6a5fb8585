/**
 * TrainingExplorer, the browser half: who moves at each step, and why?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { nothing } from "lit-html";
import { explorer } from "../kit/explorer.js";
import { card } from "../kit/formula_card.js";
import { look } from "./actions.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { say, sayChange } from "./narration.js";
import { asks, predict, truth } from "./predict.js";
import { nameOf, own, settle } from "./state.js";
import { tables } from "./tables.js";
import { readingOf } from "./trace.js";
import "./style.css";

const OPENS = 39; // late enough for a past, early enough for a future

/** @type {import("../kit/view_types.js").View} */
const training = {
  name: "training",
  noun: "step",
  hint: "Scrub, pin a word, or branch from here.",
  typed: ["text"],
  things: "points",
  ui: own,
  steps: (trace) => readingOf(trace).S,
  opens: (trace) => Math.min(OPENS, Math.max(0, readingOf(trace).S - 1)),
  controls,
  figure,
  numbers,
  arithmetic: (scene) =>
    scene.ui.prediction?.phase === "open" ? nothing : card({ ...arithmetic(scene), close: () => scene.act.leave() }),
  say,
  tables,
  asks,
  predict,
  predictAt: ({ ui }) => (ui.prediction?.drawn.length ? "curve:0" : "predict:done"),
  truth,
  settle,
  token: ({ ui }) => ui.own.row,
  onToken(_, scene, row) {
    if (row >= 0 && row < readingOf(scene.trace).V) look(scene, scene.ui.own.run, row);
  },
  keys: [
    [["↑", "↓"], "on the strip: another row"],
    [["←", "→"], "on the strip: another step"],
    [["Enter"], "on the strip: the batch and the arithmetic of this cell"],
    [["1", "2", "3"], "another run"],
    [["X"], "pin the row, or take the pin away"],
    [["B"], "branch after this step, or drop the branch"],
    [["↑", "↓"], "while predicting: bend the curve from a point on"],
  ],
  onKey,
  onTrace(_, scene, before) {
    const { ui } = scene;
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    if (JSON.stringify(was) !== JSON.stringify(now)) ui.prediction = null;
    const words = readingOf(before);
    const kept = readingOf(scene.trace);
    const name = ui.own.touched && ui.own.row in words.words ? nameOf(words, ui.own.row) : "";
    if (was.text !== now.text) ui.own.row = kept.words.indexOf(name); // the same word, on whichever row; or the story
    ui.hover = null;
    ui.note = sayChange(was, scene);
  },
  cursor: ({ ui }) => ({
    step: ui.step,
    playing: ui.playing,
    row: ui.hover?.row ?? ui.own.row,
    run: ui.own.run,
    pins: ui.own.pins,
  }),
};

export default explorer(training);
