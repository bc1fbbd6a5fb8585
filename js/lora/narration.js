/**
 * Narration of the LoRA view.
 */
import { html } from "lit-html";
import { pluralize, fixed, scientific, formatInt } from "../kit/format.js";
import { percent } from "./charts.js";
import { isPredicting, momentAt, selection } from "./state.js";
import { parameterCount, rankOf, derive, farthestUntrained } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Moment} Moment */

/**
 * Name a row by its word, isolated from the text direction of the sentence.
 * @param {Derived} derived
 * @param {number} i
 */
export const named = ({ words, rows }, i) =>
  words[i] ? html`“<bdi>${words[i]}</bdi>”` : html`Row ${rows[i]}`;

/** Format a difference in scientific notation, or 0. @param {number} value */
export const formatDifference = (value) => (value === 0 ? "0" : scientific(value));

/** @param {Scene} scene */
export function narrate(scene) {
  const derived = derive(scene.trace);
  const now = momentAt(scene);
  if (isPredicting(scene))
    return html`Rank 0 leaves all of it. Drag each point to where you expect the error of that rank, or use the arrows.`;
  if (scene.ui.local.merged)
    return html`Merged: one table, W′. Every row comes out as before, largest difference ${formatDifference(now.mergeDifference)}, and nothing extra is computed or kept.`;
  const spot = selection(scene);
  if (spot?.part === "token" && spot.i !== undefined) return narrateToken(derived, now, spot.i);
  if (spot?.part === "a" && spot.i !== undefined)
    return html`A[${derived.rows[spot.i]}, ${spot.k}] = ${fixed(now.a(spot.i)[spot.k ?? 0])}: how much of row ${spot.k} of B ${named(derived, spot.i)} takes.`;
  if (spot?.part === "b")
    return html`B[${spot.k}, ${spot.c}] = ${fixed(now.b(spot.k ?? 0)[spot.c ?? 0])}: B is shared, so it reaches every row whose A[·, ${spot.k}] is not zero.`;
  if (spot?.part === "d" && spot.i !== undefined)
    return narrateDeltaCell(scene, derived, spot.i, spot.c ?? 0);
  if (spot && spot.i !== undefined) return narrateToken(derived, now, spot.i);
  return narrateStep(derived, now);
}

/** @param {Derived} derived @param {Moment} now @param {number} i */
function narrateToken(derived, now, i) {
  const subject = named(derived, i);
  const far = fixed(now.displacement(i));
  if (derived.trainedRows.has(i))
    return html`${subject} is trained: at step ${now.step} its row has moved by ${far}.`;
  if (now.displacement(i) > 0)
    return html`${subject} was never trained, yet its row moved by ${far}: B is shared by every row.`;
  if (now.step === 0) return html`${subject} is not trained. Before any step no row has moved.`;
  return html`${subject} was never trained and stays where it was: its row of A is zero.`;
}

/** @param {Scene} scene @param {Derived} derived @param {number} i @param {number} c */
function narrateDeltaCell({ params }, derived, i, c) {
  const more = params.target === "painted" ? " Enter paints it." : "";
  return html`ΔW[${derived.rows[i]}, ${c}] = ${fixed(derived.delta(i)[c])}: the target change of ${named(derived, i)} there.${more}`;
}

/** @param {Derived} derived @param {Moment} now */
function narrateStep(derived, now) {
  if (!derived.trainedCount) return html`No row is trained, so nothing moves. Tick a word.`;
  if (!derived.values[0])
    return html`The change is zero: there is nothing to learn. Paint some cells, or choose another change.`;
  if (now.step === 0)
    return derived.random
      ? html`Step 0: A is random and B is zero, so A · B is zero, and W′ is W.`
      : html`Step 0: A is zero and B is random, so A · B is zero, and W′ is W.`;
  if (now.step === 1)
    return derived.random
      ? html`Step 1: only B moved. A has no gradient while B is zero.`
      : html`Step 1: only the trained rows of A moved. B has no gradient while A is zero.`;
  const left = html`Step ${now.step}: error ${percent(now.error)} over all rows, ${percent(now.trainedError)} over the trained ones.`;
  const other = farthestUntrained(derived, now);
  if (other < 0) return left;
  const subject = named(derived, other);
  if (now.displacement(other) > 0)
    return html`${left} ${subject} was never trained, yet its row moved by ${fixed(now.displacement(other))}: all rows share B.`;
  return html`${left} ${subject} was never trained, and has not moved: its row of A is zero.`;
}

/** Describe what changed between two traces, or "". @param {Record<string, any>} was @param {Scene} scene */
export function narrateChange(was, scene) {
  const derived = derive(scene.trace);
  const params = scene.trace.header.params;
  const r = rankOf(derived, params.rank);
  if (was.rank !== params.rank) return narrateRank(derived, r);
  if (was.scaling !== params.scaling)
    return params.scaling === "rslora"
      ? `α/√r = ${fixed(derived.scales[r - 1])}: the first update keeps its size when the rank grows.`
      : `α/r = ${fixed(derived.scales[r - 1])}: the first update shrinks as the rank grows.`;
  if (was.alpha !== params.alpha)
    return `α = ${params.alpha}: A · B is multiplied by ${fixed(derived.scales[r - 1])}. It scales every update, and limits no change.`;
  if (was.start !== params.start)
    return params.start === "random"
      ? "Keras: A random, B zero. Every row has a random part in B, so all rows move."
      : "PEFT: A zero, B random. Rows that are never trained keep a zero row of A, and stay.";
  return "";
}

/** @param {Derived} derived @param {number} r */
export const narrateRank = (derived, r) =>
  `r = ${r}: ${pluralize(parameterCount(derived, r), "parameter")} instead of ${formatInt(derived.V * derived.D)}; the best possible error at rank ${r} is ${percent(derived.errors[r])}.`;
