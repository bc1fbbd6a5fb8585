/** The quantization view without Python: `embedlab.explorers.quantize`. */
import { Answerer } from "../answerer.js";
import { ndarray } from "../encode.js";
import { firstColumns, roundingOf, takeRows, zerosLike } from "../floats.js";
import { nearestRows } from "../neighbors.js";
import { bitFlips, boundedInt, cellEdits, choice, refuse, SIZE_MAX } from "../parameters.js";
import { floatRepr, toJson } from "../python_text.js";
import { Generator, twoDecimals } from "../random.js";
import { range, rowLabels, rowsAround, windowNote } from "../rows_shown.js";
import { dtypeOf, limitsOf, part, TableInputs } from "../table.js";
import { formatCount, formatNumber, joinSome, shortLabel } from "../text.js";
import { CLASSES, WORDS } from "../toy_language.js";
import {
  bytesOf,
  codesOf,
  dequantize,
  errorCounts,
  flipped,
  quantize,
  report,
} from "./quantize.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../answerer.js").FirstMessage} FirstMessage */
/** @typedef {import("../encode.js").NdArray} NdArray */
/** @typedef {import("../floats.js").Floats} Floats */
/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./quantize.js").Quantized} Quantized */

const ROWS_MAX = 64;
const COLUMNS_MAX = 4096;
const COLUMNS_DRAWN = 32;
const ROWS_BYTES = 220_000; // of the rows in one message
const LABEL_LENGTH = 40;
const NEIGHBORS = 5; // that are compared
const NEIGHBORS_SENT = 32; // of a table of which not all rows are
const NEAREST_MAX = 64;
const BINS = 21;
const SCHEMES = ["int8", "int4", "groups"];

const parameters = {
  scheme: choice("int4", "int8", "groups"),
  row: boundedInt(0, SIZE_MAX),
  block: boundedInt(1, 4096),
  input_dim: boundedInt(1, SIZE_MAX),
  output_dim: boundedInt(1, SIZE_MAX),
  seed: boundedInt(0, 2 ** 31 - 1),
  edits: cellEdits(200),
  flips: bitFlips(SCHEMES, 64),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {FirstMessage} message
 */
export default function open(page, message) {
  const inputs = new TableInputs(page, message.header, [ROWS_MAX, COLUMNS_DRAWN]);
  /** @type {string[]} */
  const words = page.inputs.words ?? WORDS;
  /** @param {Params} params @returns {import("../answerer.js").Limits} */
  const limits = (params) => {
    const all = inputs.limits(limitsOf(parameters));
    return {
      ...all,
      row: { ...all.row, max: params.input_dim - 1 },
      block: { ...all.block, max: params.output_dim },
    };
  };
  let recorded = { key: keyOf(message.header.params), rows: recordedRows(message) };
  /** The rows of the last message, while the table stays and the row is among them. @param {Params} params @param {Table} table */
  const rowsOf = (params, { rows: V, columns: D }) => {
    const key = keyOf(params);
    if (key !== recorded.key || !recorded.rows.includes(params.row))
      recorded = { key, rows: rowsAround([params.row], V, rowsThatFit(D)) };
    return recorded.rows;
  };
  return new Answerer(
    {
      parameters,
      limits,
      check(name, value, params) {
        if (name === "input_dim" || name === "output_dim")
          inputs.checkSize(name, value, limits(params)[name]);
        const last = (inputs.user?.rows ?? ROWS_MAX) - 1;
        if (name === "row" && value > last)
          refuse(`row must be an integer from 0 to ${last}`, value, "Choose a smaller value");
      },
      normalize: (params) => ({
        ...params,
        row: Math.min(params.row, params.input_dim - 1),
        block: Math.min(params.block, params.output_dim),
      }),
      compute(params) {
        const original = inputs.user ?? wordRows(params.seed);
        const table = inputs.user
          ? part(original, original.rows, original.columns)
          : part(original, params.input_dim, params.output_dim);
        const warning = applyEdits(table, params.edits);
        return answer(params, table, rowsOf(params, table), words, warning);
      },
      headerEvenIfRefused: () => ({}),
    },
    page,
    message,
  );
}

/** What the recorded rows depend on. @param {Params} params */
const keyOf = ({ seed, input_dim, output_dim, block, edits, flips }) =>
  toJson([seed, input_dim, output_dim, block, edits, flips]);

/** The rows that a message has. @param {FirstMessage} message */
function recordedRows({ header, buffer }) {
  const spec = header.arrays.rows;
  if (!spec) return range(header.shape[0]);
  const bytes = ArrayBuffer.isView(buffer)
    ? buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength)
    : buffer;
  return Array.from(new Int32Array(bytes, spec.offset, spec.shape[0]));
}

