/** The gradient view without Python: `embedlab.explorers.gradient`. */
import { Answerer } from "../answerer.js";
import { ndarray } from "../encode.js";
import { firstColumns, takeRows } from "../floats.js";
import { boundedInt, boundedText, choice, flag, SIZE_MAX } from "../parameters.js";
import { joinNotes, rowLabels, rowsAround, windowNote, wordsNote } from "../rows_shown.js";
import { limitsOf, randomTable, TableInputs } from "../table.js";
import { formatCount, formatNumber, joinSome, shortLabel } from "../text.js";
import { centralDifference, errorCurve, STEPS, TOLERANCE, weightsToCheck } from "./check.js";
import { nextWordLoss, targetLoss } from "./losses.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../sentence.js").Sentence} Sentence */
/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./losses.js").Loss} Loss */
/** @typedef {Record<Rule, { largest: Float64Array, curve: Float64Array, passes: boolean }>} Checks */
/** @typedef {"add" | "assign"} Rule */

const ROWS_DRAWN = 40;
const ROWS_LABELED = 22;
const COLUMNS_DRAWN = 16;
const COLUMNS_MAX = 32;
const TOKENS_MAX = 80;
const LABEL_LENGTH = 40;
const MIDDLE = 5; // a step size with small truncation and rounding errors
/** @type {Rule[]} */
const RULES = ["add", "assign"];

const parameters = {
  text: boundedText(65_536),
  input_dim: boundedInt(1, SIZE_MAX),
  output_dim: boundedInt(1, SIZE_MAX),
  mode: choice("plain", "padding", "frequency", "tied"),
  rule: choice(...RULES),
  padding_idx: boundedInt(0, SIZE_MAX),
  digits: boundedInt(0, STEPS.length - 1),
  seed: boundedInt(0, 2 ** 31 - 1),
  grow: flag(),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  const inputs = new TableInputs(page, message.header, [ROWS_DRAWN, COLUMNS_DRAWN]);
  /** @param {Params} params @returns {import("../answerer.js").Limits} */
  const limits = (params) => {
    const all = inputs.limits(limitsOf(parameters));
    return { ...all, padding_idx: { ...all.padding_idx, max: params.input_dim - 1 } };
  };
  return new Answerer(
    {
      parameters,
      limits,
      check(name, value, params) {
        if (name === "input_dim" || name === "output_dim")
          inputs.checkSize(name, value, limits(params)[name]);
      },
      normalize(params, last) {
        const words = inputs.user ? 0 : inputs.parse(params.text, TOKENS_MAX).rowsNeeded;
        const sized = inputs.grow(params, last, words);
        return { ...sized, padding_idx: Math.min(params.padding_idx, sized.input_dim - 1) };
      },
      compute(params) {
        const table = inputs.table(params);
        const wide = { ...table, data: Float64Array.from(table.data) };
        return answer(params, wide, inputs.parse(params.text, TOKENS_MAX), inputs.user !== null);
      },
      headerEvenIfRefused: () => ({ rows_needed: inputs.rowsNeeded }),
    },
    page,
    message,
  );
}

