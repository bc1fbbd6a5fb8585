/** The LoRA view without Python: `embedlab.explorers.lora`. */
import { Answerer } from "../answerer.js";
import { MAX_BYTES, ndarray } from "../encode.js";
import { firstColumns, takeRows } from "../floats.js";
import { boundedInt, cellEdits, choice, intList, refuse, SIZE_MAX } from "../parameters.js";
import { toJson } from "../python_text.js";
import { rint } from "../random.js";
import { range, rowLabels, windowNote } from "../rows_shown.js";
import { COLUMNS_MAX, limitsOf, randomTable, readTable, TableInputs } from "../table.js";
import { fixed, formatCount, formatNumber, general, joinSome, shortLabel } from "../text.js";
import { displacementsAlong } from "./displacement.js";
import { firstStepNorms, initialFactors } from "./factors.js";
import { bestErrorByRank, effectiveRank, singularValues } from "./spectrum.js";
import { NOUNS_FIRST, targetDelta } from "./target.js";
import { correctedRates, trainAdapter } from "./training.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../encode.js").NdArray} NdArray */
/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./displacement.js").Along} Along */
/** @typedef {import("./training.js").Run} Run */
/** @typedef {{ data: Float64Array, warning: string | null }} Usable */

const RANKS_MAX = 16;
const ROWS_MAX = 64;
const COLUMNS_DEFAULT_MAX = 16;
const ROWS_DRAWN = 20;
const COLUMNS_DRAWN = 12;
const SEEN_MAX = 16;
const STEPS = 200;
const RATE = 0.02;
const LABEL_LENGTH = 40;
const VALUE_MAX = 1e6;
const FIRST_STEPS = [0, 1, 2, 3]; // the error changes most at the start
const STRIDES = [4, 5, 8, 10, 20, 25, 40, 50, 100, 200];

