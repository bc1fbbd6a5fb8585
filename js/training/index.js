/**
 * TrainingExplorer, the browser half: who moves at each step, and why?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { createWidget } from "../kit/explorer.js";
import { formulaCard } from "../kit/formula_card.js";
import { selectRow } from "./actions.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { facts } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { narrate, narrateChange } from "./narration.js";
import { questionKind, predict, answer } from "./predict.js";
import { rowName, initialUi, clampUi } from "./state.js";
import { tables } from "./tables.js";
import { derive } from "./trace.js";
import "./style.css";

const OPENS = 39; // late enough to show a past, early enough for a future

/**
 * The number of a row in its table: of a large one some rows are trained.
 * @param {import("../kit/wire.js").Trace} trace
 * @param {number} row
 * @returns {number}
 */
const idOf = ({ header }, row) => header.rows?.[row] ?? row;

/** @type {import("../kit/view_types.js").View} */
const training = {
  name: "training",
  noun: "step",
  hint: "Skip-gram with negative sampling. Scrub, pin a word, or branch from here.",
  runMs: 5000,
  keepOnError: ["text"],
  predictNoun: "points",
  initialUi: initialUi,
  steps: (trace) => derive(trace).S,
  firstStep: (trace) => Math.min(OPENS, Math.max(0, derive(trace).S - 1)),
  controls,
  figure,
  facts,
  leads: 4,
  notice: ({ trace, params }) =>
    Number(trace.header.fitting) < params.steps
      ? `${trace.header.fitting} steps are sent for tables of this size.`
      : "",
  arithmetic: (scene) =>
    formulaCard({ ...arithmetic(scene), close: () => scene.explorer.escape() }),
  narrate,
  tables,
  questionKind,
  predict,
  focusOnAsk: ({ ui }) => (ui.prediction?.curve.length ? "curve:0" : "predict:done"),
  answer,
  beforePaint: clampUi,
  selectedRow: ({ trace, ui }) => idOf(trace, ui.local.row),
  onRowSelected(_, scene, id) {
    const { rows } = scene.trace.header;
    const row = rows ? rows.indexOf(id) : id;
    if (row >= 0 && row < derive(scene.trace).V) selectRow(scene, scene.ui.local.run, row);
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
    const previous = derive(before);
    const derived = derive(scene.trace);
    const name =
      ui.local.touched && ui.local.row in previous.words ? rowName(previous, ui.local.row) : "";
    if (was.text !== now.text) ui.local.row = derived.words.indexOf(name); // the same word on its new row, or the default row
    ui.hover = null;
    ui.note = narrateChange(was, scene);
  },
  cursor: ({ trace, ui }) => ({
    step: ui.step,
    playing: ui.playing,
    row: idOf(trace, ui.hover?.row ?? ui.local.row),
    run: ui.local.run,
    pins: ui.local.pins.map((/** @type {number} */ row) => idOf(trace, row)),
  }),
};

export default createWidget(training);