/** @param {Params} params @param {Table} table @param {Sentence} sentence @param {boolean} fixed */
function answer(params, table, sentence, fixed) {
  const { rows: V, columns: D } = table;
  const { ids, words } = sentence;
  const N = ids.length;
  const tied = params.mode === "tied";
  const padding = params.mode === "padding" ? params.padding_idx : -1;
  const mean = params.mode === "frequency";
  const tokens = sentence.tokens.map((token, n) =>
    token.startsWith("#") && words[ids[n]] ? words[ids[n]] : token,
  );
  const target = tied ? null : targetsOf(params.seed, N, D);
  const loss = target ? targetLoss(table, ids, target, padding) : nextWordLoss(table, ids);
  const pairs = pairsOf(ids, loss, D, tied, padding);
  const sums = coalesce(pairs, D, mean);
  const [added, assigned] = tables(V, D, pairs, sums, mean, loss.direct);
  const { rows: some, columns: K } = weightsToCheck(V, D, ids, tied);
  const checked = some.filter((row) => row !== padding); // what is trained
  const { up, down } = centralDifference(loss, checked, K);
  const checks = /** @type {Checks} */ ({});
  for (const [rule, grad] of /** @type {[Rule, Float64Array][]} */ ([
    ["add", added],
    ["assign", assigned],
  ])) {
    const analytic = firstColumns(takeRows(grad, D, checked), D, K);
    const { largest, curve } = errorCurve(analytic, up, down);
    checks[rule] = { largest, curve, passes: Math.min(...curve) <= TOLERANCE };
  }
  const frequent = [...sums.keys()].sort((a, b) => countOf(sums, b) - countOf(sums, a));
  const most =
    fixed && V > ROWS_DRAWN
      ? Math.min(ROWS_DRAWN, Math.max(ROWS_LABELED, frequent.length))
      : ROWS_DRAWN;
  const rows = rowsAround(frequent, V, most);
  const columns = Math.min(D, COLUMNS_MAX);
  /** @param {Float64Array} grid  (V, D) */
  const ofRows = (grid) =>
    ndarray(firstColumns(takeRows(grid, D, rows), D, columns), rows.length, columns);
  /** @param {Float64Array} grid @param {number} count */
  const grid = (grid, count) => ndarray(firstColumns(grid, D, columns), count, columns);
  const scores = loss.gradScores
    ? ndarray(pickColumns(loss.gradScores, V, rows), N, rows.length)
    : ndarray(new Float64Array(), N, 0);
  const direct = loss.direct ?? new Float64Array(V * D);
  const { largest: addLargest, curve: addCurve } = checks.add;
  const arrays = {
    ids: ndarray(Int32Array.from(ids)),
    has_gradient: ndarray(Uint8Array.from(loss.hasGradient, Number)),
    rows: ndarray(Int32Array.from(rows)),
    counts: ndarray(Int32Array.from(rows, (row) => (sums.has(row) ? countOf(sums, row) : 0))),
    table: ofRows(Float64Array.from(table.data)),
    ...(target && target.some((value) => !Number.isNaN(value)) ? { target: grid(target, N) } : {}),
    grad_out: grid(loss.gradOut, N),
    running_sums: grid(runningSums(pairs, D), pairs.ids.length),
    added: ofRows(added),
    assigned: ofRows(assigned),
    direct: ofRows(direct),
    grad_scores: scores,
    checked: ndarray(Int32Array.from(checked)),
    up: ndarray(up, STEPS.length, checked.length, K),
    down: ndarray(down, STEPS.length, checked.length, K),
    largest: ndarray(
      Float64Array.of(...addLargest, ...checks.assign.largest),
      RULES.length,
      STEPS.length,
    ),
    curve: ndarray(
      Float64Array.of(...addCurve, ...checks.assign.curve),
      RULES.length,
      STEPS.length,
    ),
  };
  const reached = tied && pairs.ids.length ? V : sums.size;
  const fields = {
    tokens: tokens.map((token) => shortLabel(token, LABEL_LENGTH)),
    words: rowLabels(rows, words.slice(0, V)).map((word) => shortLabel(word, LABEL_LENGTH)),
    total: sentence.total,
    V,
    D,
    loss: Number.isFinite(loss.total) ? loss.total : null,
    reached,
    passes: { add: checks.add.passes, assign: checks.assign.passes },
    tolerance: TOLERANCE,
    weights_checked: checked.length * K,
    own_gradient: false,
    note: joinNotes(
      windowNote([V, D], rows.length, columns),
      wordsNote(N, sentence.total, sentence.unit),
    ),
  };
  const run = { V, D, N, words, loss, pairs, sums, added, checks, mean, tied, padding };
  return {
    summary: summaryOf(run, checked.length * K),
    alt: altOf(run, direct),
    fields,
    arrays,
  };
}

/** The target of each position; a longer text keeps the first targets. @param {number} seed @param {number} N @param {number} D */
function targetsOf(seed, N, D) {
  const { data } = randomTable(seed + 1, N, D, Math.max(D, COLUMNS_MAX));
  return Float64Array.from(data);
}

/** @typedef {{ ids: number[], rows: Float64Array }} Pairs  the gradient rows before duplicates are added */
/** @typedef {Map<number, { count: number, row: Float64Array }>} Sums  by row, sorted */

/** @param {number[]} ids @param {Loss} loss @param {number} D @param {boolean} tied @param {number} padding @returns {Pairs} */
function pairsOf(ids, loss, D, tied, padding) {
  const at = ids.flatMap((id, n) => ((tied ? loss.hasGradient[n] : id !== padding) ? [n] : []));
  return { ids: at.map((n) => ids[n]), rows: takeRows(loss.gradOut, D, at) };
}

/** @param {Pairs} pairs @param {number} D @param {boolean} mean @returns {Sums} */
function coalesce({ ids, rows }, D, mean) {
  /** @type {Sums} */
  const sums = new Map(
    [...new Set(ids)]
      .sort((a, b) => a - b)
      .map((id) => [id, { count: 0, row: new Float64Array(D) }]),
  );
  for (const [n, id] of ids.entries()) {
    const sum = /** @type {{ count: number, row: Float64Array }} */ (sums.get(id));
    sum.count++;
    for (let d = 0; d < D; d++) sum.row[d] += rows[n * D + d];
  }
  if (mean) for (const { count, row } of sums.values()) for (let d = 0; d < D; d++) row[d] /= count;
  return sums;
}

/** @param {Sums} sums @param {number} row */
const countOf = (sums, row) => /** @type {{ count: number }} */ (sums.get(row)).count;

/**
 * The gradient of the table, and the one of a common bug: of equal ids only the last row is kept.
 * @param {number} V @param {number} D @param {Pairs} pairs @param {Sums} sums @param {boolean} mean
 * @param {Float64Array | null} direct
 */
