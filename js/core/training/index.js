/** The training view without Python: `embedlab.explorers.training`. */
import { Answerer } from "../answerer.js";
import { parseCorpus, sentencesOf } from "../corpus.js";
import { ndarray } from "../encode.js";
import { RATES, SLOT_NAMES } from "../optimizers.js";
import { boundedInt, boundedText, branchPoint, optimizerRuns, SIZE_MAX } from "../parameters.js";
import { principalPlane } from "../plane.js";
import { Generator, rint } from "../random.js";
import { range, wordsNote } from "../rows_shown.js";
import { sampleBatches, trainRecorded } from "../skipgram.js";
import { limitsOf, TableInputs } from "../table.js";
import { formatCount, formatNumber, general, joinSome, shortLabel } from "../text.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../corpus.js").Corpus} Corpus */
/** @typedef {import("../encode.js").NdArray} NdArray */
/** @typedef {import("../optimizers.js").Rule} Rule */
/** @typedef {import("../skipgram.js").Batches} Batches */
/** @typedef {import("../skipgram.js").Run} Run */
/** @typedef {import("../skipgram.js").Setting} Setting */
/** @typedef {Setting & { run: number, step: number }} Branch */
/**
 * What a run does with the embedding table.
 * @typedef {object} Trained
 * @property {Setting} setting  at the start
 * @property {Branch | null} branch
 * @property {Float32Array} table  (S + 1, V, D)
 * @property {Float32Array[]} slots
 * @property {Float32Array} grads  (S, V, D)
 * @property {Float32Array} rates
 * @property {Float64Array} losses
 * @property {Uint8Array} hasGrad  (S, V)
 * @property {Uint8Array} moved    (S, V)
 */

const MAX_BYTES = 300_000;
const ROWS_MAX = 40;
const COLUMNS_MAX = 8;
const STEPS_MAX = 200;
const BATCH_MAX = 16;
const RUNS_MAX = 3;
const LABEL_LENGTH = 40;
const HEADER_BYTES = 45_000; // for the words, the text and the rest of the header
const [WINDOW, NEGATIVE] = [2, 2];

const parameters = {
  text: boundedText(65_536),
  runs: optimizerRuns(RATES, RUNS_MAX),
  branch: branchPoint(Object.keys(RATES), RUNS_MAX, STEPS_MAX),
  steps: boundedInt(10, STEPS_MAX),
  batch: boundedInt(1, BATCH_MAX),
  input_dim: boundedInt(1, SIZE_MAX),
  output_dim: boundedInt(1, SIZE_MAX),
  seed: boundedInt(0, 2 ** 31 - 1),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  const inputs = new TableInputs(page, message.header, [ROWS_MAX, COLUMNS_MAX]);
  /** @returns {import("../answerer.js").Limits} */
  const limits = () => ({
    ...limitsOf(parameters),
    input_dim: { min: 1, max: ROWS_MAX },
    output_dim: { min: 1, max: COLUMNS_MAX },
  });
  return new Answerer(
    {
      parameters,
      limits,
      check(name, value) {
        if (name === "input_dim" || name === "output_dim")
          inputs.checkSize(name, value, limits()[name]);
      },
      normalize: (params) => params,
      compute: (params) =>
        answer(params, parseCorpus(params.text, params.input_dim, inputs.vocabulary)),
      headerEvenIfRefused: () => ({}),
    },
    page,
    message,
  );
}

/** How many steps fit into one message. @param {Params} params @param {number} V */
function stepsThatFit({ runs, branch, batch, output_dim: D }, V) {
  /** @type {Rule[][]} */
  const names = runs.map((/** @type {[Rule, number]} */ [name]) => [name]);
  if (branch.length && branch[0] < names.length) names[branch[0]].push(branch[2]);
  let dense = Number(branch.length > 0);
  for (const rules of names) dense += 1 + Math.max(...rules.map((rule) => SLOT_NAMES[rule].length));
  const touched = Math.min(V, batch) * (names.length + 1);
  const each = 4 * D * (V * dense + touched) + 16 * (names.length + 1);
  return Math.max(1, Math.min(STEPS_MAX, Math.floor((MAX_BYTES - HEADER_BYTES) / each) - 1));
}

