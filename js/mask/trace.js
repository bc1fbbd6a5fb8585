/**
 * A mask's trace as the view reads it: what stands at each place of each stage, and what it costs.
 */

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {import("../kit/wire.js").NdArray} NdArray */
/** @typedef {"here" | "without" | "truth"} Way */
/**
 * What came out of one layer. Of a `vector` each cell is a number; else each is a place in time.
 * @typedef {object} Stage
 * @property {number} n
 * @property {string} name
 * @property {string} kind
 * @property {string} spec
 * @property {string} label     its short name, for the card
 * @property {"made" | "kept" | "replaced" | "consumed" | "lost here" | "none"} verdict
 * @property {string} why
 * @property {"steps" | "flat" | "vector"} form  `flat`: a vector that is drawn folded, place by place
 * @property {number} cells     how many cells are drawn of a sentence
 * @property {number} size      how many numbers a cell has
 * @property {number[]} shape
 * @property {boolean} spoilt   whether padding counts here like a word
 * @property {number} most      the size of value that gets the full colour
 * @property {(b: number, cell: number, way?: Way) => number[]} at    the numbers of a cell
 * @property {((b: number, cell: number) => boolean) | null} mask
 */
/**
 * @typedef {object} Reading
 * @property {number} B
 * @property {number} T
 * @property {number} D
 * @property {number} total       sentences in the text
 * @property {string[][]} tokens
 * @property {number[]} lengths
 * @property {number[]} available
 * @property {Stage[]} stages
 * @property {number | null} pooledAt
 * @property {number | null} lostAt
 * @property {number} target
 * @property {string} noTruth
 * @property {string} sentence
 * @property {ArrayLike<number>} loss       here, without, truth
 * @property {number | null} factor
 * @property {ArrayLike<number>} row0
 * @property {(way: Way) => ArrayLike<number> | null} gradient   of row 0
 * @property {(b: number, t: number) => number} id
 */

export const WAYS = /** @type {Way[]} */ (["here", "without", "truth"]);

/** @type {Record<string, string>} */
const SHORT = {
  GlobalAveragePooling1D: "Mean pool",
  GlobalMaxPooling1D: "Max pool",
  LayerNormalization: "LayerNorm",
};

/** The name of a layer as a card has room for. @param {string} spec */
export function labelOf(spec) {
  const kind = spec.split("(")[0];
  return SHORT[kind] ?? kind;
}

/** @type {WeakMap<Trace, Reading>} */
const known = new WeakMap();

/** @param {Trace} trace @returns {Reading} */
export function readingOf(trace) {
  const before = known.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [B, T] = arrays.ids.shape;
  const loss = arrays.loss.data;
  const factor = loss[0] / loss[2];
  /** @type {Stage[]} */
  const stages = [];
  for (const n of header.stages.keys()) stages.push(stageOf(trace, n, stages[n - 1], T));
  spoil(stages, arrays.ids);
  const most = Math.max(...stages.map((stage) => stage.most)) || 1; // one scale for all
  for (const stage of stages) stage.most = most;
  const reading = {
    B,
    T,
    D: stages[0].size,
    total: header.total,
    tokens: header.tokens,
    lengths: header.lengths,
    available: header.available,
    stages,
    pooledAt: header.pooled_at,
    lostAt: header.lost_at,
    target: header.target,
    noTruth: header.no_truth,
    sentence: header.sentence,
    loss,
    factor: Number.isFinite(factor) ? factor : null,
    row0: arrays.row_0.data,
    gradient: (/** @type {Way} */ way) => arrays[`grad_${way}`]?.data ?? null,
    id: (/** @type {number} */ b, /** @type {number} */ t) => arrays.ids.data[b * T + t],
  };
  known.set(trace, reading);
  return reading;
}

/** @param {Trace} trace @param {number} n @param {Stage | undefined} before @param {number} T @returns {Stage} */
function stageOf({ header, arrays }, n, before, T) {
  const told = header.stages[n];
  const here = arrays[`here${n}`];
  const [, second, third] = here.shape;
  const folds =
    told.form === "vector" &&
    told.kind === "Flatten" &&
    before?.form === "steps" &&
    told.shape[1] === before.cells * before.size;
  const form = folds ? "flat" : told.form;
  const cells = folds ? /** @type {Stage} */ (before).cells : second;
  const size = folds ? /** @type {Stage} */ (before).size : (third ?? 1);
  const mask = arrays[`mask${n}`];
  return {
    n,
    name: told.name,
    kind: told.kind,
    spec: told.spec,
    label: labelOf(told.spec),
    verdict: told.verdict,
    why: told.why,
    form,
    cells: form === "vector" ? Math.min(cells, 2 * T + 6, 12) : cells,
    size,
    shape: told.shape,
    spoilt: false,
    most: Math.max(0, ...Array.from(here.data, (value) => (Number.isFinite(value) ? Math.abs(value) : 0))),
    at: (b, cell, way = "here") => {
      const from = arrays[way + n];
      if (!from) return [];
      const row = form === "vector" ? second : cells * size;
      return Array.from(from.data.subarray(b * row + cell * size, b * row + (cell + 1) * size));
    },
    mask: mask ? (b, cell) => mask.data[b * cells + cell] === 1 : null,
  };
}

/**
 * Padding counts wherever no mask tells it from words, until a layer has used a mask that does.
 * @param {Stage[]} stages
 * @param {NdArray} ids
 */
function spoil(stages, { data, shape: [B, T] }) {
  let out = data.every((id) => id !== 0); // no padding, nothing to spoil
  stages.forEach((stage, n) => {
    if (stage.verdict === "consumed" && !stages[n - 1].spoilt) out = true;
    const { mask } = stage;
    const told = mask && stage.cells === T && Array.from({ length: B * T }, (_, i) => data[i] !== 0 || !mask(Math.floor(i / T), i % T)).every(Boolean);
    stage.spoilt = !out && !told;
  });
}

/** Whether a cell stands for padding. @param {Reading} reading @param {Stage} stage @param {number} b @param {number} cell */
export function isPadding(reading, stage, b, cell) {
  return stage.form !== "vector" && stage.cells === reading.T && reading.tokens[b][cell] === "" && reading.id(b, cell) === 0;
}

/** The places of a sentence that hold words. @param {Reading} reading @param {number} b */
export const wordsOf = (reading, b) => reading.tokens[b].filter((token) => token !== "");

/** How many places of the batch are padding. @param {Reading} reading */
export const paddingOf = ({ B, T, lengths }) => B * T - lengths.reduce((sum, n) => sum + n, 0);

/** The length of a vector. @param {ArrayLike<number> | null} vector */
export const norm = (vector) => (vector ? Math.hypot(...Array.from(vector)) : NaN);

/** The pooled numbers of a sentence in all three ways. @param {Reading} reading @param {number} b @returns {Record<Way, number[]>} */
export function pooledOf(reading, b) {
  const stage = reading.stages[/** @type {number} */ (reading.pooledAt)];
  /** @param {Way} way */
  const all = (way) => Array.from({ length: stage.cells }, (_, cell) => stage.at(b, cell, way)).flat();
  return { here: all("here"), without: all("without"), truth: all("truth") };
}