function tables(V, D, pairs, sums, mean, direct) {
  const added = new Float64Array(V * D);
  const assigned = new Float64Array(V * D);
  for (const [id, { row }] of sums) added.set(row, id * D);
  for (const [n, id] of pairs.ids.entries())
    assigned.set(pairs.rows.subarray(n * D, (n + 1) * D), id * D);
  if (mean)
    for (const [id, { count }] of sums) for (let d = 0; d < D; d++) assigned[id * D + d] /= count;
  if (direct)
    for (const grad of [added, assigned])
      for (let n = 0; n < grad.length; n++) grad[n] += direct[n];
  return [added, assigned];
}

/** The sum in each pair's row after the pair is added. @param {Pairs} pairs @param {number} D */
function runningSums({ ids, rows }, D) {
  const result = rows.slice();
  /** @type {Map<number, number>} */
  const last = new Map();
  for (const [n, id] of ids.entries()) {
    const before = last.get(id);
    if (before !== undefined)
      for (let d = 0; d < D; d++) result[n * D + d] += result[before * D + d];
    last.set(id, n);
  }
  return result;
}

/** Some columns of a matrix. @param {Float64Array} data @param {number} width @param {number[]} columns */
function pickColumns(data, width, columns) {
  const rows = width ? data.length / width : 0;
  const result = new Float64Array(rows * columns.length);
  for (let row = 0; row < rows; row++) {
    for (const [at, column] of columns.entries())
      result[row * columns.length + at] = data[row * width + column];
  }
  return result;
}

/**
 * @typedef {{ V: number, D: number, N: number, words: string[], loss: Loss, pairs: Pairs, sums: Sums,
 *   added: Float64Array, checks: Checks, mean: boolean, tied: boolean, padding: number }} Run
 */

/** The run in a few lines. @param {Run} run @param {number} weights */
function summaryOf(run, weights) {
  const { V, D, N, loss, pairs, sums, checks } = run;
  const rows = [...sums.keys()].sort((a, b) => countOf(sums, b) - countOf(sums, a)).slice(0, 3);
  const back = `${formatCount(pairs.ids.length, "gradient row")} for ${sums.size}`;
  return [
    `loss    ${formatNumber(loss.total, 4)} for ${formatCount(N, "token")}`,
    `back    ${back} of ${formatCount(V, "row")}${modeOf(run)}`,
    ...rows.map((row) => `        ${rowOf(run, row)}`),
    ...RULES.map((rule) => {
      const word = checks[rule].passes ? "passes" : "FAILS";
      return `${rule.padEnd(7)} ${word} the check: ${errorOf(checks[rule].curve)}`;
    }),
    `checked ${formatCount(weights, "weight")} of ${V * D}`,
  ].join("\n");
}

/** @param {Run} run */
function modeOf({ tied, pairs, padding, mean }) {
  if (tied && pairs.ids.length) return ", and through the scores one for every row";
  const mode = padding < 0 ? "" : `, row ${padding} is padding`;
  return mean ? `${mode}, each divided by its count` : mode;
}

/** @param {Run} run @param {number} row */
function rowOf({ D, words, loss, pairs, sums, added, mean }, row) {
  const parts = pairs.ids.flatMap((id, n) =>
    id === row ? [formatNumber(pairs.rows[n * D], 3)] : [],
  );
  if (loss.direct) parts.push(formatNumber(loss.direct[row * D], 3));
  let sum = joinSome(parts, 4, " + ").replaceAll("+ −", "− ");
  if (mean && countOf(sums, row) > 1) sum = `(${sum}) / ${countOf(sums, row)}`;
  const name = words[row] ? ` ${shortLabel(words[row])}` : "";
  return `row ${row}${name}, column 0: ${sum} = ${formatNumber(added[row * D], 3)}`;
}

/** @param {Float64Array} curve */
function errorOf(curve) {
  const error = Math.min(...curve);
  if (!Number.isFinite(error)) return "the loss is not finite";
  if (error <= TOLERANCE) return "the error is below 1e-06";
  return `the error is ${formatNumber(curve[MIDDLE])} at h = 1e-05`;
}

/** The picture for somebody who does not see it. @param {Run} run @param {Float64Array} direct */
function altOf({ V, pairs, sums, checks }, direct) {
  const gets = [...sums].map(([row, { count }]) =>
    count > 1 ? `row ${row} gets the sum of ${count}` : `row ${row} gets one`,
  );
  const results = RULES.map(
    (rule) => `${rule} ${checks[rule].passes ? "passes" : "fails"} the gradient check`,
  );
  const every = direct.some((value) => value !== 0)
    ? "; through the scores every row gets one more"
    : "";
  const counted = `${formatCount(pairs.ids.length, "gradient row")} for a table of ${formatCount(V, "row")}`;
  return `${counted}: ${joinSome(gets, 12) || "none gets any"}${every}; ${results.join(", ")}.`;
}
