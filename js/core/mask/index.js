/** The mask view without Python: `embedlab.explorers.mask`. */
import { Answerer } from "../answerer.js";
import { ndarray } from "../encode.js";
import { firstColumns } from "../floats.js";
import { boundedInt, boundedText, choice, flag, intList, layerNames } from "../parameters.js";
import { twoDecimals } from "../random.js";
import { joinNotes } from "../rows_shown.js";
import { readVocabulary } from "../sentence.js";
import { limitsOf, randomTable, readTable } from "../table.js";
import { shortLabel } from "../text.js";
import { padLines } from "./batch.js";
import { buildLayers, LAYER_NAMES } from "./model.js";
import { TARGET } from "./run.js";
import { altOf, summaryOf, traceMask } from "./trace.js";

/** @typedef {import("../answerer.js").Params} Params */
/** @typedef {import("../encode.js").NdArray} NdArray */
/** @typedef {import("./batch.js").Batch} TextBatch */
/** @typedef {import("./layers.js").Values} Values */
/** @typedef {import("./run.js").Embedding} Embedding */
/** @typedef {import("./trace.js").MaskStage} MaskStage */

const SENTENCES_MAX = 6;
const STEPS_MAX = 12;
const COLUMNS_MAX = 6;
const LAYERS_MAX = 5;
const ROWS = 256;
const ROWS_MAX = 16_384; // of a random table, unless a vocabulary has more words
const LABEL_LENGTH = 40;

const parameters = {
  text: boundedText(65_536),
  lengths: intList([8, 3, 5, 6], SENTENCES_MAX, 0, STEPS_MAX),
  steps: boundedInt(1, STEPS_MAX),
  padding: choice("post", "pre"),
  mask_zero: flag(),
  layers: layerNames(LAYER_NAMES, LAYERS_MAX),
  output_dim: boundedInt(1, COLUMNS_MAX),
  seed: boundedInt(0, 2 ** 31 - 1),
};

/**
 * Return what answers the edits of one page.
 * @param {import("../answerer.js").PageData} page
 * @param {import("../answerer.js").FirstMessage} message
 */
export default function open(page, message) {
  const vocabulary = readVocabulary(page.inputs.vocabulary);
  const user = readTable(page.inputs.table);
  const limits = limitsOf(parameters);
  if (user) limits.output_dim = { min: user.columns, max: user.columns };
  return new Answerer(
    {
      parameters,
      limits: () => limits,
      check() {},
      normalize: (params) => params,
      compute(params) {
        const { text, steps, lengths, padding } = params;
        const how = { steps, lengths, padding };
        const batch = padLines(text, vocabulary, how, SENTENCES_MAX);
        const table = user ?? tableOf(params, batch.ids, vocabulary);
        const name = page.inputs.name ?? "embedding";
        return answer(params, batch, { name, table, maskZero: params.mask_zero });
      },
      headerEvenIfRefused: () => ({}),
    },
    page,
    message,
  );
}

/** A random table with a row for each id. @param {Params} params @param {number[]} ids @param {import("../sentence.js").Vocabulary | null} vocabulary */
function tableOf({ seed, output_dim }, ids, vocabulary) {
  const most = Math.max(ROWS_MAX, vocabulary?.words.length ?? 0);
  const rows = Math.min(most, Math.max(ROWS, ...ids.map((id) => id + 1)));
  const table = randomTable(seed, rows, output_dim, COLUMNS_MAX);
  return { ...table, data: Float64Array.from(table.data, twoDecimals) };
}

/** @param {Params} params @param {TextBatch} batch @param {Embedding} embedding */
function answer(params, batch, embedding) {
  const { steps: T, layers: names, seed } = params;
  const { ids, tokens, lengths, available, total } = batch;
  const B = tokens.length;
  const { columns: D } = embedding.table;
  const layers = buildLayers(names, D, seed);
  const trace = traceMask(embedding, layers, { ids, B, T });
  const { stages } = trace;
  const lostAt = stages.findIndex(({ status }) => status === "lost here");
  const pooledAt = stages.findIndex(({ values }) => values.shape.length === 2);
  const fields = {
    tokens: tokens.map((line) => line.map((token) => shortLabel(token, LABEL_LENGTH))),
    ...{ lengths, available, total },
    stages: stages.map((stage, n) => layerHeader(stage, n ? names[n - 1] : "Embedding")),
    pooled_at: pooledAt < 0 ? null : pooledAt,
    lost_at: lostAt < 0 ? null : lostAt,
    target: TARGET,
    no_reference: trace.noReference,
    sentence: trace.sentence,
    note: noteOf(T, B, batch),
  };
  /** @type {Record<string, NdArray>} */
  const arrays = {
    ids: ndarray(Int32Array.from(ids), B, T),
    loss: ndarray(Float64Array.of(trace.loss, trace.lossUnmasked, trace.lossReference ?? NaN)),
    row_0: firstNumbers(embedding.table.data.subarray(0, D)),
    grad_model: firstNumbers(trace.row0),
    grad_unmasked: firstNumbers(trace.row0Unmasked),
    ...(trace.row0Reference ? { grad_reference: firstNumbers(trace.row0Reference) } : {}),
  };
  for (const [n, stage] of stages.entries()) Object.assign(arrays, stageArrays(n, stage));
  return { summary: summaryOf(trace), alt: altOf(trace), fields, arrays };
}

/** @param {number} T @param {number} B @param {TextBatch} batch */
const noteOf = (T, B, { isCut, total }) =>
  joinNotes(
    isCut ? `The first ${T} words of a longer sentence are used.` : null,
    total > B ? `The first ${B} of ${total} sentences are used.` : null,
  );

/** @param {Float32Array | Float64Array} row */
const firstNumbers = (row) => ndarray(Float64Array.from(row.subarray(0, COLUMNS_MAX)));

/** @param {MaskStage} stage @param {string} spec */
function layerHeader({ name, kind, status, reason, values: { shape } }, spec) {
  const form = shape.length === 2 ? "vector" : "steps";
  return { name: shortLabel(name, LABEL_LENGTH), kind, spec, status, reason, shape, form };
}

/** A stage's values: of this model, without mask, and of the unpadded reference. @param {number} n @param {MaskStage} stage */
function stageArrays(n, { values, unmasked, reference, mask }) {
  const here = drawn(values);
  /** @type {Record<string, NdArray>} */
  const arrays = { [`model${n}`]: here, [`unmasked${n}`]: drawn(unmasked) };
  if (reference.length) {
    const unpadded = new Float64Array(here.data.length).fill(NaN);
    for (const [b, sequence] of reference.entries()) {
      if (!sequence) continue;
      // A shorter sequence has fewer steps, or as a flat vector fewer numbers: both are in front.
      const { data } = drawn({ data: sequence.data, shape: [1, ...sequence.shape] });
      unpadded.set(data, (b * unpadded.length) / reference.length);
    }
    arrays[`reference${n}`] = ndarray(unpadded, ...here.shape);
  }
  if (mask && here.shape.length === 3)
    arrays[`mask${n}`] = ndarray(mask, ...here.shape.slice(0, 2));
  return arrays;
}

/** The values that are drawn: (B, T, at most 6), or for vectors (B, at most 72). @param {Values} values */
function drawn({ data, shape }) {
  const width = shape[shape.length - 1];
  const most = shape.length === 2 ? STEPS_MAX * COLUMNS_MAX : COLUMNS_MAX;
  const columns = Math.min(width, most);
  return ndarray(firstColumns(data, width, columns), ...shape.slice(0, -1), columns);
}
