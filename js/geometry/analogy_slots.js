/**
 * Analogy slots: a − b + c, and the words nearest to the sum.
 */
import { html, nothing } from "lit-html";
import { unlessFixed } from "../kit/controls.js";
import { fixed, joinList } from "../kit/format.js";
import { wordInput } from "./search.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

export const SLOTS = /** @type {const} */ (["a", "b", "c"]);
const SIGNS = { a: "", b: "−", c: "+" };

/** @param {Scene} scene @param {import("./layout.js").Layout} at */
export function slots(scene, at) {
  const { params, explorer, hidden, ui } = scene;
  if (hidden.has("sum") || ui.prediction?.phase === "open") return nothing;
  const derived = derive(scene.trace);
  const { dragging } = ui.local;
  const style = at.sum ? `left:${at.sum.x}px;top:${at.sum.y}px;width:${at.sum.w}px` : "";
  return html`<div class="sum ${at.sum ? "beside" : ""}" style=${style} role="group" aria-label="Arithmetic with words: a − b + c">
    ${SLOTS.map(
      (
        name,
      ) => html`${SIGNS[name] ? html`<span class="sign" aria-hidden="true">${SIGNS[name]}</span>` : nothing}
        ${unlessFixed(
          scene.trace,
          name,
          html`<label class="slot ${dragging ? "open" : ""} ${dragging?.slot === name ? "hit" : ""}" data-slot=${name}>
          <span class="sub">${name}</span>
          ${wordInput(scene, {
            place: `slot:${name}`,
            label: `${name}, a word or #row`,
            value: params[name],
            placeholder: "a word",
            onChange: (word) => explorer.edit({ [name]: word }),
          })}
        </label>`,
        )}`,
    )}
    ${answers(scene, derived)}
  </div>`;
}

/** @param {Scene} scene @param {import("./trace.js").Derived} derived */
function answers({ ui, trace }, { terms, answers: rows, answerValues, name }) {
  const { waiting } = trace.header;
  if (!terms && waiting.length)
    return html`<p class="hint">${joinList(waiting, 3)} ${waiting.length > 1 ? "are" : "is"} rarer: show more words</p>`;
  if (!terms && trace.header.fixed?.includes("a")) return nothing; // a page without Python
  if (!terms) return html`<p class="hint">drag words into the slots, or type them</p>`;
  if (!rows.length) return html`<p class="hint">no other word</p>`;
  const stop = ui.focus?.part === "answer" ? Math.max(0, rows.indexOf(ui.focus.row)) : 0;
  return html`<div class="found"><span class="sign" aria-hidden="true">=</span><div class="answers" role="listbox" aria-label="Nearest to the sum" aria-orientation="horizontal">
    ${rows.map(
      (row, i) => html`<span
        role="option"
        class="answer"
        aria-selected=${String(ui.focus?.row === row)}
        tabindex=${i === stop ? 0 : -1}
        data-place="answer:${i}"
        data-row=${row}
        ><bdi>${name(row)}</bdi> <span class="num">${fixed(answerValues[i])}</span></span
      >`,
    )}
  </div></div>`;
}

/** The dragged word. @param {Scene} scene */
export function draggedWord({ trace, ui }) {
  const { dragging } = ui.local;
  if (!dragging) return nothing;
  return html`<span class="ghost" aria-hidden="true" style="left:${dragging.x}px;top:${dragging.y}px"
    >${derive(trace).name(dragging.row)}</span
  >`;
}
