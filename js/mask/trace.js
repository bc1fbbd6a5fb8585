/**
 * Facts derived from a mask trace: the output and the mask of each layer, and what a lost mask
 * costs.
 */

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {import("../kit/wire.js").NdArray} NdArray */
/** @typedef {"model" | "unmasked" | "reference"} Variant */
/**
 * Output of one layer. Of a `vector` each cell is a number, else a position in the sequence.
 * @typedef {object} Stage
 * @property {number} n
 * @property {string} name
 * @property {string} kind
 * @property {string} spec
 * @property {string} label     its short name, for the card
 * @property {"made" | "kept" | "replaced" | "consumed" | "lost here" | "none"} status
 * @property {string} reason
 * @property {"steps" | "flat" | "vector"} form  `flat`: a flattened vector, drawn position by position
 * @property {number} cells     how many cells are drawn of a sentence
 * @property {number} size      how many numbers a cell has
 * @property {number[]} shape
 * @property {boolean} paddingCounts   whether padding counts here like a word
 * @property {number} vmax      absolute value that gets the full color
 * @property {(b: number, cell: number, way?: Variant) => number[]} valuesAt    the numbers of a cell
 * @property {((b: number, cell: number) => boolean) | null} mask
 */
/**
 * @typedef {object} Derived
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
 * @property {string} noReference
 * @property {string} sentence
 * @property {ArrayLike<number>} loss       this model, without mask, unpadded reference
 * @property {number} lossOff    distance of the loss from that of the unpadded reference, or NaN
 * @property {(b: number, variant: Variant) => number} pooledOff   the same of a sentence's pooled vector (L2)
 * @property {ArrayLike<number>} row0
 * @property {(way: Variant) => ArrayLike<number> | null} gradient   of row 0
 * @property {(b: number, t: number) => number} id
 */

/** A distance below this is rounding. */
export const SAME = 1e-6;

export const VARIANTS = /** @type {Variant[]} */ (["model", "unmasked", "reference"]);

/** @type {Record<string, string>} */
const SHORT = {
  GlobalAveragePooling1D: "Mean pool",
  GlobalMaxPooling1D: "Max pool",
  LayerNormalization: "LayerNorm",
};

/** Return the short name of a layer. @param {string} spec */
export function labelOf(spec) {
  const kind = spec.split("(")[0];
  return SHORT[kind] ?? kind;
}

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/** @param {Trace} trace @returns {Derived} */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [B, T] = arrays.ids.shape;
  const loss = arrays.loss.data;
  /** @type {Stage[]} */
  const stages = [];
  for (const n of header.stages.keys()) stages.push(deriveStage(trace, n, stages[n - 1], T));
  markWherePaddingCounts(stages, arrays.ids);
  const most = Math.max(...stages.map((stage) => stage.vmax)) || 1; // one scale for all
  for (const stage of stages) stage.vmax = most;
  const derived = {
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
    noReference: header.no_reference,
    sentence: header.sentence,
    loss,
    lossOff: header.no_reference ? NaN : Math.abs(loss[0] - loss[2]),
    pooledOff: (/** @type {number} */ b, /** @type {Variant} */ variant) =>
      pooledDistance(trace, b, variant),
    row0: arrays.row_0.data,
    gradient: (/** @type {Variant} */ variant) => arrays[`grad_${variant}`]?.data ?? null,
    id: (/** @type {number} */ b, /** @type {number} */ t) => arrays.ids.data[b * T + t],
  };
  cache.set(trace, derived);
  return derived;
}

/**
 * @param {Trace} trace
 * @param {number} n
 * @param {Stage | undefined} before
 * @param {number} T
 * @returns {Stage}
 */
