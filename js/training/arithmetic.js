/**
 * Arithmetic card of the training view: the update of the selected row, number by number.
 */
import { html } from "lit-html";
import { joinList } from "../kit/format.js";
import { movingForce, quoted } from "./narration.js";
import { shortNumber } from "./number_format.js";
import { sceneFrame, rowName } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** Symbols of the optimizer slots in formulas and lanes. @type {Record<string, string>} */
export const SLOT_SYMBOLS = { velocity: "v", accumulator: "a", average: "v" };

/** @type {Record<string, string>} */
const UPDATE_RULES = {
  sgd: "w −= rate · g",
  momentum: "v = 0.9 · v − rate · g; w += v",
  adagrad: "a += g²; w −= rate · g / √(a + ε)",
  rmsprop: "v = 0.9 · v + 0.1 · g²; w −= rate · g / √(v + ε)",
  adam: "m += 0.1 · (g − m); v += 0.001 · (g² − v); w −= rate′ · m / (√v + ε)",
  "lazy adam": "as Adam, and only for the rows of the batch",
  "sgd + l2": "w −= rate · (g + 0.02 · w): the penalty updates every row",
};

/** Format a number inside a formula: negative numbers in brackets. @param {number} value */
const inside = (value) => (value < 0 ? `(${shortNumber(value)})` : shortNumber(value));

/**
 * Return the lines of the arithmetic card.
 * @param {Scene} scene
 * @returns {{ lines: Line[], pinned: boolean, tone: "hit" | "warn" }}
 */
export function arithmetic(scene) {
  const d = sceneFrame(scene);
  const pinned = Boolean(scene.ui.open);
  const tone = d.run.movedWithoutGrad(d.s, d.row) ? "warn" : "hit";
  if (!pinned) return { lines: [updateLine(d, mostChanged(d))], pinned, tone };
  const shown = Math.min(d.derived.D, 2);
  const lines = [
    batchLine(d),
    ...pairLines(d),
    ...Array.from({ length: shown }, (_, c) => slotLines(d, c)).flat(),
  ];
  for (let c = 0; c < shown; c++) lines.push(updateLine(d, c));
  lines.push(moveLine(d));
  return { lines, pinned, tone };
}

/** Return the column that this step changes most. @param {SceneFrame} d */
function mostChanged({ derived, run, row, s }) {
  const change = (/** @type {number} */ c) =>
    Math.abs(run.weights(s + 1, row)[c] - run.weights(s, row)[c]);
  let best = 0;
  for (let c = 1; c < derived.D; c++) if (change(c) > change(best)) best = c;
  return best;
}

/** @param {SceneFrame} d @returns {Line} */
function batchLine(d) {
  const { derived, row, s } = d;
  const batch = derived.batch(s);
  return {
    name: "batch",
    body: batch.length
      ? batch.map(
          (id, i) =>
            html`${i ? ", " : ""}<bdi class=${id === row ? "on" : ""}>${rowName(derived, id)}</bdi>`,
        )
      : "no words",
    note: batch.includes(row)
      ? html`${quoted(d)} is in it`
      : html`${quoted(d)} is not in it: g = 0`,
    main: false,
  };
}

/**
 * Return the line of the pairs that give the row its gradient: words of its window, and random negatives.
 * @param {SceneFrame} d
 * @returns {Line[]}
 */
function pairLines({ derived, row, s }) {
  const pairs = derived.pairs(s, row) ?? [];
  if (!pairs.length) return [];
  const named = (/** @type {boolean} */ near) =>
    joinList(
      pairs.filter((pair) => pair.near === near).map(({ context }) => rowName(derived, context)),
      8,
    );
  return [
    {
      name: "pairs",
      body: html`toward C of <bdi class="on">${named(true)}</bdi>; away from C of <bdi class="zero">${named(false)}</bdi>`,
      note: `window ${derived.objective.window}; up to ${derived.objective.negative} random negatives for each`,
      main: false,
    },
  ];
}

/**
 * Return the lines of the optimizer slots of one weight.
 * @param {SceneFrame} d
 * @param {number} c
 * @returns {Line[]}
 */
