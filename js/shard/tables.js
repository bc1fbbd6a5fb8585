/**
 * Data tables of the shard view: every number that is drawn.
 */
import { fixed, formatInt } from "../kit/format.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/data_table.js").DataTable[]} */
export function tables(scene) {
  const derived = derive(scene.trace);
  const positions = Array.from({ length: derived.N }, (_, n) => n);
  const asked = (/** @type {number} */ k) =>
    derived.askers.filter((w) => derived.workers[w].asks.includes(k)).join(", ");
  return [
    {
      caption: `Workers; the expected bytes are those of a batch of ${derived.planned} ids`,
      corner: "worker",
      columns: ["holds", "rows", "sent B", "back B", "step B", "uniform B", "Zipf B"],
      rows: derived.workers.map(({ holding, asks, request, answer, update, loads }, w) => ({
        head: String(w),
        cells: [
          holding,
          formatInt(asks.length),
          formatInt(request),
          formatInt(answer),
          formatInt(update),
          ...loads.map((load) => fixed(load, 1)),
        ],
      })),
    },
    {
      caption: "Batch",
      corner: "position",
      columns: ["id", "word", "row there", "workers"],
      rows: positions.map((n) => {
        const k = derived.distinctOf(n);
        const there = formatInt(derived.localRow(k));
        return { head: String(n), cells: [derived.id(n), derived.word(n), there, asked(k)] };
      }),
    },
    {
      caption: "Rows",
      corner: "id",
      columns: Array.from({ length: derived.D }, (_, c) => String(c)),
      rows: positions.map((n) => ({
        head: String(derived.id(n)),
        cells: Array.from(derived.row(derived.distinctOf(n)), (v) => fixed(v)),
      })),
    },
  ];
}
