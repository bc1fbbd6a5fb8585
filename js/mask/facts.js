/**
 * The numbers on the right: the pooled vector, the loss and row 0's gradient, each with the mask as
 * far as it comes, without any, and of the sentences cut free of their padding.
 */
import { html, nothing } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { fixed } from "../kit/format.js";
import { WAYS, norm, pooledOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Way} Way */

/** @type {Record<Way, string>} */
export const WAY_NAMES = { here: "this model", without: "no mask", truth: "no padding" };

/** A number, or a dash where there is none. @param {number} value @param {number} digits @param {boolean} there */
const told = (value, digits, there) => (there ? fixed(value, digits) : "—");

/** How far the loss is off, in words of a column. @param {Reading} reading */
export function off({ factor }) {
  if (factor === null) return null;
  const percent = fixed(Math.abs(100 * (factor - 1)), 1);
  if (Math.abs(factor - 1) < 1e-5) return { name: "off by", value: "0 %", tone: /** @type {const} */ ("good") };
  return { name: factor > 1 ? "too high by" : "too low by", value: `${percent} %`, tone: /** @type {const} */ ("bad") };
}

/** @param {Scene} scene */
export function numbers(scene) {
  const reading = readingOf(scene.trace);
  const asked = scene.ui.prediction?.phase === "open";
  const { act } = scene;
  const open = (/** @type {string} */ id) => act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  const truth = !reading.noTruth;
  const wrong = off(reading);
  const lossOf = (/** @type {Way} */ way, /** @type {number} */ i) => {
    const there = way !== "truth" || truth;
    const tone = way === "truth" ? "" : wrong && way === "here" ? wrong.tone : "";
    return {
      name: WAY_NAMES[way],
      value: asked ? "?" : told(reading.loss[i], 3, there),
      tone: asked ? "" : tone,
      id: asked || !there ? undefined : `loss:${way}`,
    };
  };
  const gradientOf = (/** @type {Way} */ way) => {
    const gradient = reading.gradient(way);
    return {
      name: WAY_NAMES[way],
      value: asked ? "?" : told(norm(gradient), 3, gradient !== null),
      tone: asked || way !== "here" || !gradient ? "" : norm(gradient) > 0 ? "bad" : "good",
      id: asked || !gradient ? undefined : `grad:${way}`,
    };
  };
  const groups = [
    {
      title: "Loss of the batch",
      facts: [
        ...WAYS.map(lossOf),
        ...(wrong && !asked ? [{ ...wrong, id: "factor" }] : []),
      ],
    },
    { title: "Gradient of row 0, its length", facts: WAYS.map(gradientOf) },
    {
      title: "Row 0 of the table",
      facts: [{ name: "its length", value: fixed(norm(reading.row0), 3), id: "row0" }],
    },
  ];
  return html`${pooled(scene, reading, asked, open)} ${factGroups(/** @type {any} */ (groups), open)}
  ${reading.noTruth && !asked ? html`<p class="why">No truth here: ${reading.noTruth}</p>` : nothing}`;
}

/** The vector that the first layer without time gives for the chosen sentence. @param {Scene} scene @param {Reading} reading @param {boolean} asked @param {(id: string) => void} open */
function pooled({ ui }, reading, asked, open) {
  const stage = reading.pooledAt === null ? null : reading.stages[reading.pooledAt];
  const b = ui.own.sentence;
  if (!stage || !reading.B) return html`<h3>Pooled vector</h3><p class="why">${reading.B ? "Every layer keeps the places apart: nothing pools them." : "No sentence, no vector."}</p>`;
  const cells = Math.min(6, stage.form === "flat" ? 6 : stage.cells);
  const values = pooledOf(reading, b);
  return html`<h3>${stage.label} of sentence ${b + 1}</h3>
  <table class="num pooled" aria-label="${stage.label} of sentence ${b + 1}">
    <thead>
      <tr>
        <td></td>
        ${["here", "no mask", "truth"].map((way) => html`<th scope="col">${way}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${Array.from(
        { length: cells },
        (_, i) => html`<tr>
          <th scope="row">${i}</th>
          ${WAYS.map((way) => {
            const value = values[way][i];
            const there = value !== undefined && !(way === "truth" && reading.noTruth);
            const wrong = way === "here" && there && !reading.noTruth && Math.abs(value - values.truth[i]) > 1e-6;
            if (asked || !there) return html`<td>${asked ? "?" : "—"}</td>`;
            return html`<td class=${wrong ? "bad" : way === "here" && !reading.noTruth ? "good" : ""}>
              <button type="button" class="fact" data-place="fact:pool:${way}:${i}" title="Show the formula" @click=${() => open(`pool:${way}:${i}`)}>
                ${fixed(value)}<span class="unseen">, show the formula</span>
              </button>
            </td>`;
          })}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

