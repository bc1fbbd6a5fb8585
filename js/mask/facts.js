/**
 * Facts beside the mask figure: pooled vector, loss and gradient of row 0, each of this model,
 * without a mask, and on unpadded sequences.
 */
import { html, nothing } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { fixed } from "../kit/format.js";
import { VARIANTS, norm, pooledOf, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Variant} Variant */

/** @type {Record<Variant, string>} */
export const VARIANT_NAMES = {
  model: "this model",
  unmasked: "without mask",
  reference: "unpadded reference",
};

/**
 * A number, or a dash where there is none.
 * @param {number} value
 * @param {number} digits
 * @param {boolean} there
 */
const orDash = (value, digits, there) => (there ? fixed(value, digits) : "—");

/** Return how far the loss is off, as a fact. @param {Derived} derived */
export function lossError({ lossRatio }) {
  if (lossRatio === null) return null;
  const percent = fixed(Math.abs(100 * (lossRatio - 1)), 1);
  if (Math.abs(lossRatio - 1) < 1e-5)
    return { name: "off by", value: "0 %", tone: /** @type {const} */ ("good") };
  return {
    name: lossRatio > 1 ? "too high by" : "too low by",
    value: `${percent} %`,
    tone: /** @type {const} */ ("bad"),
  };
}

/** @param {Scene} scene */
export function facts(scene) {
  const derived = derive(scene.trace);
  const predicting = scene.ui.prediction?.phase === "open";
  const { explorer } = scene;
  const open = (/** @type {string} */ id) =>
    explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } });
  const truth = !derived.noReference;
  const wrong = lossError(derived);
  const lossOf = (/** @type {Variant} */ variant, /** @type {number} */ i) => {
    const there = variant !== "reference" || truth;
    const tone = variant === "reference" ? "" : wrong && variant === "model" ? wrong.tone : "";
    return {
      name: VARIANT_NAMES[variant],
      value: predicting ? "?" : orDash(derived.loss[i], 3, there),
      tone: predicting ? "" : tone,
      id: predicting || !there ? undefined : `loss:${variant}`,
    };
  };
  const gradientOf = (/** @type {Variant} */ variant) => {
    const gradient = derived.gradient(variant);
    return {
      name: VARIANT_NAMES[variant],
      value: predicting ? "?" : orDash(norm(gradient), 3, gradient !== null),
      tone:
        predicting || variant !== "model" || !gradient ? "" : norm(gradient) > 0 ? "bad" : "good",
      id: predicting || !gradient ? undefined : `grad:${variant}`,
    };
  };
  const groups = [
    {
      title: "Loss of the batch",
      facts: [
        ...VARIANTS.map(lossOf),
        ...(wrong && !predicting ? [{ ...wrong, id: "factor" }] : []),
      ],
    },
    { title: "Gradient norm of row 0", facts: VARIANTS.map(gradientOf) },
    {
      title: "Row 0 of the table",
      facts: [{ name: "norm", value: fixed(norm(derived.row0), 3), id: "row0" }],
    },
  ];
  return html`${pooled(scene, derived, predicting, open)} ${factGroups(/** @type {any} */ (groups), open)}
  ${derived.noReference && !predicting ? html`<p class="why">No unpadded reference: ${derived.noReference}</p>` : nothing}`;
}

/**
 * Table of the vector that the first pooling layer returns for the selected sentence.
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {boolean} predicting
 * @param {(id: string) => void} open
 */
function pooled({ ui }, derived, predicting, open) {
  const stage = derived.pooledAt === null ? null : derived.stages[derived.pooledAt];
  const b = ui.local.sentence;
  if (!stage || !derived.B)
    return html`<h3>Pooled vector</h3><p class="why">${derived.B ? "Every layer keeps the places apart: nothing pools them." : "No sentence, no vector."}</p>`;
  const cells = Math.min(6, stage.form === "flat" ? 6 : stage.cells);
  const values = pooledOf(derived, b);
  return html`<h3>${stage.label} of sentence ${b + 1}</h3>
  <table class="num pooled" aria-label="${stage.label} of sentence ${b + 1}">
    <thead>
      <tr>
        <td></td>
        ${VARIANTS.map((variant) => VARIANT_NAMES[variant]).map((variant) => html`<th scope="col">${variant}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${Array.from(
        { length: cells },
        (_, i) => html`<tr>
          <th scope="row">${i}</th>
          ${VARIANTS.map((variant) => {
            const value = values[variant][i];
            const there = value !== undefined && !(variant === "reference" && derived.noReference);
            const wrong =
              variant === "model" &&
              there &&
              !derived.noReference &&
              Math.abs(value - values.reference[i]) > 1e-6;
            if (predicting || !there) return html`<td>${predicting ? "?" : "—"}</td>`;
            return html`<td class=${wrong ? "bad" : variant === "model" && !derived.noReference ? "good" : ""}>
              <button type="button" class="fact" data-place="fact:pool:${variant}:${i}" title="Show the formula" @click=${() => open(`pool:${variant}:${i}`)}>
                ${fixed(value)}<span class="unseen">, show the formula</span>
              </button>
            </td>`;
          })}
        </tr>`,
      )}
    </tbody>
  </table>`;
}
