/**
 * Narration of the window view.
 */
import { html } from "lit-html";
import { fixed, joinList, pluralize } from "../kit/format.js";
import { selection } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** The name of each table. */
export const TABLES = ["embedding table", "context table"];

/** Quote a word, isolated from the text direction of the sentence. @param {string} word */
export const quoted = (word) => html`“<bdi>${word}</bdi>”`;

/** Words in the order in which they come first, each once. @param {Derived} derived @param {number[]} rows */
export const wordsOf = ({ words }, rows) => [...new Set(rows)].map((row) => words[row]);

/** @param {Scene} scene */
export function narrate(scene) {
  const derived = derive(scene.trace);
  const { ui } = scene;
  if (scene.predicting)
    return html`Choose rows of both tables; a row that two pairs share counts once.`;
  if (!derived.N) return html`No words, no window. Type a text.`;
  const spot = selection(scene);
  if (spot?.part === "pair") return narratePair(derived, ui.step, spot.k ?? 0);
  if (spot) return narrateRow(derived, ui.step, spot.side ?? 0, spot.row ?? 0);
  return narrateStep(derived, ui.step);
}

/** @param {Derived} derived @param {number} n */
function narrateStep(derived, n) {
  const pairs = derived.pairs(n);
  const center = quoted(derived.word(n));
  if (!pairs.length)
    return html`${center} has no other word in its window: no pair, and no row changes.`;
  const [, contexts] = derived.updated(n);
  const near = wordsOf(
    derived,
    pairs.filter((pair) => pair.positive).map((pair) => pair.second),
  );
  return html`${center} stands near <bdi>${joinList(near, 4)}</bdi>: ${pluralize(pairs.length, "pair")}, mean loss ${fixed(derived.loss(n))}. The step changes one row of the embedding table and ${pluralize(contexts.size, "row")} of the context table.`;
}

/** @param {Derived} derived @param {number} n @param {number} k */
function narratePair(derived, n, k) {
  const pair = derived.pairs(n)[k];
  if (!pair) return narrateStep(derived, n);
  const [center, other] = [quoted(derived.words[pair.first]), quoted(derived.words[pair.second])];
  const reached = html`σ(x) = ${fixed(pair.sigmoid)}`;
  return pair.positive
    ? html`${other} is in the window of ${center}: σ should be 1, and is ${fixed(pair.sigmoid)}. The step pulls the two rows together.`
    : html`${other} was drawn at random: σ should be 0, but ${reached}. The step pushes the two rows apart.`;
}

/** @param {Derived} derived @param {number} n @param {number} side @param {number} row */
function narrateRow(derived, n, side, row) {
  const uses = derived.pairs(n).filter((pair) => (side ? pair.second : pair.first) === row);
  const name = html`Row ${quoted(derived.words[row] ?? "")} of the ${TABLES[side]}`;
  if (!uses.length)
    return html`${name} is in no pair of this step: its gradient is 0, and it stays.`;
  const positive = uses.filter((pair) => pair.positive).length;
  const parts = [
    ...(positive ? [`${positive} with a context word`] : []),
    ...(uses.length > positive ? [`${uses.length - positive} with a negative`] : []),
  ];
  if (!side)
    return html`${name} is in all ${pluralize(uses.length, "pair")}, ${joinList(parts)}; their gradients add up.`;
  const role = [
    ...(positive ? [`${positive} as a context word`] : []),
    ...(uses.length > positive ? [`${uses.length - positive} as a negative`] : []),
  ];
  return html`${name} is in ${pluralize(uses.length, "pair")}: ${joinList(role)}.`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace, ui }) {
  const { params } = trace.header;
  const derived = derive(trace);
  const count = pluralize(derived.pairs(ui.step).length, "pair");
  if (was.window !== params.window)
    return `Window ${params.window}: up to ${pluralize(2 * params.window, "context word")}, ${count} in this step.`;
  if (was.negative !== params.negative)
    return `${pluralize(params.negative, "negative")} for each context word: ${count} in this step.`;
  return "";
}
