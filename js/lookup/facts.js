/**
 * Facts beside the lookup figure: shapes, and the cost of both methods.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { duration, shape, formatInt } from "../kit/format.js";
import { limit } from "./controls.js";
import { costChart } from "./cost_chart.js";
import { formatDifference } from "./race.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function facts(scene) {
  const { header } = scene.trace;
  const { V, D, total, error } = derive(scene.trace);
  const predicting = scene.ui.prediction?.phase === "open";
  const none = error ? "—" : predicting ? "?" : null;
  const { explorer } = scene;
  const groups = [
    {
      title: "Shapes",
      facts: [
        { name: "ids", value: shape(header.shapes.ids) },
        { name: "table", value: shape(header.shapes.table) },
        {
          name: "output",
          value: error ? "—" : shape(header.shapes.output),
          id: error ? undefined : "output",
        },
        { name: "parameters", value: formatInt(header.parameters), id: "parameters" },
      ],
    },
    {
      title: "Cost of the gather",
      facts: [
        {
          name: "rows read",
          value: none ?? `${formatInt(header.rows_read)} of ${formatInt(V)}`,
          id: none ? undefined : "rows",
        },
        {
          name: "bytes moved",
          value: none ?? formatInt(header.bytes_moved),
          id: none ? undefined : "bytes",
        },
        {
          name: "multiplications",
          value: error ? "—" : "0",
          tone: error ? "" : "good",
          id: error ? undefined : "gather",
        },
        {
          name: "time",
          value: duration(header.gather_ns),
          id: header.gather_ns == null ? undefined : "time",
        },
      ],
    },
    {
      title: "One-hot matmul",
      facts: [
        {
          name: "multiplications",
          value: error ? "—" : formatInt(header.multiplications["one-hot"]),
          tone: error ? "" : "bad",
          id: error ? undefined : "onehot",
        },
        {
          name: "time",
          value: duration(header.onehot_ns),
          id: header.onehot_ns == null ? undefined : "time",
        },
        {
          name: "max difference",
          value: error ? "—" : formatDifference(header.max_difference),
          id: error ? undefined : "difference",
        },
      ],
    },
  ];
  const { max: mostV = 2048 } = limit(scene, "input_dim");
  const { max: mostD = 32 } = limit(scene, "output_dim");
  const open = (/** @type {string} */ id) =>
    explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${costChart({ N: total, V, D, mostV, mostD })}`;
}
