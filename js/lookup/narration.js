/**
 * Narration of the lookup view.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList, ordinal, shape, formatInt } from "../kit/format.js";
import { selection } from "./state.js";
import { highlightFor, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/**
 * Quote a word, isolated from the text direction of the sentence.
 * @param {string} token
 */
const quoted = (token) => html`“<bdi>${token}</bdi>”`;

/**
 * Format the first few values.
 * @param {ArrayLike<number>} values
 * @param {number} [most]
 */
export const vector = (values, most = 3) =>
  Array.from(values, (v) => fixed(v))
    .slice(0, most)
    .join(", ") + (values.length > most ? ", …" : "");

/** @param {Scene} scene */
export function narrate(scene) {
  const derived = derive(scene.trace);
  const { prediction } = scene.ui;
  if (prediction?.phase === "open")
    return html`Choose each row that the sentence will read; a row that is read twice counts once.`;
  if (prediction && !scene.ui.hover && !scene.ui.focus) return narrateRows(derived);
  if (!derived.N)
    return html`No words, no rows: the output has the shape ${shape([0, derived.size[1]])}. Type a sentence.`;
  const spot = selection(scene);
  const highlight = highlightFor(derived, spot);
  if (spot.part === "out" && highlight.n >= 0)
    return narrateCell(scene, derived, highlight.n, highlight.col);
  if (highlight.n >= 0) return narrateWord(scene, derived, highlight.n);
  return narrateRow(derived, highlight.row, spot.part === "table" ? highlight.col : -1);
}

/** @param {Derived} derived */
function narrateRows({ readers, size: [V], total, rowId }) {
  const read = [...readers.keys()].map(rowId).sort((a, b) => a - b);
  if (!read.length) return html`This sentence reads no row.`;
  return html`${pluralize(total, "word")}, ${pluralize(read.length, "row")} of ${formatInt(V)}: ${joinList(read, 12)}. A row that is read twice is still one row.`;
}

/** @param {Scene} scene @param {Derived} derived @param {number} n */
function narrateWord({ params }, derived, n) {
  const { ids, rows, tokens, readers } = derived;
  const [V] = derived.size;
  const word = quoted(tokens[n]);
  const row = rows[n];
  const id = derived.rowId(row);
  if (derived.outOfRange(n)) {
    const problem = html`${word} has id ${ids[n]}, but valid ids are 0 to ${V - 1}`;
    if (derived.error) return html`${problem}: the whole lookup is refused.`;
    if (row >= 0) return html`${problem}: the rule <b>${params.oob}</b> reads row ${id} instead.`;
    return html`${problem}: the rule <b>${params.oob}</b> fills the output's ${ordinal(n)} row with ${params.oob === "nan" ? "NaN" : "zeros"}.`;
  }
  const values = vector(derived.weights(row));
  if (derived.error)
    return html`${word} has id ${ids[n]}: row ${id} would be read, if every id had a row.`;
  const uses = readers.get(row)?.length ?? 1;
  const again =
    uses > 1 ? html` The same row is read ${uses === 2 ? "twice" : `${uses} times`}.` : "";
  return html`${word} has id ${ids[n]}, so the output's ${ordinal(n)} row <b>is</b> row ${id} of the table, [${values}].${again}`;
}

/** @param {Scene} scene @param {Derived} derived @param {number} n @param {number} col */
function narrateCell({ params }, derived, n, col) {
  const values = derived.output(n);
  const row = derived.rowId(derived.rows[n]);
  const [V] = derived.size;
  if (!values || row < 0) return html`No row of the table lies behind out[${n}, ${col}].`;
  const value = fixed(values[col]);
  if (params.method === "one-hot") {
    return html`${pluralize(V, "product")}, ${V - 1} of them with a zero, add up to W[${row}, ${col}] = ${value}.`;
  }
  return html`out[${n}, ${col}] is W[${row}, ${col}] = ${value}: copied, not computed.`;
}

/** @param {Derived} derived @param {number} row @param {number} col */
function narrateRow(derived, row, col) {
  const { words, readers } = derived;
  const id = derived.rowId(row);
  const subject = words[row] ? html`Row ${id} (${quoted(words[row])})` : html`Row ${id}`;
  const by = readers.get(row) ?? [];
  const use = by.length
    ? html`is read by ${pluralize(by.length, "word")}, for output ${by.length === 1 ? "row" : "rows"} ${joinList(by, 4)}`
    : html`is read by no word: the lookup leaves it alone`;
  if (col < 0) return html`${subject} ${use}.`;
  return html`W[${id}, ${col}] = ${fixed(derived.weights(row)[col])}. ${subject} ${use}. Enter changes the weight.`;
}

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace }) {
  const { params, refused, multiplications } = trace.header;
  if (refused) return ""; // the error is shown
  for (const [name, letter] of [
    ["input_dim", "V"],
    ["output_dim", "D"],
  ]) {
    if (was[name] !== params[name]) {
      return `${letter} = ${params[name]}: the one-hot matmul now multiplies ${formatInt(multiplications["one-hot"])} times, the gather still not once.`;
    }
  }
  const edit = params.edits?.at(-1);
  if (JSON.stringify(was.edits) === JSON.stringify(params.edits) || !edit) return "";
  const { readers, rowId, V } = derive(trace);
  const index = Array.from({ length: V }, (_, i) => i).find((i) => rowId(i) === edit[0]);
  const by = readers.get(index ?? -1) ?? [];
  const use = by.length
    ? `output ${by.length === 1 ? "row" : "rows"} ${joinList(by, 4)} changed with it`
    : "no word reads that row, so the output stays as it was";
  return `W[${edit[0]}, ${edit[1]}] is now ${fixed(edit[2])}: ${use}.`;
}
