/** The lookup view without Python: `embedlab.explorers.lookup`. */
import { Answerer } from "../answerer.js";
import { ndarray, shapeText } from "../encode.js";
import {
  boundedInt,
  boundedText,
  cellEdits,
  choice,
  flag,
  paramsJson,
  SIZE_MAX,
} from "../parameters.js";
import { byteLength, toJson } from "../python_text.js";
import { joinNotes, rowLabels, rowsAround, windowNote, wordsNote } from "../rows_shown.js";
import { COLUMNS_MAX, dtypeOf, limitsOf, part, ROWS_MAX, TableInputs } from "../table.js";
import { formatCount, formatNumber, general, joinSome, shortLabel } from "../text.js";
import { lookup, maxDifference } from "./lookup.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../sentence.js").Sentence} Sentence */
/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./lookup.js").Lookup} Lookup */

const MAX_BYTES = 300_000;
const TOKENS_MAX = 2000;
const WINDOW_TOKENS_MAX = 400; // of a table that is too large to be sent
const WINDOW_ROWS_MAX = 512;
const LABEL_LENGTH = 40;

const parameters = {
  text: boundedText(65_536),
  input_dim: boundedInt(1, SIZE_MAX),
  output_dim: boundedInt(1, SIZE_MAX),
  method: choice("gather", "one-hot"),
  oob: choice("raise", "zero", "nan", "clip", "wrap"),
  seed: boundedInt(0, 2 ** 31 - 1),
  edits: cellEdits(200),
  grow: flag(),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  const inputs = new TableInputs(page, message.header, [ROWS_MAX, COLUMNS_MAX]);
  const limits = () => inputs.limits(limitsOf(parameters));
  /** @param {Params} params */
  const wordsUsed = (params) =>
    (inputs.user?.rows ?? params.input_dim) <= ROWS_MAX ? TOKENS_MAX : WINDOW_TOKENS_MAX;
  /** @param {Params} params */
  const parse = (params) => inputs.parse(params.text, wordsUsed(params));
  return new Answerer(
    {
      parameters,
      limits,
      check(name, value) {
        if (name === "input_dim" || name === "output_dim")
          inputs.checkSize(name, value, limits()[name]);
      },
      normalize: (params, last) =>
        inputs.grow(params, last, inputs.user ? 0 : parse(params).rowsNeeded),
      compute: (params) =>
        answer(params, edited(inputs.table(params), params.edits), parse(params)),
      headerEvenIfRefused: () => ({ rows_needed: inputs.rowsNeeded }),
    },
    page,
    message,
  );
}

/** A table with the edits of cells that it has. @param {Table} table @param {number[][]} edits */
function edited(table, edits) {
  for (const [row, column, value] of edits) {
    if (row < table.rows && column < table.columns)
      table.data[row * table.columns + column] = value;
  }
  return table;
}

/** @param {Params} params @param {Table} table @param {Sentence} sentence */
function answer(params, table, sentence) {
  const { rows: V, columns: D } = table;
  const { ids, tokens: labels } = sentence;
  const words = Array.from({ length: V }, (_, row) => sentence.words[row] ?? "");
  const result = lookup(table, ids, params.oob);
  const summary = summaryOf(table, sentence, result);
  const alt = altOf(table, sentence, result);
  const visible = rowsAround(result.rows, V, V > ROWS_MAX ? WINDOW_ROWS_MAX : ROWS_MAX);
  const columns = Math.min(D, COLUMNS_MAX);
  const shortWords = rowLabels(visible, words).map((word) => shortLabel(word, LABEL_LENGTH));
  const tokens = labels.slice(0, TOKENS_MAX).map((token) => shortLabel(token, LABEL_LENGTH));
  const json = paramsJson(parameters, params);
  const texts = `[${toJson(shortWords)}, ${json}, ${json}, ${toJson(summary)}, ${toJson(alt)}]`;
  const taken = 4 * (visible.length * columns + shortWords.length) + byteLength(texts) + 4000;
  const n = tokensThatFit(tokens, columns, MAX_BYTES - taken);
  const position = new Map(visible.map((row, at) => [row, at]));
  const arrays = {
    ids: ndarray(Int32Array.from(ids.slice(0, n))),
    rows: ndarray(Int32Array.from(result.rows.slice(0, n), (row) => position.get(row) ?? -1)),
    bad: ndarray(Uint8Array.from(result.bad.slice(0, n), Number)),
    table: ndarray(rowsOf(table, visible, columns), visible.length, columns),
    ...(visible.length < V ? { row_ids: ndarray(Int32Array.from(visible)) } : {}),
    ...block("output", result.output, n, D, columns),
    ...block("onehot", result.onehot, n, D, columns),
  };
  const difference = maxDifference(result);
  const fields = {
    tokens: tokens.slice(0, n),
    words: shortWords,
    total: labels.length,
    words_in_text: sentence.total,
    trace_error: result.error,
    shapes: { ids: [ids.length], table: [V, D], output: [ids.length, D] },
    dtype: dtypeOf(table),
    parameters: V * D,
    rows_read: rowsRead(result),
    bytes_moved: result.output?.byteLength ?? 0,
    multiplications: { gather: 0, "one-hot": ids.length * V * D },
    gather_ns: result.gatherNs,
    onehot_ns: result.onehotNs,
    max_difference: Number.isFinite(difference ?? 0) ? difference : null,
    note: joinNotes(
      windowNote([V, D], visible.length, columns),
      wordsNote(n, sentence.total, sentence.unit),
    ),
  };
  return { summary, alt, fields, arrays };
}

