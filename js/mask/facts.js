/**
 * Facts beside the mask figure: pooled vector, loss and gradient of row 0, each of this model,
 * without a mask, and on unpadded sequences.
 */
import { html, nothing } from "lit-html";
import { fixed, scientific } from "../kit/format.js";
import { SAME, VARIANTS, norm, paddingOf, pooledOf, derive } from "./trace.js";

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

/** Return a distance from the unpadded reference as text, and whether it is none. @param {number} off */
export function distanceText(off) {
  if (Number.isNaN(off)) return { value: "—", tone: "" };
  if (off < SAME) return { value: "0", tone: "good" };
  return { value: off < 0.01 ? scientific(off) : fixed(off), tone: "bad" };
}

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const derived = derive(scene.trace);
  const open = (/** @type {string} */ id) =>
    scene.explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } });
  const truth = !derived.noReference;
  const b = scene.ui.local.sentence;
  const each = Array.from({ length: derived.B }, (_, i) => derived.pooledOff(i, "model"));
  const mean = each.reduce((sum, off) => sum + off, 0) / derived.B;
  const lossOff = {
    name: "loss",
    ...distanceText(derived.lossOff),
    id: truth ? "off" : undefined,
  };
  const pooledOff = {
    name: `pooled vector, sentence ${b + 1}`,
    ...distanceText(derived.pooledOff(b, "model")),
    id: each.length && !Number.isNaN(each[b]) ? "distance" : undefined,
  };
  const pooledMean = { name: `mean of ${derived.B}`, ...distanceText(mean) };
  const lossOf = (/** @type {Variant} */ variant, /** @type {number} */ i) => {
    const there = variant !== "reference" || truth;
    return {
      name: VARIANT_NAMES[variant],
      value: orDash(derived.loss[i], 3, there),
      tone: variant === "model" ? lossOff.tone : "",
      id: there ? `loss:${variant}` : undefined,
    };
  };
  const gradientOf = (/** @type {Variant} */ variant) => {
    const gradient = derived.gradient(variant);
    return {
      name: VARIANT_NAMES[variant],
      value: orDash(norm(gradient), 3, gradient !== null),
      tone: variant !== "model" || !gradient ? "" : norm(gradient) > 0 ? "bad" : "good",
      id: gradient ? `grad:${variant}` : undefined,
    };
  };
  const losses = VARIANTS.map(lossOf);
  const gradients = VARIANTS.map(gradientOf);
  const row0 = { name: "norm", value: fixed(norm(derived.row0), 3), id: "row0", given: true };
  const counted = derived.pooledAt !== null && derived.stages[derived.pooledAt].paddingCounts;
  return {
    before: scene.predicting ? undefined : pooled(scene, derived, open),
    groups: [
      { title: "Distance from the unpadded reference", facts: [pooledOff, pooledMean, lossOff] },
      { title: "Loss of the batch", facts: losses },
      { title: "Gradient norm of row 0", facts: gradients },
      { title: "Row 0 of the table", facts: [row0] },
    ],
    keys: scene.predicting
      ? [
          { name: "Sentences", value: derived.B, given: true },
          { name: "Sequence length", value: derived.T, given: true },
          { name: "mask_zero", value: scene.params.mask_zero ? "True" : "False", given: true },
          { ...row0, name: "Norm of row 0" },
        ]
      : [
          {
            ...pooledOff,
            name: "Pooled vector, off by",
            value: html`${pooledOff.value} <small>L2, sentence ${b + 1}</small>`,
          },
          {
            ...lossOff,
            name: "Loss, off by",
            value: html`${lossOff.value} <small>${losses[0].value}, reference ${losses[2].value}</small>`,
          },
          {
            ...gradients[0],
            name: "Gradient of row 0",
            value: html`${gradients[0].value} <small>reference ${gradients[2].value}</small>`,
          },
          {
            name: "Padding that counts",
            value: html`${counted ? paddingOf(derived) : 0} <small>of ${derived.B * derived.T} positions</small>`,
            tone: counted ? "bad" : "good",
          },
        ],
    extra:
      derived.noReference && !scene.predicting
        ? html`<p class="why">No unpadded reference: ${derived.noReference}</p>`
        : nothing,
  };
}

/**
 * Table of the vector that the first pooling layer returns for the selected sentence.
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {(id: string) => void} open
 */
function pooled({ ui }, derived, open) {
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
            if (!there) return html`<td>—</td>`;
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
