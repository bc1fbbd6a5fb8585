/**
 * GradientExplorer, the browser half: what comes back to the table?
 *
 * A view is an object of pure functions `scene -> template`; the kit joins them into an explorer.
 */
import { html, nothing } from "lit-html";
import { card } from "./kit/arithmetic.js";
import { button, choice, slider, stopsBetween, textField } from "./kit/controls.js";
import { explorer } from "./kit/explorer.js";
import { count, fixed, listing, shape, sized, whole } from "./kit/format.js";
import { factGroups } from "./kit/numbers.js";
import { arithmetic } from "./gradient/arithmetic.js";
import { asked, curve, stepSize } from "./gradient/check.js";
import { askable, fateOf, fateOutcome, fateQuestion } from "./gradient/fate.js";
import { figure } from "./gradient/figure.js";
import { busiest, reachedRows, readingOf, standing } from "./gradient/reading.js";
import { columnOf, isAsked, layoutOf, own, settleWindows, spotOf, weightOf } from "./gradient/state.js";
import { onKey } from "./gradient/touch.js";
import { vee } from "./gradient/vee.js";
import { say, sayChange } from "./gradient/words.js";
import "./gradient.css";

/** @typedef {import("./kit/view.js").Scene} Scene */
/** @typedef {import("./kit/view.js").View} View */

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene */
function controls(scene) {
  const { params, hidden, uid, act, ui, trace } = scene;
  /** @param {string} name @param {unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control);
  /** @param {string} name @param {string} label @param {string} symbol */
  const size = (name, label, symbol) =>
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 0, limit(scene, name).max ?? 40, 40),
      onChange: (value) => act.edit({ [name]: value }),
    });
  /** @param {string} name @param {string} label */
  const pick = (name, label) =>
    choice({
      label,
      group: `${uid}-${name}`,
      place: name,
      value: String(params[name]),
      choices: limit(scene, name).choices ?? [],
      onChange: (value) => act.edit({ [name]: value }),
    });
  const fate = ui.prediction !== null && ui.own.asks === "fate";
  return html`
    ${unless("text", textField({ label: "Sentence", place: "text", value: params.text, hint: "#0 stands for the id 0, padding", onChange: (text) => act.edit({ text }) }))}
    ${unless("rule", pick("rule", "Duplicates"))} ${unless("mode", pick("mode", "Mode"))}
    ${params.mode === "padding" ? unless("padding_idx", size("padding_idx", "Padding row", "row")) : nothing}
    ${unless("input_dim", size("input_dim", "Vocabulary", "V"))} ${unless("output_dim", size("output_dim", "Vector length", "D"))}
    ${unless("fate", button({ label: "Last, mean or sum?", place: "fate", primary: true, pressed: fate, disabled: askable(trace) < 0, onClick: () => askFate(scene) }))}
  `;
}

/** Ask what becomes of duplicates. @param {Scene} scene */
function askFate({ act, ui }) {
  ui.own.asks = "fate";
  ui.prediction = null;
  act.predict("again");
}