/** How many rows fit into one message; each has about 36 bytes a number. @param {number} width */
function rowsThatFit(width) {
  const each = 36 * Math.min(width, COLUMNS_MAX) + 900;
  return Math.max(1, Math.min(ROWS_MAX, Math.floor(ROWS_BYTES / each)));
}

/** A table in which words of one class are near each other, and "king" has an outlier. @param {number} seed @returns {Table} */
function wordRows(seed) {
  const generator = new Generator(seed);
  const centers = generator.uniform(-0.55, 0.55, CLASSES.length * COLUMNS_DRAWN);
  const values = generator.uniform(-0.55, 0.55, ROWS_MAX * COLUMNS_DRAWN);
  const kinds = CLASSES.flatMap((words, kind) => words.map(() => kind));
  for (const [row, kind] of kinds.entries()) {
    for (let d = 0; d < COLUMNS_DRAWN; d++) {
      const at = row * COLUMNS_DRAWN + d;
      values[at] = centers[kind * COLUMNS_DRAWN + d] + 0.55 * values[at];
    }
  }
  values[WORDS.indexOf("king") * COLUMNS_DRAWN + 2] = 2.4;
  const data = Float32Array.from(values, twoDecimals);
  return { data, rows: ROWS_MAX, columns: COLUMNS_DRAWN };
}

/** Edit the cells that a table has; numbers that are not finite become 0. @param {Table} table @param {number[][]} edits */
function applyEdits({ data, rows, columns }, edits) {
  /** @type {Map<number, number>} */
  const bad = new Map();
  for (const [at, value] of data.entries()) {
    if (Number.isFinite(value)) continue;
    bad.set(at, value);
    data[at] = 0;
  }
  for (const [row, column, value] of edits) {
    if (row >= rows || column >= columns) continue;
    data[row * columns + column] = value;
    bad.delete(row * columns + column);
  }
  if (!bad.size) return null;
  const [at, value] = [...bad][0];
  const where = `[${Math.floor(at / columns)}, ${at % columns}]`;
  return `table must be finite. Received ${floatRepr(value)} at ${where}. It is shown as 0.`;
}

/**
 * @param {Params} params @param {Table} table @param {number[]} rows  that are recorded
 * @param {string[]} words @param {string | null} warning
 */
function answer(params, table, rows, words, warning) {
  const { rows: V, columns: D } = table;
  const whole = rows.length === V;
  const columns = Math.min(D, COLUMNS_MAX);
  const near = Math.min(V - 1, whole ? V - 1 : NEAREST_MAX);
  const sent = whole ? near : Math.min(near, NEIGHBORS_SENT);
  const block = Math.min(params.block, D);
  const recorded = { data: takeRows(table.data, D, rows), rows: rows.length, columns: D };
  const { largest, grown } = tenfold(recorded);
  const floats = nearestRows(table, recorded, rows, near);
  const Ids = whole ? Uint8Array : Int32Array;
  /** @param {Int32Array} order */
  const ids = (order) => ndarray(Ids.from(firstColumns(order, near, sent)), rows.length, sent);
  /** @param {Floats} similarity */
  const cosines = (similarity) => {
    const few = Math.min(near, NEIGHBORS);
    return ndarray(single(firstColumns(similarity, near, few)), rows.length, few);
  };
  /** @type {Record<string, NdArray>} */
  const arrays = {
    table: ndarray(single(firstColumns(recorded.data, D, columns)), rows.length, columns),
    largest: ndarray(largest),
    grown: ndarray(single(largestOf(grown, largest))),
    order: ids(floats.order),
    similarity: cosines(floats.similarity),
    ...(whole ? {} : { rows: ndarray(Int32Array.from(rows)) }),
  };
  /** @type {Record<string, any>} */
  const schemes = {};
  const results = SCHEMES.map((name) => {
    const size = name === "groups" ? block : 0;
    const flips = params.flips.filter((/** @type {any[]} */ flip) => flip[0] === name);
    const scheme = applyScheme(
      table,
      recorded,
      rows,
      grown,
      name === "int8" ? 8 : 4,
      size,
      flips.map((/** @type {any[]} */ flip) => flip.slice(1)),
      near,
    );
    schemes[name] = {
      name: name === "groups" ? `int4, groups of ${block}` : name,
      bytes: scheme.bytes,
      reach: scheme.reach,
      block: size || D,
      others: {},
    };
    for (const [key, array] of Object.entries(partsOf(scheme, rows, D, columns)))
      arrays[`${name}.${key}`] = array;
    arrays[`${name}.similarity`] = cosines(scheme.nearest.similarity);
    arrays[`${name}.order`] = ids(scheme.nearest.order);
    arrays[`${name}.histogram`] = ndarray(scheme.counts);
    return { name, title: schemes[name].name, ...scheme };
  });
  const labels = Array.from({ length: V }, (_, row) => words[row] ?? "");
  const k = Math.min(NEIGHBORS, V - 1);
  const fields = {
    words: rowLabels(rows, labels).map((word) => shortLabel(word, LABEL_LENGTH)),
    near: k,
    shape: [V, D],
    schemes,
    bytes: table.data.byteLength,
    dtype: dtypeOf(table),
    warning,
    stored: null,
    note: windowNote([V, D], rows.length, columns),
    ...(whole ? {} : { neighbor_words: neighborWords(arrays, rows, labels) }),
  };
  const texts = textsOf(params.row, table, rows, labels, k, near, floats.order, results);
  return { ...texts, fields, arrays };
}

