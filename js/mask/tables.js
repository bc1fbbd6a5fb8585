/**
 * Data tables of the mask view: every number that is drawn.
 */
import { fixed } from "../kit/format.js";
import { VARIANT_NAMES, distanceText } from "./facts.js";
import { VARIANTS, norm, pooledOf, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/data_table.js").DataTable} DataTable */

/** @param {Scene} scene @returns {DataTable[]} */
export function tables(scene) {
  const derived = derive(scene.trace);
  const { B, T, stages, lengths } = derived;
  const predicting = scene.ui.prediction?.phase === "open";
  const places = Array.from({ length: T }, (_, t) => String(t));
  const sentences = Array.from({ length: B }, (_, b) => b);
  /** @type {DataTable[]} */
  const result = [
    {
      caption: "Sentences and their ids",
      corner: "sentence",
      columns: ["words", "padding", ...places],
      rows: sentences.map((b) => ({
        head: `${b + 1}`,
        cells: [lengths[b], T - lengths[b], ...places.map((_, t) => derived.id(b, t))],
      })),
    },
  ];
  for (const stage of stages) {
    const masked = !predicting && stage.mask;
    const vector = stage.form === "vector";
    const status = predicting ? "" : `, mask ${stage.status}`;
    result.push({
      caption: `${stage.n + 1}. ${stage.label} (${stage.shape.join(", ")})${status}`,
      corner: vector ? "sentence" : "sentence, position",
      columns: [
        ...(masked ? ["mask"] : []),
        ...Array.from({ length: vector ? stage.cells : stage.size }, (_, i) => String(i)),
      ],
      rows: vector
        ? sentences.map((b) => ({
            head: `${b + 1}`,
            cells: Array.from({ length: stage.cells }, (_, i) => fixed(stage.valuesAt(b, i)[0])),
          }))
        : sentences.flatMap((b) =>
            Array.from({ length: stage.cells }, (_, t) => ({
              head: `${b + 1}, ${t} ${stage.cells === T ? derived.tokens[b][t] : ""}`.trim(),
              cells: [
                ...(masked ? [stage.mask?.(b, t) ? "True" : "False"] : []),
                ...stage.valuesAt(b, t).map((v) => fixed(v)),
              ],
            })),
          ),
    });
  }
  if (predicting) return result;
  const names = VARIANTS.map((variant) => VARIANT_NAMES[variant]);
  if (derived.pooledAt !== null && B) {
    const b = scene.ui.local.sentence;
    const values = pooledOf(derived, b);
    result.push({
      caption: `${stages[derived.pooledAt].label} of sentence ${b + 1}, three variants`,
      corner: "number",
      columns: names,
      rows: values.model.slice(0, 6).map((_, i) => ({
        head: String(i),
        cells: VARIANTS.map((variant) =>
          values[variant][i] === undefined ? "—" : fixed(values[variant][i]),
        ),
      })),
    });
  }
  const off = distanceText(derived.lossOff);
  result.push({
    caption: `Loss and gradient${off.tone ? `: the loss is off by ${off.value}` : ""}`,
    corner: "value",
    columns: names,
    rows: [
      {
        head: "loss",
        cells: VARIANTS.map((_, i) =>
          i === 2 && derived.noReference ? "—" : fixed(derived.loss[i], 3),
        ),
      },
      ...sentences
        .filter((b) => !Number.isNaN(derived.pooledOff(b, "model")))
        .map((b) => ({
          head: `pooled vector of sentence ${b + 1}, off by`,
          cells: VARIANTS.map((variant) => fixed(derived.pooledOff(b, variant))),
        })),
      {
        head: "gradient W[0]",
        cells: VARIANTS.map((variant) =>
          derived.gradient(variant) ? fixed(norm(derived.gradient(variant)), 3) : "—",
        ),
      },
    ],
  });
  result.push({
    caption: "Row 0 of the table",
    corner: "row",
    columns: [...Array.from(derived.row0, (_, i) => String(i)), "norm"],
    rows: [
      {
        head: "W[0]",
        cells: [...Array.from(derived.row0, (v) => fixed(v)), fixed(norm(derived.row0), 3)],
      },
    ],
  });
  return result;
}
