/**
 * Arithmetic card of the mask view: the formula behind each number, with its numbers.
 */
import { html } from "lit-html";
import { pluralize, fixed } from "../kit/format.js";
import { visibleTerms } from "../kit/formula_card.js";
import { VARIANT_NAMES, distanceText } from "./facts.js";
import { isPadding, norm, pooledOf, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Stage} Stage */
/** @typedef {import("./trace.js").Variant} Variant */
/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/**
 * Format a term of a sum: negative numbers in brackets.
 * @param {number} value
 * @param {number} [digits]
 */
const term = (value, digits = 2) =>
  value < 0 ? `(${fixed(value, digits)})` : fixed(value, digits);

/** Return the lines of the arithmetic card. @param {Scene} scene @returns {{ lines: Line[], pinned: boolean }} */
export function arithmetic(scene) {
  const derived = derive(scene.trace);
  const { open, local, hover, focus } = scene.ui;
  const b = local.sentence;
  const most = open ? 12 : { wide: 6, desk: 4 }[scene.look] || 3; // terms of a line
  if (!derived.B)
    return { lines: [{ body: "a mean of no words is not defined; here it is 0" }], pinned: false };
  const pinned = open !== null;
  if (open?.kind === "fact") return { lines: fact(open.id, derived, b, most), pinned };
  const stage = derived.stages[open?.kind === "stage" ? open.n : (derived.pooledAt ?? -1)];
  if (open?.kind === "stage" && open.n !== derived.pooledAt)
    return { lines: cellLines(derived, stage, b), pinned };
  const spot = open?.kind === "place" ? open : (hover ?? focus);
  if (spot?.part === "place" || open?.kind === "place") {
    const at = derived.stages[spot.k];
    if (at && spot.b < derived.B && spot.cell < at.cells && spot.k !== derived.pooledAt)
      return { lines: cellLines(derived, at, spot.b, spot.cell), pinned };
    if (at && spot.k === derived.pooledAt)
      return { lines: poolingLines(derived, spot.b, spot.cell * at.size, most), pinned };
  }
  if (stage) return { lines: poolingLines(derived, b, 0, most), pinned };
  return { lines: [lossLine(derived, "model")], pinned };
}

/**
 * Return the lines of one cell: its value and its mask.
 * @param {Derived} derived
 * @param {Stage} stage
 * @param {number} b
 * @param {number} [cell]
 * @returns {Line[]}
 */
function cellLines(derived, stage, b, cell = 0) {
  const values = stage
    .valuesAt(b, cell)
    .map((v) => fixed(v))
    .join(", ");
  const token = stage.form !== "vector" && stage.cells === derived.T ? derived.tokens[b][cell] : "";
  const subject = html`${stage.label}[${b}, ${cell}]`;
  if (stage.n === 0) {
    const id = derived.id(b, cell);
    const mask = stage.mask
      ? html`mask = (${id} ≠ 0) = <span class="on">${stage.mask(b, cell) ? "True" : "False"}</span>`
      : "no mask: mask_zero is False";
    return [
      {
        name: "value",
        body: html`${subject} = W[${id}] = [<span class="on">${values}</span>]`,
        note: token ? html`“<bdi>${token}</bdi>”` : "padding",
      },
      { name: "mask", body: mask },
    ];
  }
  const before = derived.stages[stage.n - 1];
  const into =
    before.form === stage.form && before.cells === stage.cells
      ? html`${before.label}[${b}, ${cell}]`
      : html`${before.label}[${b}]`;
  const mask = stage.mask
    ? html`mask[${b}, ${cell}] = <span class="on">${stage.mask(b, cell) ? "True" : "False"}</span>`
    : stage.status === "none" && !before.mask
      ? "none comes in, none goes out"
      : stage.status === "lost here"
        ? "one comes in, none goes out"
        : "used up here";
  return [
    {
      name: "value",
      body: html`${subject} = ${stage.kind}(${into}) = [<span class="on">${values}</span>]`,
    },
    { name: "mask", body: mask },
  ];
}

