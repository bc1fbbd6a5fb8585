/**
 * Facts beside the lookup figure: shapes, and the cost of both methods.
 */
import { duration, shape, formatInt } from "../kit/format.js";
import { limit } from "./controls.js";
import { costChart } from "./cost_chart.js";
import { formatDifference } from "./race.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const { header } = scene.trace;
  const { size, total, error } = derive(scene.trace);
  const [V, D] = size;
  /** @param {string} name @param {unknown} value @param {string} id @param {string} [tone] */
  const unlessError = (name, value, id, tone = "") =>
    error ? { name, value: "—" } : { name, value, id, tone };
  /** @param {number | null} ns @param {string} id */
  const time = (ns, id) => ({ name: "time", value: duration(ns), id: ns == null ? undefined : id });
  const rows = unlessError(
    "rows read",
    `${formatInt(header.rows_read)} of ${formatInt(V)}`,
    "rows",
  );
  const bytes = unlessError("bytes moved", formatInt(header.bytes_moved), "bytes");
  const none = unlessError("multiplications", "0", "gather", "good");
  const products = unlessError(
    "multiplications",
    formatInt(header.multiplications["one-hot"]),
    "onehot",
    "bad",
  );
  const table = { name: "table", value: shape(header.shapes.table), given: true };
  const ids = { name: "ids", value: shape(header.shapes.ids), given: true };
  const groups = [
    {
      title: "Shapes",
      facts: [
        ids,
        table,
        unlessError("output", shape(header.shapes.output), "output"),
        { name: "parameters", value: formatInt(header.parameters), id: "parameters", given: true },
      ],
    },
    { title: "Cost of the gather", facts: [rows, bytes, none, time(header.gather_ns, "time")] },
    {
      title: "One-hot matmul",
      facts: [
        products,
        time(header.onehot_ns, "onehot_time"),
        unlessError("max difference", formatDifference(header.max_difference), "difference"),
      ],
    },
  ];
  const { max: mostV = 2048 } = limit(scene, "input_dim");
  const { max: mostD = 32 } = limit(scene, "output_dim");
  return {
    groups,
    keys: scene.predicting
      ? [
          { ...ids, name: "Shape of the ids" },
          { ...table, name: "Shape of the table" },
        ]
      : [
          { ...rows, name: "Rows read" },
          { ...bytes, name: "Bytes moved" },
          { ...none, name: "Multiplications, gather" },
          { ...products, name: "Multiplications, one-hot matmul" },
        ],
    extra: scene.predicting ? undefined : costChart({ N: total, V, D, mostV, mostD }),
  };
}