/** The number of different rows that are read. @param {Lookup} result */
const rowsRead = ({ rows, error }) => (error ? 0 : new Set(rows.filter((row) => row >= 0)).size);

/** How many tokens fit into one message beside the table. @param {string[]} tokens @param {number} columns @param {number} available */
function tokensThatFit(tokens, columns, available) {
  let size = 0;
  for (const [n, token] of tokens.entries()) {
    size += byteLength(token) + 16 + 8 * columns;
    if (size > available) return n;
  }
  return tokens.length;
}

/** Some rows in float32. @param {Table} table @param {number[]} rows @param {number} columns */
function rowsOf({ data, columns: D }, rows, columns) {
  const result = new Float32Array(rows.length * columns);
  for (const [at, row] of rows.entries())
    result.set(data.subarray(row * D, row * D + columns), at * columns);
  return result;
}

/** @param {string} name @param {Float32Array | Float64Array | null} values @param {number} n @param {number} D @param {number} columns */
function block(name, values, n, D, columns) {
  if (!values) return {};
  const { data } = part({ data: values, rows: n, columns: D }, n, columns);
  return { [name]: ndarray(Float32Array.from(data), n, columns) };
}

/** The run in a few lines, with its numbers. @param {Table} table @param {Sentence} sentence @param {Lookup} result */
function summaryOf(table, { tokens, ids }, result) {
  const { rows: V, columns: D } = table;
  const pairs = tokens.map((token, n) => `${shortLabel(token)} ${ids[n]}`);
  const lines = [
    `ids     ${shapeText([ids.length])}: ${joinSome(pairs, 8, " · ") || "none"}`,
    `table   (${V}, ${D}) ${dtypeOf(table)}, ${formatCount(V * D, "weight")}`,
  ];
  const { output } = result;
  if (!output) return [...lines, `output  refused: ${result.error}`].join("\n");
  const read = `${rowsRead(result)} of ${formatCount(V, "row")} read`;
  const moved = formatCount(output.byteLength, "byte");
  lines.push(`output  ${shapeText([ids.length, D])}, ${read}, ${moved} moved`);
  for (let n = 0; n < Math.min(3, ids.length); n++) {
    const row = result.rows[n] >= 0 ? `row ${result.rows[n]}` : "no row";
    const values = Array.from(output.subarray(n * D, (n + 1) * D), (value) => formatNumber(value));
    lines.push(`        ${shortLabel(tokens[n])} → ${row}: ${joinSome(values, 8, " ")}`);
  }
  const cost = `one-hot ${formatCount(ids.length * V * D)} times`;
  const difference = maxDifference(result);
  const ran =
    difference === null
      ? " (not run: it would take too long)"
      : `; largest difference ${general(difference)}`;
  lines.push(`cost    gather multiplies 0 times, ${cost}${ran}`);
  return lines.join("\n");
}

/** The picture for somebody who does not see it. @param {Table} table @param {Sentence} sentence @param {Lookup} result */
function altOf({ rows: V, columns: D }, { tokens, ids }, result) {
  const counted = [
    formatCount(ids.length, "token"),
    `a table of ${formatCount(V, "row")} and ${formatCount(D, "column")}`,
  ].join(", ");
  if (!result.output) return `${counted}, no output. ${result.error}`;
  const reads = tokens.map((token, n) =>
    result.rows[n] >= 0
      ? `${shortLabel(token)} reads row ${result.rows[n]}`
      : `${shortLabel(token)} reads no row`,
  );
  const end = reads.length ? ` ${joinSome(reads, 12)}.` : "";
  return `${counted}, ${formatCount(ids.length, "output row")}.${end}`;
}
