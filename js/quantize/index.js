/**
 * QuantizationExplorer, the browser half: what does a row lose when it becomes small integers?
 */
import { html, nothing } from "lit-html";
import { card } from "../kit/formula_card.js";
import { button, choice, slider, stopsBetween } from "../kit/controls.js";
import { explorer } from "../kit/explorer.js";
import { whole } from "../kit/format.js";
import { factGroups } from "../kit/facts_panel.js";
import { ruled } from "./number_format.js";
import { figure } from "./figure.js";
import { arithmetic } from "./arithmetic.js";
import { WAYS, bumps, changedBy, readingOf } from "./trace.js";
import { STAGES, isGrown, lookOf, own, settleWindows } from "./state.js";
import { tables } from "./tables.js";
import { grow, onKey } from "./input.js";
import { trade } from "./tradeoff.js";
import { predict, say, sayChange } from "./narration.js";
import "./style.css";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/view_types.js").View} View */

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene */
function controls(scene) {
  const { params, hidden, uid, act, ui } = scene;
  const look = lookOf(scene);
  /** @param {string} name @param {() => unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control());
  /** @param {string} name @param {string} label @param {string} symbol @param {number} value */
  const size = (name, label, symbol, value) =>
    slider({
      label,
      symbol,
      place: name,
      value,
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32, 40),
      onChange: (to) => act.edit({ [name]: to }),
    });
  const flips = (params.flips ?? []).length;
  const away = ui.prediction !== null;
  return html`
    ${unless("way", () =>
      choice({
        label: "The way",
        group: `${uid}-way`,
        place: "way",
        value: String(params.way),
        choices: WAYS,
        onChange: (way) => act.edit({ way }),
      }),
    )}
    ${unless("block", () => size("block", "Group size", "block", Math.min(params.block, look.reading.D)))}
    ${unless("input_dim", () => size("input_dim", "Rows", "V", params.input_dim))}
    ${unless("output_dim", () => size("output_dim", "Weights a row", "D", params.output_dim))}
    ${unless("tenfold", () =>
      button({
        label: `w[${look.row}, ${look.col}] × 10`,
        place: "tenfold",
        key: "X",
        primary: true,
        disabled: away,
        onClick: () => grow(scene),
      }),
    )}
    ${
      flips && !hidden.has("flips")
        ? button({
            label: `Turn ${flips === 1 ? "the bit" : `${flips} bits`} back`,
            place: "unflip",
            onClick: () => act.edit({ flips: [] }),
          })
        : nothing
    }
  `;
}

/** @param {Scene} scene */
function numbers(scene) {
  const look = lookOf(scene);
  const { reading, row } = look;
  const asked = scene.ui.prediction !== null;
  const current = look.now.way.name;
  /** @param {string} name */
  const label = (name) => (name === current ? html`<b class="current">${name}</b>` : name);
  const least = Math.min(...WAYS.map((name) => reading.ways[name].bytes));
  const grown = isGrown(scene);
  const errors = WAYS.map((name) => reading.ways[name][grown ? "grownError" : "error"][row]);
  const most = Math.max(...errors);
  const written = ruled(Math.min(...errors.filter(Boolean), most), 2);
  const groups = [
    {
      title: "Bytes of the table",
      facts: [
        { name: "floats", value: whole(reading.bytes), id: "bytes:floats" },
        ...WAYS.map((name) => ({
          name: label(name),
          value: whole(reading.ways[name].bytes),
          id: `bytes:${name}`,
          tone: reading.ways[name].bytes === least ? "good" : "",
        })),
      ],
    },
    {
      title: `Max error, ${grown ? "after × 10" : `row ${row}`}`,
      facts: WAYS.map((name, i) => ({
        name: label(name),
        value: written(errors[i]),
        id: `error:${name}`,
        tone: most > 0 && errors[i] === most ? "bad" : "",
      })),
    },
    {
      title: "Neighbours kept",
      facts: WAYS.map((name) => ({
        name: label(name),
        value: reading.near
          ? `${bumps(reading, name, row).filter((other) => other.kept).length} of ${reading.near}`
          : "—",
        id: reading.near ? `kept:${name}` : undefined,
      })),
    },
  ];
  const open = (/** @type {string} */ id) =>
    asked ? undefined : scene.act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${trade(reading, row, current)}`;
}

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