const parameters = {
  rank: boundedInt(1, RANKS_MAX),
  alpha: boundedInt(1, 64),
  scaling: choice("lora", "rslora"),
  start: choice("random", "zero"),
  target: choice("topic", "one word", "random", "painted", "own"),
  seen: intList([0, 1, 4], SEEN_MAX, 0, SIZE_MAX),
  input_dim: boundedInt(1, SIZE_MAX),
  output_dim: boundedInt(1, SIZE_MAX),
  seed: boundedInt(0, 2 ** 31 - 1000),
  edits: cellEdits(200),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open({ initial, inputs: given }, message) {
  /** @type {string[] | null} */
  const labels = given.words;
  const vocabulary = labels && { kind: "rows", words: labels, rows: labels.length };
  const page = { initial, inputs: { table: given.table, vocabulary } };
  const inputs = new TableInputs(page, message.header, [ROWS_MAX, COLUMNS_DEFAULT_MAX]);
  const delta = readTable(given.delta);
  inputs.fixed ??= delta;
  const user = inputs.user && usable(inputs.user, "table");
  const own = delta && usable(delta, "delta");
  /** @param {Params} params @returns {import("../answerer.js").Limits} */
  const limits = (params) => {
    const all = inputs.limits(limitsOf(parameters));
    const { input_dim: V, output_dim: D } = params;
    const { choices } = all.target;
    return {
      ...all,
      rank: { ...all.rank, max: Math.min(V, D, RANKS_MAX) },
      seen: { ...all.seen, max: V - 1 },
      target: { choices: choices.filter((/** @type {string} */ name) => own || name !== "own") },
    };
  };
  /** What does not depend on the rank. @type {{ key: string, sweep: ReturnType<typeof sweepOf> } | null} */
  let last = null;
  return new Answerer(
    {
      parameters,
      limits,
      check(name, value, params) {
        if (name === "input_dim" || name === "output_dim")
          inputs.checkSize(name, value, limits(params)[name]);
        if (name === "target" && value === "own" && !own)
          refuse(
            'target must be "topic", "one word", "random" or "painted"',
            '"own" without a change',
            "Pass delta=..., or a layer with adapters",
          );
      },
      normalize: (params) => ({
        ...params,
        rank: Math.min(params.rank, params.input_dim, params.output_dim),
      }),
      compute(params) {
        const key = toJson({ ...params, rank: 0 });
        if (last?.key !== key) {
          const { input_dim: V, output_dim: D, seed } = params;
          const seen = [...new Set(/** @type {number[]} */ (params.seen))]
            .filter((row) => row < V)
            .sort((a, b) => a - b);
          const table = user ?? {
            data: Float64Array.from(randomTable(seed, V, D, Math.max(D, COLUMNS_MAX)).data),
            warning: null,
          };
          const change =
            params.target === "own" && own
              ? own
              : { data: targetDelta(params, V, D, seen), warning: null };
          const isToy = !inputs.fixed && !labels;
          const words = isToy ? NOUNS_FIRST : (labels ?? []);
          last = { key, sweep: sweepOf(params, table, change, seen, words) };
        }
        const { fields, arrays } = last.sweep;
        return { ...textsOf(params, last.sweep), fields, arrays };
      },
      headerEvenIfRefused: () => ({}),
    },
    page,
    message,
  );
}

/** A table in double precision, 0 where it cannot be drawn, and the sentence for that. @param {Table} table @param {string} name @returns {Usable} */
function usable({ data: values, columns }, name) {
  const data = Float64Array.from(values);
  const isUsable = (/** @type {number} */ value) => Math.abs(value) <= VALUE_MAX;
  const at = data.findIndex((value) => !isUsable(value));
  if (at < 0) return { data, warning: null };
  const where = `[${Math.floor(at / columns)}, ${at % columns}]`;
  const warning =
    `${name} must be finite, and within ±1 000 000 to be drawn. Received ` +
    `${general(data[at])} at ${where}. Such values are shown as 0.`;
  return { data: data.map((value) => (isUsable(value) ? value : 0)), warning };
}

/**
 * Adapters of all ranks, trained; and the message, of which only the texts depend on the rank.
 * @param {Params} params @param {Usable} table @param {Usable} change @param {number[]} seen
 * @param {string[]} words
 */
function sweepOf(params, table, change, seen, words) {
  const { input_dim: V, output_dim: D, alpha, scaling, start, seed, edits } = params;
  const delta = change.data;
  const ranks = range(Math.min(V, D, RANKS_MAX)).map((k) => k + 1);
  const K = ranks.length;
  const scales = {
    lora: ranks.map((r) => alpha / r),
    rslora: ranks.map((r) => alpha / Math.sqrt(r)),
  };
  const chosen = scaling === "rslora" ? scales.rslora : scales.lora;
  const values = singularValues(delta, V, D);
  const errors = bestErrorByRank(values);
  const factors = initialFactors(V, D, K, start, seed);
  const trainedDelta = takeRows(delta, D, seen);
  const unit = firstStepNorms(trainedDelta, seen.length, V, D, K, start, seed);
  const norms = [scales.lora, scales.rslora].map((all) =>
    unit.map((norm, k) => norm * all[k] ** 2),
  );

  const rows = rowsDrawn(V, seen);
  const columns = Math.min(D, COLUMNS_DRAWN);
  const labels = rowLabels(rows, words).map((word) => shortLabel(word, LABEL_LENGTH));
  /** Some rows of a matrix, some of their columns. @param {Float64Array} matrix @param {number[]} some */
  const drawn = (matrix, some) => firstColumns(takeRows(matrix, D, some), D, columns);
  /** @type {Record<string, NdArray>} */
  const arrays = {
    rows: ndarray(Int32Array.from(rows)),
    seen: ndarray(Int32Array.from(seen, (row) => rows.indexOf(row))),
    table: rounded(drawn(table.data, rows), rows.length, columns),
    delta: rounded(drawn(delta, rows), rows.length, columns),
    a_start: rounded(takeRows(factors.a, K, rows), rows.length, K),
    singular_values: rounded(values),
    errors: rounded(errors),
    training_errors: ndarray(new Float32Array(K * (STEPS + 1)), K, STEPS + 1), // see below
    first_norms: rounded(Float64Array.from(norms.flatMap((norm) => [...norm])), 2, K),
    merge_differences: ndarray(new Float32Array(K)), // both are the same sum
  };
  let used = 14_000 + 60 * edits.length;
  for (const label of labels) used += 4 * Array.from(label).length;
  for (const { data } of Object.values(arrays)) used += 4 * (data.length + 2);
  let stepBytes = 0;
  for (const r of ranks) stepBytes += 4 * (r * (seen.length + columns) + rows.length + 5);
  const frames = stepsThatFit(stepBytes, MAX_BYTES - used);
  const F = frames.length;
  arrays.steps = ndarray(Int32Array.from(frames));

  const before = takeRows(table.data, D, seen);
  const goal = trainedDelta.map((value, n) => before[n] + value - before[n]); // it rounds
  const rates = correctedRates(RATE, STEPS);
  const along = ranks.map((r, k) => {
    const a = firstColumns(takeRows(factors.a, K, seen), K, r);
    const run = trainAdapter(goal, chosen[k], a, factors.b.slice(0, r * D), r, rates, frames);
    return { run, ...displacementsAlong(run, r, factors.a, K, delta, seen) };
  });
  const moved = new Int32Array(K * F);
  const untrained = new Float64Array(K * F);
  const all = new Float64Array(K * F);
  const trained = new Float64Array(K * (STEPS + 1));
  for (const [k, { run, ...one }] of along.entries()) {
    const r = k + 1;
    moved.set(one.moved, k * F);
    untrained.set(one.untrained, k * F);
    all.set(one.errors, k * F);
    const first = run.losses[0];
    trained.set(
      first > 0 ? run.losses.map((loss) => Math.sqrt(loss / first)) : run.losses.map(() => 0),
      k * (STEPS + 1),
    );
    arrays[`a${r}`] = rounded(run.a, F, seen.length, r);
    arrays[`b${r}`] = rounded(firstColumns(run.b, D, columns), F, r, columns);
    arrays[`drift${r}`] = rounded(columnsOf(one.rows, V, rows), F, rows.length);
  }
  arrays.training_errors = rounded(trained, K, STEPS + 1);
  arrays.moved = ndarray(moved, K, F);
  arrays.largest_unseen = rounded(untrained, K, F);
  arrays.all_errors = rounded(all, K, F);
  const effective = effectiveRank(values);
  const fields = {
    words: labels,
    shape: [V, D],
    all_seen: seen.length,
    steps: STEPS,
    rate: RATE,
    scales: chosen,
    effective_rank: Number(fixed(effective, 6)),
    warning: table.warning ?? change.warning,
    note: windowNote([V, D], rows.length, columns),
  };
  return { fields, arrays, seen, words, scales: chosen, effective, errors, norms, along };
}

/** An array as it is sent: with six decimals, without minus zero. @param {Float64Array} values @param {number[]} shape */
function rounded(values, ...shape) {
  const result = new Float32Array(values.length); // from() would take a third of an edit
  for (let n = 0; n < result.length; n++) result[n] = rint(values[n] * 1e6) / 1e6 + 0;
  return ndarray(result, ...shape);
}

/** Some columns of a matrix. @param {Float64Array} data @param {number} width @param {number[]} columns */
function columnsOf(data, width, columns) {
  const result = new Float64Array((data.length / width) * columns.length);
  for (let n = 0; n < result.length; n++)
    result[n] = data[Math.floor(n / columns.length) * width + columns[n % columns.length]];
  return result;
}

/** The rows that are drawn, sorted: all, or the trained rows and the first others. @param {number} V @param {number[]} seen */
function rowsDrawn(V, seen) {
  if (V <= ROWS_DRAWN) return range(V);
  const others = range(ROWS_DRAWN).filter((row) => !seen.includes(row));
  return [...seen, ...others.slice(0, ROWS_DRAWN - seen.length)].sort((a, b) => a - b);
}

/** The steps that are sent: the first few, then every fourth, or fewer if need be. @param {number} stepBytes @param {number} available */
function stepsThatFit(stepBytes, available) {
  /** @type {number[]} */
  let steps = [];
  for (const stride of STRIDES) {
    steps = range(STEPS + 1).filter(
      (step) => FIRST_STEPS.includes(step) || step % stride === 0 || step === STEPS,
    );
    if (steps.length * stepBytes <= available) break;
  }
  return steps;
}

/** A loss with the digits that are the same on every machine. @param {number} loss */
const formatLoss = (loss) => formatNumber(loss, loss < 1e6 ? 4 : 0);

/** The run in a few lines, and as the picture. @param {Params} params @param {ReturnType<typeof sweepOf>} sweep */
function textsOf({ rank, input_dim: V, output_dim: D, start }, sweep) {
  const { seen, words, scales, effective, errors, norms, along } = sweep;
  const { run, rows } = along[rank - 1];
  const end = rows.subarray(rows.length - V);
  const untrained = range(V).filter((row) => !seen.includes(row));
  /** @param {number[]} some */
  const farthest = (some) =>
    formatNumber(
      some.reduce((most, row) => Math.max(most, end[row]), 0),
      3,
    );
  /** @param {number[]} some */
  const moved = (some) => some.filter((row) => end[row] > 0).length;
  const first = norms.map(
    (norm, n) =>
      `${["α/r", "α/√r"][n]} ${formatNumber(norm[0], 3)} → ${formatNumber(norm[norm.length - 1], 3)}`,
  );
  const parameterCount = (V + D) * rank;
  const scale = formatNumber(scales[rank - 1]);
  const lines = [
    `change  (${V}, ${D}), effective rank ${formatNumber(effective, 1)}; ` +
      `rank ${rank} leaves an error of ${formatNumber(100 * errors[rank], 1)} %`,
    `trains  ${formatCount(parameterCount, "parameter")} instead of ${formatCount(V * D)} ` +
      `(${formatNumber((100 * parameterCount) / (V * D), 0)} %), scale ${scale}, A starts ${start}`,
    `seen    ${seen.length} of ${formatCount(V, "row")}; after ${STEPS} steps the ` +
      `loss is ${formatLoss(run.losses[STEPS])}, from ${formatLoss(run.losses[0])}`,
    `moved   ${moved(seen)} seen (up to ${farthest(seen)}), ` +
      `${moved(untrained)} of ${untrained.length} unseen (up to ${farthest(untrained)})`,
    `first   update from rank 1 to ${along.length}: ${first.join(", ")}`,
  ];
  const names = seen.map((row) => shortLabel(words[row] ?? "") || `row ${row}`);
  const alt =
    `A table of ${formatCount(V, "row")} and ${formatCount(D, "column")} plus ${scale} times A ` +
    `(${V} by ${rank}) times B (${rank} by ${D}). Trained: ${joinSome(names) || "nothing"}. ` +
    `${moved(untrained)} of ${untrained.length} rows that were never trained moved too.`;
  return { summary: lines.join("\n"), alt };
}
