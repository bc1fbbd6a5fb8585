/**
 * LookupExplorer, the browser half: which rows does a sentence read?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { html, nothing } from "lit-html";
import { explorer } from "../kit/explorer.js";
import { card } from "../kit/formula_card.js";
import { startRace } from "./actions.js";
import { arithmetic } from "./arithmetic.js";
import { controls } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { onKey } from "./input.js";
import { say, sayChange } from "./narration.js";
import { predict } from "./predict.js";
import { outcome, raceStrip } from "./race.js";
import { own, settleWindows, spotOf } from "./state.js";
import { tables } from "./tables.js";
import { readingOf } from "./trace.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function below(scene) {
  const { trace, ui, act } = scene;
  const { refused } = readingOf(trace);
  const race = ui.own.race;
  if (ui.prediction?.phase === "open") return nothing;
  return html`
    ${refused ? html`<p class="strip error core" role="alert"><b>IdError</b> ${refused}</p>` : nothing}
    ${
      race
        ? raceStrip({
            race,
            header: trace.header,
            finish: () => {
              race.done = true;
              act.show({ note: outcome(trace.header) });
            },
            again: () => startRace(scene),
            close: () => {
              ui.own.race = null;
              act.show({});
              act.focusLater("race");
            },
          })
        : nothing
    }
    ${card({ ...arithmetic(scene), tone: refused ? "warn" : "hit", close: () => act.leave() })}
  `;
}

/** @type {View} */
const lookup = {
  name: "lookup",
  noun: "word",
  hint: "Point at a word, a row, or an output cell.",
  typed: ["text"],
  things: "rows",
  ui: own,
  steps: (trace) => readingOf(trace).N,
  controls,
  figure,
  numbers,
  arithmetic: below,
  say,
  tables,
  predict,
  predictAt: ({ ui }) => `cell:${ui.own.windows.row}:${ui.own.windows.col}`,
  truth: (trace) => ({
    question: "lookup.rows",
    truth: [...readingOf(trace).readers.keys()].sort((a, b) => a - b),
  }),
  settle: settleWindows,
  token: ({ trace, ui }) => (spotOf({ ui }).row ?? readingOf(trace).rows[ui.step] ?? null),
  onToken(act, { trace }, row) {
    const [first] = readingOf(trace).readers.get(row) ?? [];
    if (first !== undefined) act.go(first, { heard: true, patch: { focus: null } });
  },
  keys: [
    [["Enter"], "on an output cell: the sum behind it"],
    [["Enter"], "on a weight: change it; ↑ ↓ by 0.1, with Shift by 0.01"],
    [["Enter", "Space"], "while predicting: choose the row"],
  ],
  onKey,
  onTrace(act, scene, before) {
    const { own: mine, prediction } = scene.ui;
    if (!before) return;
    const was = before.header.params;
    const now = scene.trace.header.params;
    if (prediction && (was.text !== now.text || was.input_dim !== now.input_dim)) act.ui.prediction = null;
    if (mine.race?.done) mine.race = null; // its numbers were another lookup's
    act.ui.focus = kept(act.ui.focus, readingOf(scene.trace));
    act.ui.hover = null;
    act.ui.note = sayChange(was, scene);
  },
  cursor: (scene) => {
    const { ui } = scene;
    return { step: ui.step, playing: ui.playing, hover: ui.hover, selected: ui.focus ?? spotOf(scene) };
  },
};

/** What was held, if it is still there. @param {any} spot @param {import("./trace.js").Reading} reading */
function kept(spot, { N, V, D }) {
  const gone = spot && ((spot.n ?? 0) >= N || (spot.row ?? 0) >= V || (spot.col ?? 0) >= D);
  return gone ? null : spot;
}

export default explorer(lookup);