function deriveStage({ header, arrays }, n, before, T) {
  const spec = header.stages[n];
  const here = arrays[`model${n}`];
  const [, second, third] = here.shape;
  const folds =
    spec.form === "vector" &&
    spec.kind === "Flatten" &&
    before?.form === "steps" &&
    spec.shape[1] === before.cells * before.size;
  const form = folds ? "flat" : spec.form;
  const cells = folds ? /** @type {Stage} */ (before).cells : second;
  const size = folds ? /** @type {Stage} */ (before).size : (third ?? 1);
  const mask = arrays[`mask${n}`];
  return {
    n,
    name: spec.name,
    kind: spec.kind,
    spec: spec.spec,
    label: labelOf(spec.spec),
    status: spec.status,
    reason: spec.reason,
    form,
    cells: form === "vector" ? Math.min(cells, 2 * T + 6, 12) : cells,
    size,
    shape: spec.shape,
    paddingCounts: false,
    vmax: Math.max(
      0,
      ...Array.from(here.data, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)),
    ),
    valuesAt: (b, cell, variant = "model") => {
      const from = arrays[variant + n];
      if (!from) return [];
      const row = form === "vector" ? second : cells * size;
      return Array.from(from.data.subarray(b * row + cell * size, b * row + (cell + 1) * size));
    },
    mask: mask ? (b, cell) => mask.data[b * cells + cell] === 1 : null,
  };
}

/**
 * Mark where padding counts: wherever no mask separates it from words, until a layer used one that does.
 * @param {Stage[]} stages
 * @param {NdArray} ids
 */
function markWherePaddingCounts(stages, { data, shape: [B, T] }) {
  let out = data.every((id) => id !== 0); // no padding at all
  stages.forEach((stage, n) => {
    if (stage.status === "consumed" && !stages[n - 1].paddingCounts) out = true;
    const { mask } = stage;
    const separatesPadding =
      mask &&
      stage.cells === T &&
      Array.from(
        { length: B * T },
        (_, i) => data[i] !== 0 || !mask(Math.floor(i / T), i % T),
      ).every(Boolean);
    stage.paddingCounts = !out && !separatesPadding;
  });
}

/**
 * Return whether a cell is padding.
 * @param {Derived} derived
 * @param {Stage} stage
 * @param {number} b
 * @param {number} cell
 */
export function isPadding(derived, stage, b, cell) {
  return (
    stage.form !== "vector" &&
    stage.cells === derived.T &&
    derived.tokens[b][cell] === "" &&
    derived.id(b, cell) === 0
  );
}

/**
 * Return how far a sentence's pooled vector is from that of the unpadded reference (L2), or NaN.
 * @param {Trace} trace
 * @param {number} b
 * @param {Variant} variant
 */
function pooledDistance({ header, arrays }, b, variant) {
  const n = header.pooled_at;
  const [values, reference] = [arrays[`${variant}${n}`], arrays[`reference${n}`]];
  if (n === null || header.no_reference || !reference || reference.shape[1] !== values.shape[1])
    return NaN;
  const size = values.shape[1];
  let sum = 0;
  for (let i = b * size; i < (b + 1) * size; i++) sum += (values.data[i] - reference.data[i]) ** 2;
  return Math.sqrt(sum);
}

/** Return the words of a sentence. @param {Derived} derived @param {number} b */
export const wordsOf = (derived, b) => derived.tokens[b].filter((token) => token !== "");

/** Return how many positions of the batch are padding. @param {Derived} derived */
export const paddingOf = ({ B, T, lengths }) => B * T - lengths.reduce((sum, n) => sum + n, 0);

/** Return the norm of a vector. @param {ArrayLike<number> | null} vector */
export const norm = (vector) => (vector ? Math.hypot(...Array.from(vector)) : NaN);

/**
 * Return the pooled vector of a sentence in all three variants.
 * @param {Derived} derived
 * @param {number} b
 * @returns {Record<Variant, number[]>}
 */
export function pooledOf(derived, b) {
  const stage = derived.stages[/** @type {number} */ (derived.pooledAt)];
  /** @param {Variant} variant */
  const all = (variant) =>
    Array.from({ length: stage.cells }, (_, cell) => stage.valuesAt(b, cell, variant)).flat();
  return { model: all("model"), unmasked: all("unmasked"), reference: all("reference") };
}