/** @param {Floats | Float64Array} data */
const single = (data) => Float32Array.from(data);

/** The column of the largest number of each row, and the rows with it ten times as large. @param {Table} table */
function tenfold({ data, rows, columns }) {
  const largest = new Int32Array(rows);
  const grown = data.slice();
  const round = roundingOf(data);
  for (let row = 0; row < rows; row++) {
    for (let d = 1; d < columns; d++) {
      const at = row * columns;
      if (Math.abs(data[at + d]) > Math.abs(data[at + largest[row]])) largest[row] = d;
    }
    const at = row * columns + largest[row];
    const ten = round(data[at] * 10);
    if (Number.isFinite(ten)) grown[at] = ten;
  }
  return { largest, grown: { data: grown, rows, columns } };
}

/** The largest number of each row. @param {Table} table @param {Int32Array} largest */
function largestOf({ data, columns }, largest) {
  const values = zerosLike(data, largest.length);
  for (const [row, column] of largest.entries()) values[row] = data[row * columns + column];
  return values;
}

/**
 * One method for the whole table, and for the recorded rows after their largest number grew.
 * @param {Table} table @param {Table} recorded @param {number[]} rows @param {Table} grown
 * @param {number} bits @param {number} block @param {number[][]} flips @param {number} near
 */
function applyScheme(table, recorded, rows, grown, bits, block, flips, near) {
  const quantized = flipped(quantize(table, bits, block), flips);
  const all = dequantize(quantized);
  const rep = report(table, all, quantized);
  const reach = rep.largestError.reduce((most, error) => Math.max(most, error), 0);
  const restored = { ...recorded, data: takeRows(all.data, table.columns, rows) };
  const growth = quantize(grown, bits, block); // rows do not depend on each other
  return {
    quantized,
    restored,
    report: rep,
    reach,
    bytes: bytesOf(quantized),
    counts: errorCounts(table, all, BINS, reach),
    nearest: nearestRows(all, restored, rows, near),
    scaled: scaledBy(recorded, quantized, rows),
    growth,
    growthError: report(grown, dequantize(growth), growth).largestError,
  };
}

/** Each number divided by its step, before rounding. @param {Table} recorded @param {Quantized} quantized @param {number[]} rows */
function scaledBy({ data, columns }, { scale, zero, groups, block }, rows) {
  const scaled = zerosLike(data, data.length);
  for (const [at, row] of rows.entries()) {
    for (let d = 0; d < columns; d++) {
      const step = scale[row * groups + (zero ? Math.floor(d / block) : 0)];
      const value = data[at * columns + d];
      scaled[at * columns + d] = zero ? value / step : value * step;
    }
  }
  return scaled;
}

