/**
 * The right side: shapes, and what both ways cost.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { duration, shape, whole } from "../kit/format.js";
import { limit } from "./controls.js";
import { growth } from "./cost_chart.js";
import { difference } from "./race.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function numbers(scene) {
  const { header } = scene.trace;
  const { V, D, total, refused } = readingOf(scene.trace);
  const asked = scene.ui.prediction?.phase === "open";
  const none = refused ? "—" : asked ? "?" : null;
  const { act } = scene;
  const groups = [
    {
      title: "Shapes",
      facts: [
        { name: "ids", value: shape(header.shapes.ids) },
        { name: "table", value: shape(header.shapes.table) },
        {
          name: "output",
          value: refused ? "—" : shape(header.shapes.output),
          id: refused ? undefined : "output",
        },
        { name: "weights", value: whole(header.parameters), id: "parameters" },
      ],
    },
    {
      title: "Cost of this lookup",
      facts: [
        {
          name: "rows read",
          value: none ?? `${whole(header.rows_read)} of ${whole(V)}`,
          id: none ? undefined : "rows",
        },
        { name: "bytes moved", value: none ?? whole(header.bytes_moved), id: none ? undefined : "bytes" },
        {
          name: "multiplications",
          value: refused ? "—" : "0",
          tone: refused ? "" : "good",
          id: refused ? undefined : "gather",
        },
        {
          name: "time, gather",
          value: duration(header.gather_ns),
          id: header.gather_ns == null ? undefined : "time",
        },
      ],
    },
    {
      title: "The one-hot way",
      facts: [
        {
          name: "multiplications",
          value: refused ? "—" : whole(header.multiplications["one-hot"]),
          tone: refused ? "" : "bad",
          id: refused ? undefined : "onehot",
        },
        {
          name: "time",
          value: duration(header.onehot_ns),
          id: header.onehot_ns == null ? undefined : "time",
        },
        {
          name: "max difference",
          value: refused ? "—" : difference(header.max_difference),
          id: refused ? undefined : "difference",
        },
      ],
    },
  ];
  const { max: mostV = 2048 } = limit(scene, "input_dim");
  const { max: mostD = 32 } = limit(scene, "output_dim");
  const open = (/** @type {string} */ id) => act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${growth({ N: total, V, D, mostV, mostD })}`;
}
