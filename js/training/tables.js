/**
 * Data tables of the training view: every number that is drawn.
 */
import { splitColumns } from "../kit/data_table.js";
import { fixed } from "../kit/format.js";
import { withSelectedRow, lanesOf } from "./charts.js";
import { size } from "./facts.js";
import { shortNumber } from "./number_format.js";
import { sceneFrame, rowName } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const WIDE = 82; // pixels of a column of the data table: 1.23e−4 ∅

/**
 * Every number drawn.
 * @param {Scene} scene
 * @returns {import("../kit/data_table.js").DataTable[]}
 */
export function tables(scene) {
  const d = sceneFrame(scene);
  const { derived, s } = d;
  const { row, n: run } = withSelectedRow(d);
  const { S, order, runs } = derived;
  const until = d.predicting ? s + 1 : S; // an open prediction keeps its answer hidden
  const steps = Array.from({ length: until }, (_, t) => String(t + 1));
  const head = (/** @type {number} */ r) => rowName(derived, r);
  const many = (/** @type {string} */ what, /** @type {number} */ n) =>
    runs.length > 1 ? `${what}, run ${n + 1}: ${runs[n].title}` : what;
  const most = Math.max(2, Math.floor((scene.size.width - 130) / WIDE));
  /** @type {import("../kit/data_table.js").DataTable[]} */
  const all = [
    ...runs.map((run, n) => ({
      caption: many(`Position of each row after step ${s + 1}`, n),
      corner: "row",
      columns: ["x", "y", "moved", "gradient", "seen"],
      rows: order.map((r) => ({
        head: head(r),
        cells: [
          ...derived.project(run.weights(s + 1, r)).map(shortNumber),
          shortNumber(run.move(s, r)),
          shortNumber(size(run.grad(s, r))),
          derived.lastSeen(s, r) < 0 ? "never" : derived.lastSeen(s, r) + 1,
        ],
      })),
    })),
    {
      caption: "Loss of each batch",
      corner: "run",
      columns: steps,
      rows: [
        ...runs.map((run, n) => ({
          head: `${n + 1} ${run.name}`,
          cells: steps.map((_, t) => fixed(run.losses[t], 3)),
        })),
        ...(derived.unbranched
          ? [
              {
                head: "original run",
                cells: steps.map((_, t) => fixed(derived.unbranched?.losses[t] ?? NaN, 3)),
              },
            ]
          : []),
      ],
    },
    {
      caption: `“${head(row)}” over time${runs.length > 1 ? `, run ${run + 1}` : ""}`,
      corner: "number",
      columns: steps,
      rows: lanesOf(withSelectedRow(d)).map(({ name, value }) => ({
        head: name,
        cells: steps.map((_, t) => shortNumber(value(t))),
      })),
    },
    ...runs.map((run, n) => ({
      caption: many("Row displacement at each step (∅: zero gradient)", n),
      corner: "row",
      columns: steps,
      rows: order.map((r) => ({
        head: head(r),
        cells: steps.map(
          (_, t) => `${shortNumber(run.move(t, r))}${run.hasGrad(t, r) ? "" : " ∅"}`,
        ),
      })),
    })),
  ];
  return all.flatMap((table) => splitColumns(table, most));
}
