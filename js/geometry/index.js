/**
 * GeometryExplorer, the browser half: who is near a word, and does a flat map say so?
 */
import { html, nothing } from "lit-html";
import { card } from "../kit/formula_card.js";
import { choice, slider, stopsBetween } from "../kit/controls.js";
import { explorer } from "../kit/explorer.js";
import { tellRow } from "../kit/link.js";
import { fixed, whole } from "../kit/format.js";
import { factGroups } from "../kit/facts_panel.js";
import { textLine } from "../kit/text_input.js";
import { figure } from "./figure.js";
import { walk } from "./transition.js";
import { currentOf, readingOf } from "./trace.js";
import { tables } from "./tables.js";
import { onKey } from "./input.js";
import { arithmetic, percent, quoted, say, sayChange } from "./narration.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene */
function controls({ params, hidden, uid, act, trace }) {
  const { source, left_out: left, limits } = trace.header;
  /** @type {any} */
  const rows = limits.rows;
  /** @param {string} name @param {unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control);
  return html`
    ${unless("word", textLine({ label: "Word", place: "word", value: params.word, hint: source ? `trained here on: ${source}` : "#12 is row 12", onChange: (word) => act.edit({ word }) }))}
    ${unless("plane", choice({ label: "The plane", group: `${uid}-plane`, place: "plane", value: params.plane, choices: /** @type {any} */ (limits.plane).choices, onChange: (plane) => act.edit({ plane }) }))}
    ${unless("rows", slider({ label: "Words", symbol: "V", place: "rows", value: Math.min(params.rows, rows.max), stops: stopsBetween(rows.min, rows.max, 20), onChange: (value) => act.edit({ rows: value }) }))}
    ${left ? html`<small>${whole(left)} more rows are not shown</small>` : nothing}
  `;
}

/** @param {Scene} scene */
function numbers(scene) {
  const { header } = scene.trace;
  const reading = readingOf(scene.trace);
  const { cosines, apart, onMap, near, closer, both, picked, name } = reading;
  const asked = scene.ui.prediction?.phase === "open";
  const row = currentOf(scene);
  const pair = !asked && row >= 0 && row !== picked;
  const at = near.indexOf(row);
  /** @param {string} label @param {unknown} value @param {string} id @param {"good" | "bad" | ""} [tone] */
  const fact = (label, value, id, tone = "") => ({ name: label, value: asked ? "?" : value, tone: asked ? "" : tone, id: asked || value === "—" ? undefined : id });
  /** @param {ArrayLike<number>} values */
  const of = (values) => (pair ? fixed(values[row]) : "—");
  const groups = [
    {
      title: "The word looked at",
      facts: [
        fact("cosine", of(cosines), "cosine"),
        fact("true distance", of(apart), "true"),
        fact("on the map", of(onMap), "map"),
        fact("shown of it", pair ? percent(onMap[row] / apart[row]) : "—", "shown"),
        fact("closer on the map", pair && at >= 0 ? whole(closer[at]) : "—", "closer", pair && closer[at] > 9 ? "bad" : ""),
      ],
    },
    {
      title: `The ${near.length} nearest`,
      facts: [
        fact("kept on the map", near.length ? `${both.length} of ${near.length}` : "—", "both", near.length && both.length < near.length / 2 ? "bad" : ""),
        fact("on average", fixed(header.typical, 1), "typical"),
      ],
    },
    {
      title: "The map",
      facts: [
        { name: "words", value: whole(reading.V) },
        { name: "numbers a word", value: whole(reading.D) },
        { name: "variance shown", value: percent(header.shares[0] + header.shares[1]), id: "variance" },
        ...(header.lost ? [{ name: "rows with NaN", value: whole(header.lost), tone: /** @type {const} */ ("bad") }] : []),
      ],
    },
  ];
  const open = (/** @type {string} */ id) => scene.act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`<p class="pair">${pair ? html`${quoted(name(picked))} · ${quoted(name(row))}` : quoted(name(picked))}</p>
    ${factGroups(groups, open)}`;
}

/** @param {Scene} scene */
function below(scene) {
  if (scene.ui.prediction?.phase === "open") return nothing;
  const { lines, pinned } = arithmetic(scene);
  return lines.length ? card({ lines, pinned, close: () => scene.act.leave() }) : nothing;
}

/** @param {Scene} scene */
function predict({ trace, ui }) {
  const { picked, name, near, nearMap, cosines, onMap } = readingOf(trace);
  const [chosen] = ui.prediction?.chosen ?? [];
  const first = near[0];
  if (first === undefined) return { question: "There is no other word to guess.", outcome: "There is no other word." };
  const yours =
    chosen !== undefined && chosen !== first
      ? html` Yours, ${quoted(name(chosen))}, has ${fixed(cosines[chosen])}${nearMap.includes(chosen) ? html`, though it lies only ${fixed(onMap[chosen])} away on the map` : nothing}.`
      : nothing;
  return {
    question: html`Which of the named words is truly nearest to ${quoted(name(picked))}? Click one, or use the arrows and Enter.`,
    outcome: html`${quoted(name(first))} is: cosine ${fixed(cosines[first])}, ${fixed(onMap[first])} away on the map.${yours}`,
  };
}

/** @type {View} */
const geometry = {
  name: "geometry",
  noun: "neighbour",
  hint: "Click a word, or drag it into the sum.",
  typed: ["word", "a", "b", "c"],
  things: "word",
  ui: () => ({ dragging: null, dragged: false, walk: null }),
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
