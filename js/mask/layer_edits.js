/**
 * Edits of the layers and of the sentence lengths. Pure: lists in, lists out.
 */

const TIMELESS = ["Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D"];
const NEEDS_TIME = [
  "Conv1D",
  "GlobalAveragePooling1D",
  "GlobalMaxPooling1D",
  "SimpleRNN",
  "GRU",
  "LSTM",
];
const RECURRENT = ["SimpleRNN", "GRU", "LSTM"];
export const RETURN_SEQUENCES = "(return_sequences=True)";

/** @param {string} spec */
export const isRecurrent = (spec) => RECURRENT.includes(spec.split("(")[0]);

/**
 * The layers with one more at `gap`. A recurrent layer gives each step where a later layer needs it.
 * @param {string[]} layers
 * @param {number} gap
 * @param {string} kind
 */
export function insert(layers, gap, kind) {
  const later = layers.slice(gap);
  const needed = later.findIndex((spec) => NEEDS_TIME.includes(spec.split("(")[0]));
  const ended = later.findIndex((spec) => TIMELESS.includes(spec));
  const each = isRecurrent(kind) && needed >= 0 && (ended < 0 || needed <= ended);
  return [...layers.slice(0, gap), each ? kind + RETURN_SEQUENCES : kind, ...later];
}

/** @param {string[]} layers @param {number} at */
export const remove = (layers, at) => layers.filter((_, i) => i !== at);

/**
 * Take the layer at `from` out and put it into `gap`, a gap of the row as it was.
 * @param {string[]} layers
 * @param {number} from
 * @param {number} gap
 */
export function move(layers, from, gap) {
  const to = indexAfterMove(from, gap);
  const rest = remove(layers, from);
  return [...rest.slice(0, to), layers[from], ...rest.slice(to)];
}

/** Return the index of a layer after a move. @param {number} from @param {number} gap */
export const indexAfterMove = (from, gap) => (gap > from ? gap - 1 : gap);

/**
 * Toggle return_sequences of a recurrent layer.
 * @param {string[]} layers
 * @param {number} at
 */
export function toggleReturnSequences(layers, at) {
  const spec = layers[at];
  const other = spec.endsWith(RETURN_SEQUENCES)
    ? spec.slice(0, -RETURN_SEQUENCES.length)
    : spec + RETURN_SEQUENCES;
  return layers.map((one, i) => (i === at ? other : one));
}

/**
 * Sentence b with `n` words.
 * @param {number[]} lengths
 * @param {number} b
 * @param {number} n
 */
export const withLength = (lengths, b, n) => lengths.map((old, i) => (i === b ? n : old));

/**
 * The lengths after the text changed: an unchanged line keeps its length, a changed one shows all words.
 * @param {string} before
 * @param {string} after
 * @param {number[]} lengths
 * @param {{ lines: number, words: number }} most
 */
export function lengthsFor(before, after, lengths, { lines, words }) {
  const old = before.split("\n");
  return after
    .split("\n")
    .slice(0, lines)
    .map((line, b) => (line === old[b] && b < lengths.length ? lengths[b] : words));
}