/**
 * Return the lines of entry i of the pooled vector, of this model and of the unpadded reference.
 * @param {Derived} derived
 * @param {number} b
 * @param {number} i
 * @param {number} most  terms of a line
 * @returns {Line[]}
 */
function poolingLines(derived, b, i, most) {
  const truth = derived.noReference ? [] : [poolingLine(derived, b, i, "reference", most)];
  return [
    poolingLine(derived, b, i, "model", most),
    ...truth.map((line) => ({ ...line, main: false })),
  ];
}

/**
 * @param {Derived} derived
 * @param {number} b
 * @param {number} i
 * @param {Variant} variant
 * @param {number} most
 * @returns {Line}
 */
function poolingLine(derived, b, i, variant, most) {
  const stage = derived.stages[/** @type {number} */ (derived.pooledAt)];
  const before = derived.stages[stage.n - 1];
  const value = pooledOf(derived, b)[variant][i];
  const result = html`<span class="on">${value === undefined ? "—" : fixed(value)}</span>`;
  const name = VARIANT_NAMES[variant];
  if (!before) return { name, body: html`${stage.label}[${b}, ${i}] = ${result}` };
  if (stage.kind === "GlobalAveragePooling1D" || stage.kind === "GlobalMaxPooling1D")
    return { name, ...overPositions(derived, stage, before, b, i, variant, result, most) };
  if (stage.form === "flat" || stage.kind === "Flatten") {
    return {
      name,
      body: html`Flatten[${b}, ${i}] = ${before.label}[${b}, ${Math.floor(i / before.size)}][${i % before.size}] = ${result}`,
      note: "copied: every place keeps its own numbers, padding too",
    };
  }
  const masked = variant === "model" && !stage.paddingCounts;
  return {
    name,
    body: html`${stage.kind}[${b}, ${i}] = the state after ${variant === "reference" ? "the last word" : `position ${before.cells - 1}`} = ${result}`,
    note:
      variant === "reference"
        ? "there is no padding"
        : masked
          ? "padding did not move it"
          : "padding moved it on",
  };
}

/**
 * @param {Derived} derived
 * @param {Stage} stage
 * @param {Stage} before
 * @param {number} b
 * @param {number} i
 * @param {Variant} variant
 * @param {unknown} result
 * @param {number} most
 */
function overPositions(derived, stage, before, b, i, variant, result, most) {
  const all = Array.from({ length: before.cells }, (_, t) => t);
  // The reference leaves out each id 0, also one in the middle: its words stand at the start.
  const words =
    before.cells === derived.T
      ? all.filter((t) => derived.id(b, t) !== 0).length
      : all.filter((t) => !Number.isNaN(before.valuesAt(b, t, "reference")[i])).length;
  const heeds = variant === "model" && stage.status === "consumed" && before.mask;
  const used =
    variant === "reference"
      ? all.slice(0, words)
      : heeds
        ? all.filter((t) => before.mask?.(b, t))
        : all;
  const values = used.map((t) => before.valuesAt(b, t, variant)[i]);
  const spoilt = (/** @type {number} */ t) =>
    variant !== "reference" && isPadding(derived, before, b, t);
  const parts = visibleTerms(values.length, values.length - 1, most);
  const mean = stage.kind === "GlobalAveragePooling1D";
  const sumOf = (/** @type {boolean} */ kind) =>
    used.reduce((sum, t, at) => (spoilt(t) === kind ? sum + values[at] : sum), 0);
  const joined = parts.map((part, at) => {
    const sign = at ? html`<span class="op">${mean ? " + " : ", "}</span>` : "";
    if ("skipped" in part) return html`${sign}<span class="gap">… ${part.skipped} more …</span>`;
    const t = used[part.index];
    return html`${sign}<span class=${spoilt(t) ? "padded" : ""}>${at && mean ? term(values[part.index]) : fixed(values[part.index])}</span>`;
  });
  const padded = used.filter(spoilt).length;
  // Positions of a convolution without padding of its own are not those of the words.
  const mixed = before.cells !== derived.T && variant !== "reference";
  const note =
    used.length === 0
      ? "no word: 0"
      : padded
        ? `${padded} of the ${used.length} are padding`
        : mixed
          ? "each position mixes neighbors"
          : "words alone";
  const over = html`<span class=${padded ? "padded" : ""}>${used.length}</span>`;
  const body =
    mean && padded && most < 12 // two sums with their meaning; all terms when it was opened
      ? html`mean[${i}] = (${fixed(sumOf(false))} from words + <span class="padded">${term(sumOf(true))} from padding</span>) / ${over} = ${result}`
      : mean
        ? html`mean[${i}] = (${joined}) / ${over} = ${result}`
        : html`max[${i}] = max(${joined}) = ${result}`;
  return { body, note };
}

