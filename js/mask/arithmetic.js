/**
 * The arithmetic behind the numbers of the mask view, with the very numbers in it.
 */
import { html } from "lit-html";
import { count, fixed } from "../kit/format.js";
import { shownTerms } from "../kit/formula_card.js";
import { WAY_NAMES, off } from "./facts.js";
import { isPadding, norm, pooledOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Stage} Stage */
/** @typedef {import("./trace.js").Way} Way */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** A number inside a sum: brackets keep a minus apart. @param {number} value @param {number} [digits] */
const term = (value, digits = 2) => (value < 0 ? `(${fixed(value, digits)})` : fixed(value, digits));

/** The lines of the card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const reading = readingOf(scene.trace);
  const { open, own, hover, focus } = scene.ui;
  const b = own.sentence;
  if (!reading.B) return { lines: [{ body: "a mean of no words is not defined; here it is 0" }], pinned: false };
  const pinned = open !== null;
  if (open?.kind === "fact") return { lines: fact(open.id, reading, b), pinned };
  const stage = reading.stages[open?.kind === "stage" ? open.n : (reading.pooledAt ?? -1)];
  if (open?.kind === "stage" && open.n !== reading.pooledAt) return { lines: passing(reading, stage, b), pinned };
  const spot = open?.kind === "place" ? open : (hover ?? focus);
  if (spot?.part === "place" || open?.kind === "place") {
    const at = reading.stages[spot.k];
    if (at && spot.b < reading.B && spot.cell < at.cells && spot.k !== reading.pooledAt) return { lines: passing(reading, at, spot.b, spot.cell), pinned };
    if (at && spot.k === reading.pooledAt) return { lines: pooling(reading, spot.b, spot.cell * at.size), pinned };
  }
  if (stage) return { lines: pooling(reading, b, 0), pinned };
  return { lines: [losing(reading, "here")], pinned };
}

/** What one place is made of. @param {Reading} reading @param {Stage} stage @param {number} b @param {number} [cell] @returns {Line[]} */
function passing(reading, stage, b, cell = 0) {
  const values = stage.at(b, cell).map((v) => fixed(v)).join(", ");
  const token = stage.form !== "vector" && stage.cells === reading.T ? reading.tokens[b][cell] : "";
  const who = html`${stage.label}[${b}, ${cell}]`;
  if (stage.n === 0) {
    const id = reading.id(b, cell);
    const mask = stage.mask ? html`mask = (${id} ≠ 0) = <span class="on">${stage.mask(b, cell) ? "True" : "False"}</span>` : "no mask: mask_zero is False";
    return [{ name: "value", body: html`${who} = W[${id}] = [<span class="on">${values}</span>]`, note: token ? html`“<bdi>${token}</bdi>”` : "padding" }, { name: "mask", body: mask }];
  }
  const before = reading.stages[stage.n - 1];
  const into = before.form === stage.form && before.cells === stage.cells ? html`${before.label}[${b}, ${cell}]` : html`${before.label}[${b}]`;
  const mask = stage.mask
    ? html`mask[${b}, ${cell}] = <span class="on">${stage.mask(b, cell) ? "True" : "False"}</span>`
    : stage.verdict === "none" && !before.mask ? "none comes in, none goes out" : stage.verdict === "lost here" ? "one comes in, none goes out" : "used up here";
  return [{ name: "value", body: html`${who} = ${stage.kind}(${into}) = [<span class="on">${values}</span>]` }, { name: "mask", body: mask, note: stage.why || undefined }];
}

/** Number i of the pooled vector, here and without padding. @param {Reading} reading @param {number} b @param {number} i @returns {Line[]} */
function pooling(reading, b, i) {
  const truth = reading.noTruth ? [] : [pool(reading, b, i, "truth")];
  return [pool(reading, b, i, "here"), ...truth.map((line) => ({ ...line, main: false }))];
}

/** @param {Reading} reading @param {number} b @param {number} i @param {Way} way @returns {Line} */
function pool(reading, b, i, way) {
  const stage = reading.stages[/** @type {number} */ (reading.pooledAt)];
  const before = reading.stages[stage.n - 1];
  const value = pooledOf(reading, b)[way][i];
  const result = html`<span class="on">${value === undefined ? "—" : fixed(value)}</span>`;
  const name = WAY_NAMES[way];
  if (!before) return { name, body: html`${stage.label}[${b}, ${i}] = ${result}` };
  if (stage.kind === "GlobalAveragePooling1D" || stage.kind === "GlobalMaxPooling1D") return { name, ...overPlaces(reading, stage, before, b, i, way, result) };
  if (stage.form === "flat" || stage.kind === "Flatten") {
    return { name, body: html`Flatten[${b}, ${i}] = ${before.label}[${b}, ${Math.floor(i / before.size)}][${i % before.size}] = ${result}`, note: "copied: every place keeps its own numbers, padding too" };
  }
  const masked = way === "here" && !stage.spoilt;
  return {
    name,
    body: html`${stage.kind}[${b}, ${i}] = the state after ${way === "truth" ? "the last word" : `place ${before.cells - 1}`} = ${result}`,
    note: way === "truth" ? "there is no padding" : masked ? "padding did not move it" : "padding moved it on",
  };
}