/** @param {Scene} scene */
function numbers(scene) {
  const { trace, params, act } = scene;
  const { header } = trace;
  const reading = readingOf(trace);
  const { N, V, D } = reading;
  const hidden = isAsked(scene);
  const weight = weightOf(scene);
  const found = asked(trace, reading, weight.row, weight.col, params.digits, params.rule);
  const row = busiest(reading);
  const good = header.passes[params.rule];
  const groups = [
    {
      title: "Shapes",
      facts: [
        { name: "comes back", value: shape([N, D]) },
        { name: "gradient dW", value: shape([V, D]), id: "grad" },
      ],
    },
    {
      title: "This pass",
      facts: [
        { name: "loss", value: header.loss === null ? "NaN" : fixed(header.loss, 4), id: "loss" },
        { name: "reached", value: hidden ? "?" : `${whole(header.reached)} of ${whole(V)}`, id: hidden ? undefined : "rows" },
        { name: "busiest row", value: hidden || row < 0 ? "—" : `${row}, gets ${reading.count(row)}` },
      ],
    },
    {
      title: hidden ? "Check" : `Check of W[${weight.row}, ${weight.col}]`,
      facts: hidden
        ? [{ name: "hidden", value: "?" }]
        : [
            { name: `by “${params.rule}”`, value: found ? fixed(found.analytic, 6) : "—" },
            { name: "measured", value: found ? fixed(found.numeric, 6) : "—" },
            { name: "error", value: found ? sized(found.error) : "—", id: found ? "error" : undefined, tone: found && found.error > header.tolerance ? "bad" : "" },
            { name: "all weights", value: good ? "pass" : "fail", id: "all", tone: good ? "good" : "bad" },
          ],
    },
  ];
  const open = (/** @type {string} */ id) => act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${vee(scene)}`;
}

/** @param {Scene} scene */
function below(scene) {
  if (isAsked(scene)) return nothing;
  const { trace, params, act } = scene;
  const wrong = params.rule === "assign" && !trace.header.passes.assign;
  return card({ ...arithmetic(scene), tone: wrong ? "warn" : "hit", close: () => act.leave() });
}

/** @param {Scene} scene */
function tables(scene) {
  const { trace, params, ui } = scene;
  const reading = readingOf(trace);
  const at = layoutOf(scene, reading);
  const { D, N, ids, tokens, rows } = reading;
  const columns = Array.from({ length: D }, (_, c) => String(c));
  const cells = (/** @type {ArrayLike<number>} */ values) => Array.from(values, (value) => fixed(value));
  const { token } = ui.own.windows;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => token + i);
  const some = at.chips.count < N ? `, words ${token} to ${token + at.chips.count - 1} of ${whole(N)}` : "";
  const hidden = isAsked(scene);
  const now = (/** @type {number} */ row) => standing(reading, row, ui.step, params.rule);
  const first = rows.map((row) => ({ row, head: `${row} ${reading.word(row)}` }));
  const col = columnOf(scene);
  const weight = weightOf(scene);
  const of = weight.own ? weight : null;
  const backs = {
    caption: `What comes back${some}`,
    corner: "word",
    columns: ["id", ...columns],
    rows: drawn.map((n) => ({ head: `${n} ${tokens[n]}`, cells: [ids[n], ...cells(reading.back(n))] })),
  };
  if (hidden) return [backs, { caption: "Table W", corner: "row", columns, rows: first.map(({ row, head }) => ({ head, cells: cells(reading.weights(row)) })) }];
  const add = curve(trace, reading, "add", of);
  const assign = curve(trace, reading, "assign", of);
  return [
    backs,
    {
      caption: `Gradient of the table, by “${params.rule}”${ui.step < N ? ", so far" : ""}`,
      corner: "row",
      columns,
      rows: first.map(({ row, head }) => ({ head, cells: cells(now(row).values) })),
    },
    {
      caption: `Piles of column ${col}`,
      corner: "row",
      columns: ["arrived", "result"],
      rows: first.filter(({ row }) => now(row).any).map(({ row, head }) => ({ head, cells: [now(row).arrived.length, fixed(now(row).values[col])] })),
    },
    {
      caption: `Error by h, ${of ? `dW[${of.row}, ${of.col}]` : "all weights"}`,
      corner: "h",
      columns: ["add", "assign"],
      rows: add.map((error, digits) => ({ head: sized(stepSize(digits), 0), cells: [sized(error), sized(assign[digits])] })),
    },
  ];
}

/** @param {Scene} scene */
function predict(scene) {
  const { trace, ui } = scene;
  if (ui.own.asks === "fate") return { question: fateQuestion(scene), outcome: fateOutcome(scene) };
  const reading = readingOf(trace);
  const verdict = ui.prediction?.verdict;
  const named = (/** @type {number} */ row) => (reading.word(row) ? `${row} (${reading.word(row)})` : String(row));
  const missed = verdict?.missed.length ? `Missed: ${listing(verdict.missed.map(named), 4)}.` : "";
  const extra = verdict?.extra.length ? `Gets none: ${listing(verdict.extra.map(named), 4)}.` : "";
  const row = busiest(reading);
  const lesson =
    reading.tied && verdict?.missed.length
      ? "With one table for words and scores, every row gets one."
      : row >= 0 && reading.count(row) > 1
        ? `Row ${named(row)} gets ${count(reading.count(row), "gradient")}, and counts once.`
        : "";
  return {
    question: html`Which rows will get a gradient? Click them, or use the arrows and Enter.`,
    outcome: [missed, extra, reading.tied || !(missed || extra) ? lesson : ""].filter(Boolean).join(" "),
  };
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

/** What was held, if it is still there. @param {any} spot @param {import("./gradient/reading.js").Reading} reading */
function kept(spot, { N, D, place }) {
  if (!spot) return null;
  const gone = (spot.n ?? 0) >= N || (spot.row !== undefined && place(spot.row) < 0) || (spot.col ?? 0) >= D;
  return gone ? null : spot;
}

export default explorer(gradient);
