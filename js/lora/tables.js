/**
 * Data tables of the LoRA view: every number that is drawn.
 */
import { fixed, formatInt } from "../kit/format.js";
import { percent } from "./charts.js";
import { isPredicting, layoutOf, momentAt } from "./state.js";
import { firstUpdates, momentOf, parameterCount, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function tables(scene) {
  const { trace, ui } = scene;
  const derived = derive(trace);
  const now = momentAt(scene);
  const { cols } = layoutOf(scene);
  const { n, K, rows, words, errors, values } = derived;
  const every = (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => i);
  const name = (/** @type {number} */ i) => `${rows[i]} ${words[i]}`.trim();
  /**
   * @param {string} caption
   * @param {number} count
   * @param {number} columns
   * @param {(i: number) => ArrayLike<number>} row
   * @param {(i: number) => string} [head]
   */
  const matrix = (caption, count, columns, row, head = name) => ({
    caption,
    corner: "row",
    columns: every(columns).map(String),
    rows: every(count).map((i) => ({
      head: head(i),
      cells: Array.from(row(i), (v) => fixed(v)).slice(0, columns),
    })),
  });
  const { plain, stable } = firstUpdates(trace);
  const hidden = isPredicting(scene);
  const guess = ui.prediction?.curve;
  return [
    {
      caption: `Rows, after step ${now.step}`,
      corner: "row",
      columns: ["trained", "displacement"],
      rows: every(n).map((i) => ({
        head: name(i),
        cells: [derived.trainedRows.has(i) ? "yes" : "no", fixed(now.displacement(i))],
      })),
    },
    {
      caption: `By rank, after step ${now.step}`,
      corner: "rank",
      columns: [
        "parameters",
        "scale",
        "singular value",
        "best possible error",
        ...(guess ? ["your prediction"] : []),
        "error, all rows",
        "error, trained rows",
        "first update, α/r",
        "first update, α/√r",
      ],
      rows: every(K).map((k) => ({
        head: String(k + 1),
        cells: [
          formatInt(parameterCount(derived, k + 1)),
          fixed(derived.scales[k]),
          hidden ? "?" : fixed(values[k]),
          hidden ? "?" : percent(errors[k + 1]),
          ...(guess ? [percent(guess[k])] : []),
          percent(momentOf(trace, k + 1, ui.step).error),
          percent(momentOf(trace, k + 1, ui.step).trainedError),
          fixed(plain[k]),
          fixed(stable[k]),
        ],
      })),
    },
    matrix("W", n, cols, derived.table),
    matrix(`A, after step ${now.step}`, n, now.r, now.a),
    matrix(`B, after step ${now.step}`, now.r, cols, now.b, String),
    matrix(`W′, after step ${now.step}`, n, cols, now.after),
    matrix("ΔW, the target", n, cols, derived.delta),
  ];
}
