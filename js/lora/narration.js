/**
 * What the LoRA view says: one plain sentence about what the eye should have seen.
 */
import { html } from "lit-html";
import { count, fixed, sized, whole } from "../kit/format.js";
import { percent } from "./charts.js";
import { asks, momentAt, spotOf } from "./state.js";
import { numbersOf, rankOf, readingOf, stranger } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Moment} Moment */

/** A row by its word, kept apart from the direction of the sentence. @param {Reading} reading @param {number} i */
export const named = ({ words, rows }, i) => (words[i] ? html`“<bdi>${words[i]}</bdi>”` : html`Row ${rows[i]}`);

/** A difference: 0 as it is, else by its size. @param {number} value */
export const difference = (value) => (value === 0 ? "0" : sized(value));

/** @param {Scene} scene */
export function say(scene) {
  const reading = readingOf(scene.trace);
  const now = momentAt(scene);
  if (asks(scene)) return html`Rank 0 leaves all of it. Drag each point to where you expect the error of that rank, or use the arrows.`;
  if (scene.ui.own.merged)
    return html`Merged: one table, W′. Every row comes out as before, largest difference ${difference(now.merged)}, and nothing extra is computed or kept.`;
  const spot = spotOf(scene);
  if (spot?.part === "token" && spot.i !== undefined) return sayToken(reading, now, spot.i);
  if (spot?.part === "a" && spot.i !== undefined) return html`A[${reading.rows[spot.i]}, ${spot.k}] = ${fixed(now.a(spot.i)[spot.k ?? 0])}: how much of row ${spot.k} of B ${named(reading, spot.i)} takes.`;
  if (spot?.part === "b") return html`B[${spot.k}, ${spot.c}] = ${fixed(now.b(spot.k ?? 0)[spot.c ?? 0])}: B is shared, so it reaches every row whose A[·, ${spot.k}] is not zero.`;
  if (spot?.part === "d" && spot.i !== undefined) return sayChangeCell(scene, reading, spot.i, spot.c ?? 0);
  if (spot && spot.i !== undefined) return sayToken(reading, now, spot.i);
  return sayStep(reading, now);
}

/** @param {Reading} reading @param {Moment} now @param {number} i */
function sayToken(reading, now, i) {
  const who = named(reading, i);
  const far = fixed(now.drift(i));
  if (reading.seen.has(i)) return html`${who} is trained: at step ${now.step} its row has moved by ${far}.`;
  if (now.drift(i) > 0) return html`${who} was never trained, yet its row moved by ${far}: B is shared by every row.`;
  if (now.step === 0) return html`${who} is not trained. Before any step no row has moved.`;
  return html`${who} was never trained and stays where it was: its row of A is zero.`;
}

/** @param {Scene} scene @param {Reading} reading @param {number} i @param {number} c */
function sayChangeCell({ params }, reading, i, c) {
  const more = params.target === "painted" ? " Enter paints it." : "";
  return html`ΔW[${reading.rows[i]}, ${c}] = ${fixed(reading.delta(i)[c])}: what ${named(reading, i)} should gain there.${more}`;
}

/** @param {Reading} reading @param {Moment} now */
function sayStep(reading, now) {
  if (!reading.trained) return html`No row is trained, so nothing moves. Tick a word.`;
  if (!reading.values[0]) return html`The change is zero: there is nothing to learn. Paint some cells, or choose another change.`;
  if (now.step === 0)
    return reading.random
      ? html`Step 0: A is random and B is zero, so A · B is zero, and W′ is W.`
      : html`Step 0: A is zero and B is random, so A · B is zero, and W′ is W.`;
  if (now.step === 1)
    return reading.random
      ? html`Step 1: only B moved. A has no gradient while B is zero.`
      : html`Step 1: only the trained rows of A moved. B has no gradient while A is zero.`;
  const left = html`Step ${now.step}: ${percent(now.left)} is left to learn.`;
  const other = stranger(reading, now);
  if (other < 0) return left;
  const who = named(reading, other);
  if (now.drift(other) > 0) return html`${left} ${who} was never trained, yet its row moved by ${fixed(now.drift(other))}: all rows share B.`;
  return html`${left} ${who} was never trained, and has not moved: its row of A is zero.`;
}

/** What changed between two traces, or "". @param {Record<string, any>} was @param {Scene} scene */
export function sayChange(was, scene) {
  const reading = readingOf(scene.trace);
  const params = scene.trace.header.params;
  const r = rankOf(reading, params.rank);
  if (was.rank !== params.rank) return sayRank(reading, r);
  if (was.scaling !== params.scaling)
    return params.scaling === "rslora"
      ? `α/√r = ${fixed(reading.scales[r - 1])}: the first update keeps its size when the rank grows.`
      : `α/r = ${fixed(reading.scales[r - 1])}: the first update shrinks as the rank grows.`;
  if (was.alpha !== params.alpha) return `α = ${params.alpha}: A · B is multiplied by ${fixed(reading.scales[r - 1])}. It sets the pace, and forbids nothing.`;
  if (was.start !== params.start)
    return params.start === "random"
      ? "Keras's way: A random, B zero. Every row has a random part in B, so all rows move."
      : "PEFT's way: A zero, B random. Rows that are never trained keep a zero row of A, and stay.";
  return "";
}

/** @param {Reading} reading @param {number} r */
export const sayRank = (reading, r) =>
  `r = ${r}: ${count(numbersOf(reading, r), "number")} instead of ${whole(reading.V * reading.D)}; the best of rank ${r} leaves ${percent(reading.errors[r])} of the change.`;
