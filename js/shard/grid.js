/**
 * The rows that came back, beside the ids that they belong to.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { heatmapRow } from "../kit/heatmap.js";
import { columnsAt } from "./trace.js";

/** @param {import("./figure.js").Drawing} drawing */
export function rowGrid({ scene, derived, at, progress, highlight, predicting }) {
  const { ui, theme } = scene;
  const { x, y, w, cw, pitch } = at.grid;
  const slots = Array.from({ length: derived.N }, (_, n) => n);
  const there = slots.map((n) => (predicting ? 0 : columnsAt(derived, progress, n)));
  const outlines = slots
    .filter((n) => there[n] < derived.D)
    .map((n) => `M${x} ${y + n * pitch + 0.5}h${w - 1.5}v${pitch - 3}h${1.5 - w}z`);
  const [stopRow, stopCol] = ui.local.cell;
  const rows = slots
    .filter((n) => there[n])
    .map((n) => {
      const k = derived.distinctOf(n);
      const faded = highlight !== null && !highlight.ids.includes(k);
      const stop = stopRow === n ? stopCol : -1;
      const id = derived.id(n);
      const cells = guard(
        [derived.rowKeys[k], derived.vmax, id, at, n, there[n], stop, theme],
        () =>
          heatmapRow({
            values: Array.from(derived.row(k)).slice(0, there[n]),
            col0: 0,
            x,
            y: y + n * pitch,
            cw,
            ch: pitch - 1.5,
            vmax: derived.vmax,
            theme,
            label: (col, value) => `row of id ${id}, column ${col} = ${value}`,
            place: (col) => `cell:${n}:${col}`,
            stop,
            rowIndex: n + 1,
            name: `position ${n}, id ${id}`,
          }),
      );
      return svg`<g class=${faded ? "faded" : ""}>${cells}</g>`;
    });
  return svg`<path class="slots" aria-hidden="true" d=${outlines.join("")} />
    ${
      rows.length
        ? svg`<g role="grid" aria-label="Rows of the batch" aria-rowcount=${derived.N} aria-colcount=${derived.D}>${rows}</g>`
        : nothing
    }`;
}
