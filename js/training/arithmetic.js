/**
 * Arithmetic card of the training view: the update of the selected row, number by number.
 */
import { html } from "lit-html";
import { carrier, quoted } from "./narration.js";
import { short } from "./number_format.js";
import { drawingOf, nameOf } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Drawing} Drawing */

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** How formulas and lanes call what an optimiser remembers. @type {Record<string, string>} */
export const LETTERS = { velocity: "v", accumulator: "a", average: "v" };

/** @type {Record<string, string>} */
const RULES = {
  sgd: "w −= rate · g",
  momentum: "v = 0.9 · v − rate · g; w += v",
  adagrad: "a += g²; w −= rate · g / √(a + ε)",
  rmsprop: "v = 0.9 · v + 0.1 · g²; w −= rate · g / √(v + ε)",
  adam: "m += 0.1 · (g − m); v += 0.001 · (g² − v); w −= rate′ · m / (√v + ε)",
  "lazy adam": "as Adam, and only for the rows of the batch",
  "sgd + l2": "w −= rate · (g + 0.02 · w): the penalty holds every row",
};

/** A number inside a formula: in brackets when it has a sign. @param {number} value */
const inside = (value) => (value < 0 ? `(${short(value)})` : short(value));

/** The lines of the card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean, tone: "hit" | "warn" }} */
export function arithmetic(scene) {
  const d = drawingOf(scene);
  const pinned = scene.ui.open?.kind === "cell";
  const tone = d.run.glides(d.s, d.row) ? "warn" : "hit";
  if (!pinned) return { lines: [update(d, heaviest(d))], pinned, tone };
  const shown = Math.min(d.reading.D, 2);
  const lines = [batchLine(d), ...Array.from({ length: shown }, (_, c) => memoryLines(d, c)).flat()];
  for (let c = 0; c < shown; c++) lines.push(update(d, c));
  lines.push(moveLine(d));
  return { lines, pinned, tone };
}

/** Which of the row's numbers this step changes most. @param {Drawing} d */
function heaviest({ reading, run, row, s }) {
  const change = (/** @type {number} */ c) => Math.abs(run.weights(s + 1, row)[c] - run.weights(s, row)[c]);
  let best = 0;
  for (let c = 1; c < reading.D; c++) if (change(c) > change(best)) best = c;
  return best;
}

/** @param {Drawing} d @returns {Line} */
function batchLine(d) {
  const { reading, row, s } = d;
  const batch = reading.batch(s);
  return {
    name: "batch",
    body: batch.length
      ? batch.map((id, i) => html`${i ? ", " : ""}<bdi class=${id === row ? "on" : ""}>${nameOf(reading, id)}</bdi>`)
      : "no words",
    note: batch.includes(row) ? html`${quoted(d)} is in it` : html`${quoted(d)} is not in it: g = 0`,
    main: false,
  };
}

/** What the optimiser remembers of one number, and how this step changed it. @param {Drawing} d @param {number} c @returns {Line[]} */
function memoryLines({ reading, run, row, s }, c) {
  const { optimizer, memory, rate } = run.rule(s);
  const touched = optimizer !== "lazy adam" || run.hasGrad(s, row);
  const g = run.grad(s, row)[c];
  const name = (/** @type {string} */ letter) => (reading.D > 1 ? `${letter}[${c}]` : letter);
  return memory.map((word, slot) => {
    const letter = LETTERS[word] ?? word;
    const old = run.memory(slot, s, row)?.[c] ?? NaN;
    const now = run.memory(slot, s + 1, row)?.[c] ?? NaN;
    const formula = {
      velocity: `0.9 · ${inside(old)} − ${rate} · ${inside(g)}`,
      accumulator: `${short(old)} + ${inside(g)}²`,
      average: `0.9 · ${short(old)} + 0.1 · ${inside(g)}²`,
      m: `${short(old)} + 0.1 · (${short(g)} − ${inside(old)})`,
      v: `${short(old)} + 0.001 · (${inside(g)}² − ${short(old)})`,
    }[word];
    return {
      name: word === letter ? name(word) : word,
      body: touched
        ? html`${name(letter)} = ${formula} = <span class="on">${short(now)}</span>`
        : html`${name(letter)} = <span class="zero">${short(now)}</span>`,
      note: touched ? "" : "untouched",
      main: false,
    };
  });
}

/** What this step adds to one number of the row. @param {Drawing} d @param {number} c @returns {Line} */
export function update(d, c) {
  const { reading, run, row, s } = d;
  const { optimizer, rate } = run.rule(s);
  const g = run.grad(s, row)[c];
  const before = run.weights(s, row)[c];
  const after = run.weights(s + 1, row)[c];
  const one = run.memory(0, s + 1, row)?.[c] ?? NaN;
  const two = run.memory(1, s + 1, row)?.[c] ?? NaN;
  const name = reading.D > 1 ? `Δw[${c}]` : "Δw";
  const result = html`<span class="on">${short(after - before)}</span>`;
  const pulled = run.hasGrad(s, row);
  if (optimizer === "lazy adam" && !pulled) {
    return { name: "update", body: html`${name} = ${result}`, note: "not in the batch: lazy Adam leaves it alone" };
  }
  const formula = {
    sgd: `−rate · g = −${rate} · ${inside(g)}`,
    momentum: `v = ${short(one)}`,
    adagrad: `−rate · g / √(a + ε) = −${rate} · ${inside(g)} / ${short(Math.sqrt(one + 1e-7))}`,
    rmsprop: `−rate · g / √(v + ε) = −${rate} · ${inside(g)} / ${short(Math.sqrt(one + 1e-7))}`,
    "sgd + l2": `−rate · (g + 0.02 · w) = −${rate} · (${short(g)} + 0.02 · ${inside(before)})`,
  }[optimizer];
  const adam = html`−rate′ · m / (√v + ε) = −${short(run.rate(s))} · <span class="on">${inside(one)}</span> / (${short(Math.sqrt(two))} + 1e−7)`;
  return {
    name: "update",
    body: html`${name} = ${formula ?? adam} = ${result}`,
    note: pulled
      ? RULES[optimizer]
      : run.glides(s, row)
        ? html`<b>the gradient is 0, the ${carrier(optimizer)} is not</b>`
        : "the gradient is 0, and so is the step",
  };
}

/** The length of the move, from its numbers. @param {Drawing} d @returns {Line} */
function moveLine({ reading, run, row, s }) {
  const before = run.weights(s, row);
  const after = run.weights(s + 1, row);
  const parts = Array.from(after, (value, c) => `${inside(value - before[c])}²`);
  const shown = parts.length > 4 ? [...parts.slice(0, 4), "…"] : parts;
  return {
    name: "moved",
    body: html`√(${shown.join(" + ")}) = <span class="on">${short(run.move(s, row))}</span>`,
    note: reading.D > 2 ? `all ${reading.D} numbers of the row` : "",
    main: false,
  };
}
