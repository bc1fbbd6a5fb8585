/**
 * Button that grows the vocabulary, where a word of the text has no row.
 */
import { nothing } from "lit-html";
import { button, unlessFixed } from "./controls.js";

/** @param {import("./explorer.js").Explorer} explorer */
export function growButton(explorer) {
  const { trace } = explorer.store;
  if (!trace) return nothing;
  const { rows_needed: needed = 0, params } = trace.header;
  if (params.grow !== false || needed <= params.input_dim) return nothing;
  const grow = button({
    label: `Grow V to fit (${needed})`,
    place: "grow",
    onClick: () => {
      explorer.edit({ ...explorer.store.rejected, grow: true });
      explorer.focusAfterPaint("input_dim");
    },
  });
  return unlessFixed(trace, "grow", grow);
}
