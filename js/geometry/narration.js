/**
 * What the geometry view says: the narration, and the arithmetic behind each number.
 */
import { html } from "lit-html";
import { count, fixed, listing, whole } from "../kit/format.js";
import { currentOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */

/** A word in quotation marks, kept apart from the direction of the sentence. @param {string} word */
export const quoted = (word) => html`“<bdi>${word}</bdi>”`;

// ---- narration -----------------------------------------------------------------------------------

/** @param {Scene} scene */
export function say(scene) {
  const { trace, ui } = scene;
  const reading = readingOf(trace);
  const { picked, name, near } = reading;
  if (ui.prediction?.phase === "open")
    return html`Six words are named. One of them points most nearly the way of ${quoted(name(picked))}: which?`;
  if (Number.isNaN(reading.cosines[picked]))
    return html`The row of ${quoted(name(picked))} holds NaN or an infinity: it has no direction, so nobody is near it.`;
  if (!near.length) return html`${quoted(name(picked))} is the only word here: there is nobody to be near.`;
  const row = currentOf(scene);
  if (row < 0 || row === picked) return sayAll(reading, trace.header.typical);
  return sayPair(reading, row, trace.header.lost);
}

/** @param {Reading} reading @param {number} typical */
function sayAll({ picked, name, near, both }, typical) {
  const kept = both.length ? html`${both.length} (${listing(both.map(name), 4)})` : "none";
  return html`Of the ${count(near.length, "word")} truly nearest to ${quoted(name(picked))}, ${kept} ${both.length > 1 ? "are" : "is"} among its nearest on the map; on average ${fixed(typical, 1)}.`;
}

/** @param {Reading} reading @param {number} row @param {number} lost */
function sayPair(reading, row, lost) {
  const { picked, name, cosines, apart, onMap, near, nearMap, closer } = reading;
  const word = quoted(name(row));
  if (Number.isNaN(cosines[row]))
    return html`${word} holds NaN or an infinity, like ${count(lost, "row")} here: it has no place.`;
  const at = near.indexOf(row);
  const numbers = html`cosine ${fixed(cosines[row])}, true distance ${fixed(apart[row])}, on the map ${fixed(onMap[row])}`;
  if (at >= 0) {
    const others = closer[at]
      ? html`yet ${count(closer[at], "word")} ${closer[at] === 1 ? "lies" : "lie"} closer on the map`
      : "and nothing lies closer on the map";
    return html`${word} is number ${at + 1} of the words truly nearest to ${quoted(name(picked))}: ${numbers}, ${others}.`;
  }
  const seems = nearMap.indexOf(row);
  if (seems >= 0)
    return html`${word} lies next to ${quoted(name(picked))} on the map (number ${seems + 1}), but is not truly near: ${numbers}.`;
  return html`${word} and ${quoted(name(picked))}: ${numbers}.`;
}

/** What changed between two traces, in one sentence, or "". @param {Record<string, any>} was @param {Scene} scene */
export function sayChange(was, { trace }) {
  const { params, typical, shares } = trace.header;
  const { V, answers, answerCosines, name, terms } = readingOf(trace);
  if (was.plane !== params.plane || (was.seed !== params.seed && params.plane === "random"))
    return `Another plane through the same rows, ${params.plane}: not one cosine changed, but who lies next to whom did. It shows ${fixed(100 * (shares[0] + shares[1]), 0)} % of the variance.`;
  if (was.rows !== params.rows)
    return `${whole(V)} words: on average ${fixed(typical, 1)} of ten true neighbours are near on the map.`;
  if (["a", "b", "c"].some((slot) => was[slot] !== params[slot]) && terms && answers.length)
    return `${name(terms[0])} − ${name(terms[1])} + ${name(terms[2])} points most nearly at “${name(answers[0])}”, cosine ${fixed(answerCosines[0])}.`;
  return "";
}

// ---- arithmetic ----------------------------------------------------------------------------------

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/** The lines of the arithmetic card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const reading = readingOf(scene.trace);
  const { open } = scene.ui;
  const row = currentOf(scene);
  if (open?.kind === "fact") return { lines: fact(open.id, scene, reading, row), pinned: true };
  return { lines: row < 0 || row === reading.picked ? [] : pair(reading, row), pinned: false };
}

/** @param {number} value */
const on = (value) => html`<span class="on">${fixed(value)}</span>`;

/** @param {Reading} reading @param {number} row @returns {Line[]} */
function pair(reading, row) {
  return [trueLine(reading, row), mapLine(reading, row)];
}

/** @param {Reading} reading @param {number} row @returns {Line} */
function trueLine({ cosines, apart, D }, row) {
  return {
    name: "truly",
    body: html`|u − v| = √(2 − 2·cos) = √(2 − 2·${signedFactor(cosines[row])}) = ${on(apart[row])}`,
    note: `in all ${count(D, "dimension")}; u and v have length 1`,
  };
}

/** @param {Reading} reading @param {number} row @returns {Line} */
function mapLine({ points, onMap, picked }, row) {
  const [dx, dy] = [points[2 * row] - points[2 * picked], points[2 * row + 1] - points[2 * picked + 1]];
  return {
    name: "map",
    body: html`√(Δx² + Δy²) = √(${square(dx)} + ${square(dy)}) = ${on(onMap[row])}`,
    note: "in two of them: never longer",
  };
}

/** @param {number} value */
const signedFactor = (value) => fixed(value).replace(/^−.*/, "($&)");
/** @param {number} value */
const square = (value) => `${signedFactor(value)}²`;

/** The formula of a number in the column on the right. @param {string} id @param {Scene} scene @param {Reading} reading @param {number} row @returns {Line[]} */
function fact(id, { trace }, reading, row) {
  const { cosines, near, nearMap, both, name, onMap, apart, closer, V } = reading;
  const { typical, shares } = trace.header;
  if (id === "cosine") return [dot(reading, row)];
  if (id === "true") return [trueLine(reading, row)];
  if (id === "map") return [mapLine(reading, row)];
  if (id === "shown")
    return [{ body: html`${fixed(onMap[row])} / ${fixed(apart[row])} = <span class="on">${percent(onMap[row] / apart[row])}</span>`, note: "a flat shadow is never longer than the thing" }];
  if (id === "closer")
    return [{ body: html`<span class="on">${whole(closer[near.indexOf(row)])}</span> of ${count(V - 2, "other word")} lie within ${fixed(onMap[row])} of ${quoted(name(reading.picked))}`, note: `its cosine is ${fixed(cosines[row])}` }];
  if (id === "both")
    return [
      { name: "truly", body: listing(near.map(name), 10) },
      { name: "map", body: listing(nearMap.map(name), 10), note: html`<span class="on">${both.length}</span> in both` },
    ];
  if (id === "typical")
    return [{ body: html`the same count, on average over many words = <span class="on">${fixed(typical, 1)}</span>`, note: "if all were kept it would be 10" }];
  return [{ body: html`${percent(shares[0])} + ${percent(shares[1])} = <span class="on">${percent(shares[0] + shares[1])}</span>`, note: "the variance along both axes, of the variance along all" }];
}

/** @param {number} share */
export const percent = (share) => (Number.isFinite(share) ? `${fixed(100 * share, 0)} %` : "—");

/** A cosine as the sum it is. @param {Reading} reading @param {number} row @returns {Line} */
function dot({ vector, picked, cosines, D }, row) {
  const [u, v] = [vector(picked), vector(row)];
  if (!u || !v)
    return { body: html`cos = u · v = ${on(cosines[row])}`, note: `${count(D, "product")}; pick the word to see its own` };
  const shown = Math.min(D, 4);
  const terms = Array.from({ length: shown }, (_, d) => `${signedFactor(u[d])}·${signedFactor(v[d])}`).join(" + ");
  const rest = D > shown ? ` + … ${D - shown} more …` : "";
  return { body: html`cos = u · v = ${terms}${rest} = ${on(cosines[row])}`, note: "of rows with length 1" };
}
