/**
 * LookupExplorer, the browser half: which rows does a sentence read?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { html, nothing } from "lit-html";
import { card } from "../kit/formula_card.js";
import { explorer } from "../kit/explorer.js";
import { count, fixed, listing, whole } from "../kit/format.js";
import { controls, startRace } from "./controls.js";
import { numbers } from "./facts.js";
import { figure } from "./figure.js";
import { outcome, raceStrip } from "./race.js";
import { readingOf } from "./trace.js";
import { layoutOf, own, settleWindows, spotOf } from "./state.js";
import { onKey } from "./input.js";
import { arithmetic, say, sayChange } from "./narration.js";
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

/** @param {Scene} scene */
function tables(scene) {
  const reading = readingOf(scene.trace);
  const at = layoutOf(scene, reading);
  const { windows } = scene.ui.own;
  const { V, D, N, ids, rows, tokens, words } = reading;
  const columns = Array.from({ length: D }, (_, c) => String(c));
  const drawn = { rows: Math.min(at.table.rows, V), tokens: at.chips.count };
  /** @param {ArrayLike<number> | null} values */
  const cells = (values) => (values ? Array.from(values, (v) => fixed(v)) : columns.map(() => "—"));
  /** @param {string} what @param {number} first @param {number} shown @param {number} all */
  const some = (what, first, shown, all) =>
    shown < all ? `, ${what} ${first} to ${first + shown - 1} of ${whole(all)}` : "";
  const tokenRows = Array.from({ length: drawn.tokens }, (_, i) => windows.token + i);
  return [
    {
      caption: `Words${some("words", windows.token, drawn.tokens, N)}`,
      corner: "word",
      columns: ["place", "id", "row read"],
      rows: tokenRows.map((n) => ({ head: tokens[n], cells: [n, ids[n], rows[n] < 0 ? "none" : rows[n]] })),
    },
    {
      caption: `Table W${some("rows", windows.row, drawn.rows, V)}`,
      corner: "row",
      columns,
      rows: Array.from({ length: drawn.rows }, (_, i) => windows.row + i).map((row) => ({
        head: `${row} ${words[row]}`,
        cells: cells(reading.weights(row)),
      })),
    },
    {
      caption: `Output${some("rows", windows.token, drawn.tokens, N)}`,
      corner: "row",
      columns,
      rows: tokenRows.map((n) => ({ head: `${n} ${tokens[n]}`, cells: cells(reading.output(n)) })),
    },
  ];
}

/** @param {Scene} scene */
function predict({ trace, ui }) {
  const { words, readers } = readingOf(trace);
  const verdict = ui.prediction?.verdict;
  /** @param {number} row */
  const named = (row) => (words[row] ? `${row} (${words[row]})` : String(row));
  const missed = verdict?.missed.length ? `Missed: ${listing(verdict.missed.map(named), 4)}.` : "";
  const extra = verdict?.extra.length ? `Not read: ${listing(verdict.extra.map(named), 4)}.` : "";
  const twice = [...readers].find(([, by]) => by.length > 1);
  const lesson = twice
    ? `Row ${named(twice[0])} serves ${count(twice[1].length, "word")}, and counts once.`
    : "Each word reads a row of its own.";
  return {
    question: html`Which rows will this sentence read? Click them, or use the arrows and Enter.`,
    outcome: [missed, extra, missed || extra ? "" : lesson].filter(Boolean).join(" "),
  };
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