/** The arrays of one method, as they are sent. @param {ReturnType<typeof applyScheme>} scheme @param {number[]} rows @param {number} D @param {number} columns */
function partsOf(
  { quantized, restored, report: rep, scaled, growth, growthError },
  rows,
  D,
  columns,
) {
  const { groups, block, zero } = quantized;
  const count = rows.length;
  const width = quantized.bytes.length / quantized.rows;
  const bytesSent = Math.ceil(columns / (quantized.bits === 8 ? 1 : 2));
  const groupsSent = Math.ceil(columns / (block || columns));
  const stored = firstColumns(takeRows(quantized.bytes, width, rows), width, bytesSent);
  const codes = takeRows(codesOf(quantized), D, rows);
  /** @param {Floats} scale */
  const scales = (scale) =>
    ndarray(single(firstColumns(scale, groups, groupsSent)), count, groupsSent);
  /** @param {Float64Array} values */
  const ofRows = (values) => ndarray(single(takeRows(values, 1, rows)));
  return {
    codes: ndarray(firstColumns(codes, D, columns), count, columns),
    bytes: ndarray(new Uint8Array(stored), count, bytesSent),
    restored: ndarray(single(firstColumns(restored.data, D, columns)), count, columns),
    scaled: ndarray(single(firstColumns(scaled, D, columns)), count, columns),
    scale: scales(takeRows(quantized.scale, groups, rows)),
    error: ofRows(rep.largestError),
    half: ofRows(rep.halfStep),
    cosine: ofRows(rep.cosine),
    grown: ndarray(firstColumns(codesOf(growth), D, columns), count, columns),
    grown_scale: scales(growth.scale),
    grown_error: ndarray(single(growthError)),
    ...(zero && growth.zero
      ? {
          zero: ndarray(
            firstColumns(takeRows(zero, groups, rows), groups, groupsSent),
            count,
            groupsSent,
          ),
          grown_zero: ndarray(firstColumns(growth.zero, groups, groupsSent), count, groupsSent),
        }
      : {}),
  };
}

/** The words of the neighbors that are not among the recorded rows. @param {Record<string, NdArray>} arrays @param {number[]} rows @param {string[]} labels */
function neighborWords(arrays, rows, labels) {
  const lists = ["order", ...SCHEMES.map((name) => `${name}.order`)].map(
    (name) => arrays[name].data,
  );
  const others = new Set(lists.flatMap((list) => Array.from(list)));
  for (const row of rows) others.delete(row);
  const named = [...others].filter((row) => labels[row]);
  return Object.fromEntries(named.map((row) => [row, shortLabel(labels[row], LABEL_LENGTH)]));
}

/**
 * The run in a few lines, and the picture for somebody who does not see it.
 * @param {number} row @param {Table} table @param {number[]} rows @param {string[]} labels
 * @param {number} k @param {number} near @param {Int32Array} order
 * @param {({ name: string, title: string } & ReturnType<typeof applyScheme>)[]} results
 */
function textsOf(row, table, rows, labels, k, near, order, results) {
  const { rows: V, columns: D } = table;
  const at = rows.indexOf(row);
  const name = labels[row] ? `${shortLabel(labels[row])} (row ${row})` : `row ${row}`;
  const bytes = formatCount(table.data.byteLength, "byte");
  const values = Array.from(table.data.subarray(row * D, (row + 1) * D), (v) => formatNumber(v));
  /** @param {Int32Array} list */
  const nearest = (list) => Array.from(list.subarray(at * near, at * near + k));
  const before = nearest(order);
  const lines = [
    `table   (${V}, ${D}) ${dtypeOf(table)}, ${bytes}`,
    `row     ${name}: ${joinSome(values, 8, " ")}`,
  ];
  const parts = results.map(({ name: scheme, title, ...result }) => {
    const after = nearest(result.nearest.order);
    const kept = `${before.filter((one) => after.includes(one)).length} of ${formatCount(k, "neighbor")} kept`;
    const error = formatNumber(result.report.largestError[row], 4);
    const half = formatNumber(result.report.halfStep[row], 4);
    const size = formatCount(result.bytes, "byte");
    const codes = Array.from(codesOf(result.quantized).subarray(row * D, (row + 1) * D), (code) =>
      formatCount(code),
    );
    lines.push(`${scheme.padEnd(7)} ${joinSome(codes, 8, " ")}`);
    lines.push(`        ${size}, largest error ${error} (half a step ${half}), ${kept}`);
    return `${title}: ${size}, largest error ${error}, ${kept}`;
  });
  const counted = `${formatCount(V, "row")} and ${formatCount(D, "column")}`;
  const alt = `${name} of a table of ${counted}, ${bytes}. ${parts.join("; ")}.`;
  return { summary: lines.join("\n"), alt };
}
