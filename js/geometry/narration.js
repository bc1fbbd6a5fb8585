/**
 * Narration of the geometry view.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList, formatInt, shorten } from "../kit/format.js";
import { selectedRow } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

const WIDE = /[\u2e80-\u{1ffff}]/u; // Chinese, Japanese, Korean and emoji: two letters wide

/**
 * Quote a word, isolated from the text direction of the sentence.
 * @param {string} word
 */
export const quoted = (word) => html`“<bdi>${word}</bdi>”`;

/**
 * Quote a word, shortened so that two of them and their numbers fit the two lines of the narration.
 * @param {string} word
 */
const brief = (word) => quoted(shorten(word, WIDE.test(word) ? 8 : 16));

/** @param {Scene} scene */
export function narrate(scene) {
  const { trace, ui } = scene;
  const derived = derive(trace);
  const { picked, name, near, plain } = derived;
  if (ui.prediction?.phase === "open")
    return html`Six words are named. Which of them has the ${plain ? "smallest distance from" : "highest cosine with"} ${brief(name(picked))}?`;
  if (Number.isNaN(derived.cosines[picked]))
    return html`The row of ${brief(name(picked))} holds NaN or an infinity: it has no direction, so it has no neighbors.`;
  if (!near.length) return html`${brief(name(picked))} is the only word here: it has no neighbors.`;
  const row = selectedRow(scene);
  if (row < 0 || row === picked) return narrateNeighbors(derived, trace.header.typical);
  return narratePair(derived, row, trace.header.invalid_rows);
}

/** @param {Derived} derived @param {number} typical */
function narrateNeighbors({ picked, name, near, both, measure }, typical) {
  const kept = both.length ? html`${both.length} (${joinList(both.map(name), 4)})` : "none";
  return html`Of the ${pluralize(near.length, "word")} nearest by ${measure} to ${brief(name(picked))}, ${kept} ${both.length > 1 ? "are" : "is"} among its nearest on the map; on average ${fixed(typical, 1)}.`;
}

/** @param {Derived} derived @param {number} row @param {number} lost */
function narratePair(derived, row, lost) {
  const { picked, name, cosines, distances, mapDistances, near, nearMap, closer, measure } =
    derived;
  const word = brief(name(row));
  if (Number.isNaN(cosines[row]))
    return html`${word} holds NaN or an infinity, like ${pluralize(lost, "row")} here: it has no place.`;
  const at = near.indexOf(row);
  const numbers = html`cosine ${fixed(cosines[row])}, distance ${fixed(distances[row])}, on the map ${fixed(mapDistances[row])}`;
  if (at >= 0) {
    const others = closer[at]
      ? html`yet ${pluralize(closer[at], "word")} ${closer[at] === 1 ? "lies" : "lie"} closer on the map`
      : "and nothing lies closer on the map";
    return html`${word} is number ${at + 1} of the words nearest by ${measure} to ${brief(name(picked))}: ${numbers}, ${others}.`;
  }
  const seems = nearMap.indexOf(row);
  if (seems >= 0)
    return html`${word} lies next to ${brief(name(picked))} on the map (number ${seems + 1}), but is not a near neighbor: ${numbers}.`;
  return html`${word} and ${brief(name(picked))}: ${numbers}.`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace }) {
  const { params, typical, shares } = trace.header;
  const { total, answers, answerValues, name, terms, plain, measure } = derive(trace);
  if (was.metric !== params.metric)
    return plain
      ? `Rows as they are, with their lengths: near is who has the smallest distance. On average ${fixed(typical, 1)} of ten neighbors are near on the map of these rows.`
      : `Rows scaled to length 1: near is who points the same way. On average ${fixed(typical, 1)} of ten neighbors are near on the map of these rows.`;
  if (was.plane !== params.plane || (was.seed !== params.seed && params.plane === "random"))
    return shares.length
      ? `Another plane through the same rows, ${params.plane}: not one ${measure} changed, but who lies next to whom did. It shows ${fixed(100 * (shares[0] + shares[1]), 0)} % of the variance.`
      : `Another map of the same rows, ${params.plane}: not one ${measure} changed. On average ${fixed(typical, 1)} of ten neighbors are near on it.`;
  if (was.rows !== params.rows)
    return `${formatInt(total)} words: on average ${fixed(typical, 1)} of ten neighbors by ${measure} are near on the map.`;
  if (["a", "b", "c"].some((slot) => was[slot] !== params[slot]) && terms && answers.length)
    return `${name(terms[0])} − ${name(terms[1])} + ${name(terms[2])} is nearest to “${name(answers[0])}”, ${measure} ${fixed(answerValues[0])}.`;
  return "";
}

/** @param {number} share */
export const percent = (share) => (Number.isFinite(share) ? `${fixed(100 * share, 0)} %` : "—");