/** @param {Params} params @param {Corpus} corpus */
function answer(params, { ids, starts, words, total }) {
  const [V, D, N] = [words.length, params.output_dim, ids.length];
  const fitting = stepsThatFit(params, V);
  const S = Math.min(params.steps, fitting);
  const branch = branchOf(params, S);
  const start = Float32Array.from(new Generator(params.seed).uniform(-0.5, 0.5, 2 * V * D));
  const how = {
    steps: S,
    batch: params.batch,
    window: WINDOW,
    negative: NEGATIVE,
    seed: params.seed,
  };
  const batches = sampleBatches(ids, sentencesOf(N, starts), V, how);
  const recorded = params.runs.map((/** @type {[Rule, number]} */ [rule, rate]) =>
    trainRecorded(batches, start, D, { rule, rate }),
  );
  /** @type {Trained[]} */
  const runs = recorded.map((/** @type {Run} */ run) => tableOf(run, run.setting, null, V, D));
  const original = branch ? runs[branch.run] : null;
  if (branch) {
    const { rule, rate } = branch;
    const after = { run: recorded[branch.run], step: branch.step };
    const run = trainRecorded(batches, start, D, { rule, rate }, after);
    runs[branch.run] = tableOf(run, recorded[branch.run].setting, branch, V, D);
  }
  const counts = new Int32Array(V);
  for (const id of ids) counts[id]++;
  const order = range(V).sort((a, b) => counts[b] - counts[a]);
  const events = range(S * V).filter((at) => runs.some((run) => run.hasGrad[at]));
  const { center, axes, explained } = mapOf(runs, V, D);
  /** @type {Record<string, NdArray>} */
  const arrays = {
    ids: ndarray(Uint8Array.from(ids)),
    counts: ndarray(counts),
    order: ndarray(Uint8Array.from(order)),
    center: ndarray(center),
    axes: ndarray(axes, D, 2),
    events: ndarray(
      Uint8Array.from(events.flatMap((at) => [Math.floor(at / V), at % V])),
      events.length,
      2,
    ),
  };
  for (const [n, run] of runs.entries()) {
    arrays[`w${n}`] = ndarray(run.table, S + 1, V, D);
    const grads = new Float32Array(events.length * D);
    for (const [k, at] of events.entries())
      grads.set(run.grads.subarray(at * D, (at + 1) * D), k * D);
    arrays[`g${n}`] = ndarray(grads, events.length, D);
    arrays[`rates${n}`] = ndarray(run.rates);
    arrays[`losses${n}`] = ndarray(run.losses);
    for (let slot = 0; slot < slotsOf(run); slot++) {
      const after = run.slots[slot].slice();
      // At a branch, what the original run left there: the branch may begin with other slots.
      if (run.branch && original)
        after.set(original.slots[slot].subarray(0, (run.branch.step + 1) * V * D));
      arrays[`slot${n}${slot}`] = ndarray(after, S + 1, V, D);
    }
  }
  if (branch && original) {
    const table = original.table.slice(branch.step * V * D);
    arrays.unbranched = ndarray(table, S + 1 - branch.step, V, D);
    arrays.unbranched_losses = ndarray(original.losses);
  }
  const { first, second, label } = batches;
  let used = HEADER_BYTES + 3 * label.length + 4 * batches.starts.length;
  for (const { data } of Object.values(arrays)) used += data.byteLength;
  if (used <= MAX_BYTES) {
    const pairs = Uint8Array.from(
      range(3 * label.length),
      (n) => [first, second, label][n % 3][Math.floor(n / 3)],
    );
    arrays.pairs = ndarray(pairs, label.length, 3);
    arrays.pair_starts = ndarray(Int32Array.from(batches.starts));
  }
  const fields = {
    note: wordsNote(N, total),
    words: words.map((word) => shortLabel(word, LABEL_LENGTH)),
    total: N,
    steps: S,
    batch: batches.size,
    objective: { window: WINDOW, negative: NEGATIVE },
    fitting,
    runs: runs.map(runHeader),
    branched: branch ? branch.run : null,
    variance_shown: Number.isFinite(explained) ? rint(explained * 1e4) / 1e4 : null,
  };
  return { ...textsOf(runs, batches, words, order, N, S, D), fields, arrays };
}

/** The branch of the parameters, ignored until there is such a run and step. @param {Params} params @param {number} steps @returns {Branch | null} */
function branchOf({ branch, runs }, steps) {
  if (!branch.length) return null;
  const [run, step, rule, rate] = branch;
  return run < runs.length && step <= steps ? { run, step, rule, rate } : null;
}

