/**
 * The two tables of the window figure, before the step, as its gradient, or after it.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { heatmapRow } from "../kit/heatmap.js";
import { markOf } from "../kit/predict.js";
import { TABLES } from "./narration.js";

/** @param {import("./figure.js").Drawing} drawing @param {number} side */
export function tableGrid({ scene, derived, at, highlight, updated, predicting }, side) {
  const { ui, theme } = scene;
  const stage = predicting
    ? "before"
    : /** @type {import("./state.js").LocalUi} */ (ui.local).stage;
  const letter = `${stage === "gradient" ? "d" : ""}${side ? "C" : "W"}`;
  const [stopRow, stopCol] = ui.local.stops[side];
  const { cw, rh } = at.grid;
  const { x, y } = at.tables[side];
  const vmax = stage === "gradient" ? derived.gmax : derived.vmax;
  const rows = derived.words.map((word, row) => {
    const faded = !predicting && !updated[side].has(row) && highlight.rows[side] !== row;
    const mark = markOf(ui.prediction, side * derived.V + row);
    const stop = stopRow === row ? stopCol : -1;
    const values = derived.N ? derived[stage](ui.step, side, row) : derived.before(0, side, row);
    const shown = `${Array.from(values)} ${word} ${vmax} ${letter}`;
    return guard([shown, at, row, faded, mark, predicting, stop, theme], () => {
      return svg`<g class=${faded ? "faded" : ""}>${heatmapRow({
        values,
        col0: 0,
        x,
        y: y + row * rh,
        cw,
        ch: rh - 1.5,
        vmax,
        theme,
        label: (col, value) => `${letter}[${derived.rowId(row)}, ${col}] = ${value}`,
        place: (col) => `cell:${side}:${row}:${col}`,
        stop,
        rowIndex: row + 1,
        name: `row ${derived.rowId(row)}, ${word}`,
        selected: predicting ? mark === "chosen" : null,
      })}</g>`;
    });
  });
  const name = predicting ? `Rows of the ${TABLES[side]} to choose from` : `The ${TABLES[side]}`;
  return svg`<g role="grid" aria-label=${name} aria-multiselectable=${predicting ? "true" : nothing} aria-rowcount=${derived.V} aria-colcount=${derived.D}>${rows}</g>`;
}