/** @param {Reading} reading @param {Stage} stage @param {Stage} before @param {number} b @param {number} i @param {Way} way @param {unknown} result */
function overPlaces(reading, stage, before, b, i, way, result) {
  const words = reading.lengths[b];
  const all = Array.from({ length: before.cells }, (_, t) => t);
  const heeds = way === "here" && stage.verdict === "consumed" && before.mask;
  const used = way === "truth" ? all.slice(0, words) : heeds ? all.filter((t) => before.mask?.(b, t)) : all;
  const values = used.map((t) => before.at(b, t, way)[i]);
  const spoilt = (/** @type {number} */ t) => way !== "truth" && isPadding(reading, before, b, t);
  const parts = shownTerms(values.length, values.length - 1, 12);
  const mean = stage.kind === "GlobalAveragePooling1D";
  const joined = parts.map((part, at) => {
    const sign = at ? html`<span class="op">${mean ? " + " : ", "}</span>` : "";
    if ("skipped" in part) return html`${sign}<span class="gap">… ${part.skipped} more …</span>`;
    const t = used[part.index];
    return html`${sign}<span class=${spoilt(t) ? "padded" : ""}>${at && mean ? term(values[part.index]) : fixed(values[part.index])}</span>`;
  });
  const padded = used.filter(spoilt).length;
  const note = used.length === 0 ? "no word: 0" : padded ? `${padded} of the ${used.length} are padding` : "words alone";
  const over = html`<span class=${padded ? "padded" : ""}>${used.length}</span>`;
  const body = mean ? html`mean[${i}] = (${joined}) / ${over} = ${result}` : html`max[${i}] = max(${joined}) = ${result}`;
  return { body, note };
}

/** How the loss comes out of the outputs. @param {Reading} reading @param {Way} way @returns {Line} */
function losing(reading, way) {
  const last = /** @type {Stage} */ (reading.stages.at(-1));
  const i = ["here", "without", "truth"].indexOf(way);
  const result = html`<span class="on">${fixed(reading.loss[i], 3)}</span>`;
  const goal = fixed(reading.target, 0);
  const alone = last.form === "vector" && last.cells === 1;
  if (!alone) return { name: WAY_NAMES[way], body: html`mean of (output − ${goal})² = ${result}`, note: last.form === "vector" ? "over all numbers of all sentences" : "over all places that count" };
  const outputs = Array.from({ length: reading.B }, (_, b) => last.at(b, 0, way)[0]).filter((v) => way !== "truth" || !Number.isNaN(v));
  const terms = outputs.map((v, at) => html`${at ? " + " : ""}(${fixed(v)} − ${goal})²`);
  return { name: WAY_NAMES[way], body: html`loss = (${terms}) / ${outputs.length} = ${result}`, note: `the mean over ${count(outputs.length, "sentence")}` };
}

/** The formula behind a number on the right. @param {string} id @param {Reading} reading @param {number} b @returns {Line[]} */
function fact(id, reading, b) {
  const [kind, way, i] = /** @type {[string, Way, string]} */ (id.split(":"));
  if (kind === "pool") return [pool(reading, b, Number(i), way)];
  if (kind === "loss") return [losing(reading, way)];
  if (kind === "factor") {
    const wrong = off(reading);
    return [
      { body: html`${fixed(reading.loss[0], 3)} / ${fixed(reading.loss[2], 3)} − 1 = <span class="on">${reading.factor && reading.factor < 1 ? "−" : ""}${wrong?.value}</span>`, note: "this model against the sentences without padding" },
    ];
  }
  const vector = kind === "row0" ? reading.row0 : (reading.gradient(way) ?? []);
  const shown = Array.from(vector, (v) => fixed(v));
  const squares = Array.from(vector, (v) => `${term(v)}²`).join(" + ");
  const length = html`<span class="on">${fixed(norm(vector), 3)}</span>`;
  if (kind === "row0") {
    return [{ body: html`|W[0]| = |[${shown.join(", ")}]| = √(${squares}) = ${length}`, note: "mask_zero masks row 0; it does not make it zero" }];
  }
  const zero = norm(vector) === 0;
  const note = way === "truth" ? "nobody reads row 0" : zero ? "nothing comes back through the mask: row 0 is not frozen, it is not reached" : "padding counts, so it learns";
  return [{ name: WAY_NAMES[way], body: html`|∂loss/∂W[0]| = |[${shown.join(", ")}]| = √(${squares}) = ${length}`, note }];
}