/** The half of a recorded run that belongs to the table. @param {Run} run @param {Setting} setting @param {Branch | null} branch @param {number} V @param {number} D @returns {Trained} */
function tableOf(run, setting, branch, V, D) {
  const size = V * D;
  const S = run.losses.length;
  /** @param {Float32Array} both */
  const half = (both) => {
    const steps = both.length / size / 2;
    const data = new Float32Array(steps * size);
    for (let s = 0; s < steps; s++)
      data.set(both.subarray(2 * s * size, (2 * s + 1) * size), s * size);
    return data;
  };
  const [table, grads] = [half(run.weights), half(run.grads)];
  const hasGrad = new Uint8Array(S * V);
  const moved = new Uint8Array(S * V);
  for (let n = 0; n < S * size; n++) {
    const at = Math.floor(n / D);
    if (grads[n] !== 0) hasGrad[at] = 1;
    if ((table[n + size] - table[n]) ** 2 > 0) moved[at] = 1;
  }
  const { rates, losses } = run;
  return {
    setting,
    branch,
    table,
    slots: run.slots.map(half),
    grads,
    rates,
    losses,
    hasGrad,
    moved,
  };
}

/** How many slots a run has, before its branch or after. @param {Trained} run */
function slotsOf({ setting, branch }) {
  const first = branch && branch.step === 0 ? branch : setting;
  return Math.max(...[first, branch ?? setting].map(({ rule }) => SLOT_NAMES[rule].length));
}

/** @param {Trained} run */
function runHeader({ setting, branch }) {
  return {
    optimizer: setting.rule,
    rate: setting.rate,
    slots: SLOT_NAMES[setting.rule],
    branch: branch && {
      step: branch.step,
      optimizer: branch.rule,
      rate: branch.rate,
      slots: SLOT_NAMES[branch.rule],
    },
  };
}

/** The plane on which rows are drawn, the same for all steps and runs. @param {Trained[]} runs @param {number} V @param {number} D */
function mapOf(runs, V, D) {
  const ends = runs.flatMap(({ table }) => [
    ...table.subarray(0, V * D),
    ...table.subarray(table.length - V * D),
  ]);
  if (D > 2 && ends.every(Number.isFinite)) return principalPlane(Float64Array.from(ends), D);
  const axes = Float64Array.from(range(2 * D), (n) => Number(Math.floor(n / 2) === n % 2));
  return { center: new Float64Array(D), axes, explained: D <= 2 ? 1 : NaN };
}

/** @param {Float64Array} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The runs in a few lines, and as the picture. @param {Trained[]} runs @param {Batches} batches @param {string[]} words @param {number[]} order @param {number} N @param {number} S @param {number} D */
function textsOf(runs, batches, words, order, N, S, D) {
  const table = `${formatCount(words.length, "row")} of ${formatCount(D, "number")}`;
  const lines = [
    `text    ${formatCount(N, "word")}, ${table}; ${formatCount(S, "step")} of ${formatCount(batches.size, "word")}`,
  ];
  const unforced = runs.map((run) =>
    run.moved.reduce((count, moved, at) => count + (moved && !run.hasGrad[at] ? 1 : 0), 0),
  );
  for (const [n, { setting, branch, moved, losses }] of runs.entries()) {
    const change = branch
      ? `, from step ${branch.step} on ${branch.rule}, rate ${general(branch.rate)}`
      : "";
    lines.push(`run ${n + 1}   ${setting.rule}, rate ${general(setting.rate)}${change}`);
    const tenth = Math.max(1, Math.floor(S / 10));
    const first = formatNumber(mean(losses.subarray(0, tenth)));
    const last = formatNumber(mean(losses.subarray(losses.length - tenth)));
    const moves = moved.reduce((sum, one) => sum + one, 0);
    lines.push(
      `        loss ${first} to ${last}; ${formatCount(moves, "move")} of a row, ` +
        `${formatCount(unforced[n])} without a gradient`,
    );
  }
  const names = joinSome(runs.map(({ setting }) => setting.rule));
  const labels = joinSome(
    order.map((row) => shortLabel(words[row])),
    12,
  );
  const parts = runs.map(
    ({ setting }, n) =>
      `under ${setting.rule} rows moved ${formatCount(unforced[n], "time")} without a gradient`,
  );
  const end = parts.join("; ");
  const alt = `Rows of a table as points that move for ${formatCount(S, "step")} under ${names}: ${labels}. ${end[0].toUpperCase()}${end.slice(1)}.`;
  return { summary: lines.join("\n"), alt };
}