/**
 * Return the line of the loss.
 * @param {Derived} derived
 * @param {Variant} variant
 * @returns {Line}
 */
function lossLine(derived, variant) {
  const last = /** @type {Stage} */ (derived.stages.at(-1));
  const i = ["model", "unmasked", "reference"].indexOf(variant);
  const result = html`<span class="on">${fixed(derived.loss[i], 3)}</span>`;
  const goal = fixed(derived.target, 0);
  const alone = last.form === "vector" && last.cells === 1;
  if (!alone)
    return {
      name: VARIANT_NAMES[variant],
      body: html`mean of (output − ${goal})² = ${result}`,
      note:
        last.form === "vector" ? "over all numbers of all sentences" : "over all places that count",
    };
  const outputs = Array.from(
    { length: derived.B },
    (_, b) => last.valuesAt(b, 0, variant)[0],
  ).filter((v) => variant !== "reference" || !Number.isNaN(v));
  const terms = outputs.map((v, at) => html`${at ? " + " : ""}(${fixed(v)} − ${goal})²`);
  return {
    name: VARIANT_NAMES[variant],
    body: html`loss = (${terms}) / ${outputs.length} = ${result}`,
    note: `the mean over ${pluralize(outputs.length, "sentence")}`,
  };
}

/**
 * Return the formula of a fact.
 * @param {string} id
 * @param {Derived} derived
 * @param {number} b
 * @param {number} most
 * @returns {Line[]}
 */
function fact(id, derived, b, most) {
  const [kind, variant, i] = /** @type {[string, Variant, string]} */ (id.split(":"));
  if (kind === "pool") return [poolingLine(derived, b, Number(i), variant, most)];
  if (kind === "loss") return [lossLine(derived, variant)];
  if (kind === "off")
    return [
      {
        body: html`|${fixed(derived.loss[0], 3)} − ${fixed(derived.loss[2], 3)}| = <span class="on">${distanceText(derived.lossOff).value}</span>`,
        note: "this model and the unpadded reference; a lower loss is not a better one",
      },
    ];
  if (kind === "distance") {
    const { model, reference } = pooledOf(derived, b);
    const terms = model
      .slice(0, 6)
      .map((v, at) => html`${at ? " + " : ""}(${fixed(v)} − ${term(reference[at])})²`);
    return [
      {
        body: html`√(${terms}${model.length > 6 ? " + …" : ""}) = <span class="on">${distanceText(derived.pooledOff(b, "model")).value}</span>`,
        note: `pooled vector of sentence ${b + 1}, this model and the unpadded reference`,
      },
    ];
  }
  const vector = kind === "row0" ? derived.row0 : (derived.gradient(variant) ?? []);
  const shown = Array.from(vector, (v) => fixed(v));
  const squares = Array.from(vector, (v) => `${term(v)}²`).join(" + ");
  const length = html`<span class="on">${fixed(norm(vector), 3)}</span>`;
  if (kind === "row0") {
    return [
      {
        body: html`|W[0]| = |[${shown.join(", ")}]| = √(${squares}) = ${length}`,
        note: "mask_zero masks row 0; it does not make it zero",
      },
    ];
  }
  const zero = norm(vector) === 0;
  const note =
    variant === "reference"
      ? "no id reads row 0"
      : zero
        ? "nothing comes back through the mask: row 0 is not frozen, it is not reached"
        : "padding counts, so it learns";
  return [
    {
      name: VARIANT_NAMES[variant],
      body: html`|∂loss/∂W[0]| = |[${shown.join(", ")}]| = √(${squares}) = ${length}`,
      note,
    },
  ];
}
