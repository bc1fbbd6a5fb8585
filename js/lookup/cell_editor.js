/**
 * Text field over the weight that is being edited.
 */
import { html, nothing } from "lit-html";
import { finishEdit } from "./actions.js";
import { rowY } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */

/** Return the text field over the cell that is edited. @param {Scene} scene @param {Layout} at */
export function cellEditor(scene, at) {
  const { editing, windows } = scene.ui.local;
  if (!editing) return nothing;
  const { row, col, text } = editing;
  const x = Math.min(
    at.width - 66,
    Math.max(0, at.table.x + (col - windows.col + 0.5) * at.table.cw - 33),
  );
  return html`<input
    class="edit num"
    type="text"
    inputmode="decimal"
    aria-label="W[${derive(scene.trace).rowId(row)}, ${col}]. Type a number, or use the up and down arrows; Enter keeps it, Escape takes it back."
    data-place="edit"
    style="left:${x}px;top:${rowY(at, row - windows.row) - 14}px"
    .value=${text}
    @input=${(/** @type {Event} */ e) => (editing.text = /** @type {HTMLInputElement} */ (e.target).value)}
    @focus=${(/** @type {Event} */ e) => /** @type {HTMLInputElement} */ (e.target).select()}
    @blur=${() => scene.ui.local.editing === editing && finishEdit(scene, true)}
  />`;
}
