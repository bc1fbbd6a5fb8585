/**
 * The words that were selected on the map, in a table that stands where the neighbor lists stand.
 */
import { html, nothing } from "lit-html";
import { button } from "../kit/controls.js";
import { fixed, formatInt, pluralize } from "../kit/format.js";
import { labelOf } from "./coloring.js";
import { percent } from "./narration.js";
import { LISTED, clearSelection, keptOf, selectionOf } from "./region.js";
import { derive } from "./trace.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** Whether something is selected, and may be shown. @param {Scene} scene */
export const isShown = (scene) => !scene.predicting && selectionOf(scene).ids.length > 0;

/** What the selection is, in words. @param {Scene} scene @param {number} most  neighbors of a word */
export function selectionText(scene, most) {
  const { ids, rows } = selectionOf(scene);
  const kept = keptOf(scene);
  const { V, total } = derive(scene.trace);
  const lines = [];
  if (V < total) lines.push(`Only drawn words can be selected, ${percent(V / total)} of all.`);
  if (rows.length < ids.length)
    lines.push(`${formatInt(ids.length - rows.length)} of them are not drawn.`);
  if (rows.length > LISTED) lines.push(`The ${LISTED} nearest are listed.`);
  if (kept?.alike !== null && kept?.alike !== undefined)
    lines.push(
      `Mean cosine of two of them ${fixed(kept.alike)}${kept.all === null ? "" : `, of any two words ${fixed(kept.all)}`}.`,
    );
  if (kept?.kept.length) {
    const mean = kept.kept.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    const some = kept.kept.length < rows.length ? ` (of ${kept.kept.length})` : "";
    lines.push(
      `The map keeps ${fixed(mean / kept.kept.length, 1)} of ${most} neighbors of each${some}.`,
    );
  }
  return lines.join(" ");
}

/** @param {SceneFrame} d */
export function regionPanel(d) {
  const { scene, derived, at, current } = d;
  const { ids, rows } = selectionOf(scene);
  const kept = keptOf(scene);
  const fixedPage = scene.trace.header.fixed !== undefined;
  /** @type {Map<number, number>} */
  const known = new Map(
    kept?.rows.map((/** @type {number} */ id, /** @type {number} */ n) => [id, kept.kept[n]]),
  );
  const label = scene.trace.header.legend ? scene.trace.header.params.color : "";
  const listed = rows.slice(0, LISTED);
  const focus = scene.ui.focus?.part === "region" ? listed.indexOf(scene.ui.focus.row) : -1;
  const [x, w] = [at.lists[0].x, at.lists[1].x + at.lists[1].w - at.lists[0].x];
  const y = at.rows.y - 40;
  const bottom = at.sum ? at.sum.y : at.height;
  return html`<section class="region" aria-label="Selected words" style="left:${x}px;top:${y}px;width:${w}px;height:${bottom - y - 4}px">
    <header>
      <h3>${pluralize(ids.length, "word")} selected</h3>
      ${button({ label: "Clear", place: "clear", onClick: () => clearSelection(scene) })}
    </header>
    <p role="status">${selectionText(scene, Math.min(10, derived.total - 1))}</p>
    <div class="scroll" tabindex="0" role="group" aria-label="Table of the selected words">
      <table>
        <thead>
          <tr>
            <th scope="col">word</th>
            ${label ? html`<th scope="col"><bdi>${label}</bdi></th>` : nothing}
            <th scope="col" class="num">${derived.measure}</th>
            ${fixedPage ? nothing : html`<th scope="col" class="num" title="of its ten nearest by ${derived.by}, how many are its ten nearest on the map">kept</th>`}
          </tr>
        </thead>
        <tbody>
          ${listed.map(
            (row, i) => html`<tr data-row=${row} class=${row === current ? "hit" : ""}>
              <th scope="row">
                <button type="button" class="word" data-place="region:${i}" data-row=${row} tabindex=${i === Math.max(0, focus) ? 0 : -1}><bdi>${derived.name(row)}</bdi></button>
              </th>
              ${label ? html`<td><bdi>${labelOf(scene.trace, row)}</bdi></td>` : nothing}
              <td class="num">${fixed(derived.values[row])}</td>
              ${fixedPage ? nothing : html`<td class="num">${known.get(derived.id(row)) ?? (i < 50 && !kept ? "…" : "—")}</td>`}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
