/**
 * Button that grows the vocabulary, where a word of the text has no row.
 */
import { nothing } from "lit-html";
import { button } from "./controls.js";

/** @param {import("./explorer.js").Explorer} explorer */
export function growButton(explorer) {
  const {
    rows_needed: needed,
    params,
    fixed,
  } = /** @type {any} */ (explorer.store.trace)?.header ?? {};
  if (fixed || params?.grow !== false || !(needed > params.input_dim)) return nothing;
  return button({
    label: `Grow V to fit (${needed})`,
    place: "grow",
    onClick: () => {
      explorer.edit({ ...explorer.store.rejected, grow: true });
      explorer.focusAfterPaint("input_dim");
    },
  });
}