function slotLines({ derived, run, row, s }, c) {
  const { optimizer, slots, rate } = run.rule(s);
  const touched = optimizer !== "lazy adam" || run.hasGrad(s, row);
  const g = run.grad(s, row)[c];
  const name = (/** @type {string} */ letter) => (derived.D > 1 ? `${letter}[${c}]` : letter);
  const fresh = `${run.rule(s - 1).slots}` !== `${slots}`; // a branch to other slots begins here
  return slots.map((word, slot) => {
    const letter = SLOT_SYMBOLS[word] ?? word;
    const start = word === "accumulator" ? 0.1 : 0;
    const old = fresh ? start : (run.slot(slot, s, row)?.[c] ?? NaN);
    const now = run.slot(slot, s + 1, row)?.[c] ?? NaN;
    const formula = {
      velocity: `0.9 · ${inside(old)} − ${rate} · ${inside(g)}`,
      accumulator: `${shortNumber(old)} + ${inside(g)}²`,
      average: `0.9 · ${shortNumber(old)} + 0.1 · ${inside(g)}²`,
      m: `${shortNumber(old)} + 0.1 · (${shortNumber(g)} − ${inside(old)})`,
      v: `${shortNumber(old)} + 0.001 · (${inside(g)}² − ${shortNumber(old)})`,
    }[word];
    return {
      name: word === letter ? name(word) : word,
      body: touched
        ? html`${name(letter)} = ${formula} = <span class="on">${shortNumber(now)}</span>`
        : html`${name(letter)} = <span class="zero">${shortNumber(now)}</span>`,
      note: touched ? "" : "untouched",
      main: false,
    };
  });
}

/**
 * Return the line of the update of one weight.
 * @param {SceneFrame} d
 * @param {number} c
 * @returns {Line}
 */
export function updateLine(d, c) {
  const { derived, run, row, s } = d;
  const { optimizer, rate } = run.rule(s);
  const g = run.grad(s, row)[c];
  const before = run.weights(s, row)[c];
  const after = run.weights(s + 1, row)[c];
  const one = run.slot(0, s + 1, row)?.[c] ?? NaN;
  const two = run.slot(1, s + 1, row)?.[c] ?? NaN;
  const name = derived.D > 1 ? `Δw[${c}]` : "Δw";
  const result = html`<span class="on">${shortNumber(after - before)}</span>`;
  const pulled = run.hasGrad(s, row);
  if (optimizer === "lazy adam" && !pulled) {
    return {
      name: "update",
      body: html`${name} = ${result}`,
      note: "not in the batch: lazy Adam leaves it alone",
    };
  }
  const formula = {
    sgd: `−rate · g = −${rate} · ${inside(g)}`,
    momentum: `v = ${shortNumber(one)}`,
    adagrad: `−rate · g / √(a + ε) = −${rate} · ${inside(g)} / ${shortNumber(Math.sqrt(one + 1e-7))}`,
    rmsprop: `−rate · g / √(v + ε) = −${rate} · ${inside(g)} / ${shortNumber(Math.sqrt(one + 1e-7))}`,
    "sgd + l2": `−rate · (g + 0.02 · w) = −${rate} · (${shortNumber(g)} + 0.02 · ${inside(before)})`,
  }[optimizer];
  const adam = html`−rate′ · m / (√v + ε) = −${shortNumber(run.rate(s))} · <span class="on">${inside(one)}</span> / (${shortNumber(Math.sqrt(two))} + 1e−7)`;
  return {
    name: "update",
    body: html`${name} = ${formula ?? adam} = ${result}`,
    note: pulled
      ? UPDATE_RULES[optimizer]
      : run.movedWithoutGrad(s, row)
        ? html`<b>the gradient is 0, the ${movingForce(optimizer)} is not</b>`
        : "the gradient is 0, and so is the step",
  };
}

/** Return the line of the displacement of the row. @param {SceneFrame} d @returns {Line} */
function moveLine({ derived, run, row, s }) {
  const before = run.weights(s, row);
  const after = run.weights(s + 1, row);
  const parts = Array.from(after, (value, c) => `${inside(value - before[c])}²`);
  const shown = parts.length > 4 ? [...parts.slice(0, 4), "…"] : parts;
  return {
    name: "moved",
    body: html`√(${shown.join(" + ")}) = <span class="on">${shortNumber(run.move(s, row))}</span>`,
    note: derived.D > 2 ? `all ${derived.D} numbers of the row` : "",
    main: false,
  };
}
