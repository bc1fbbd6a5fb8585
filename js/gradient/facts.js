/**
 * Facts beside the gradient figure: shapes, this pass, the check of one weight, and the error
 * curve.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { fixed, shape, scientific, formatInt } from "../kit/format.js";
import { errorCurve } from "./error_curve.js";
import { checkedWeight } from "./gradient_check.js";
import { isPredicting, selectedWeight } from "./state.js";
import { busiest, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function facts(scene) {
  const { trace, params, explorer } = scene;
  const { header } = trace;
  const derived = derive(trace);
  const { N, V, D } = derived;
  const hidden = isPredicting(scene);
  const weight = selectedWeight(scene);
  const check = checkedWeight(trace, derived, weight.row, weight.col, params.digits, params.rule);
  const row = busiest(derived);
  const good = header.passes[params.rule];
  const groups = [
    {
      title: "Shapes",
      facts: [
        { name: "upstream gradient", value: shape([N, D]) },
        { name: "gradient dW", value: shape([V, D]), id: "grad" },
      ],
    },
    {
      title: "Backward pass",
      facts: [
        { name: "loss", value: header.loss === null ? "NaN" : fixed(header.loss, 4), id: "loss" },
        {
          name: "rows with gradient",
          value: hidden ? "?" : `${formatInt(header.reached)} of ${formatInt(V)}`,
          id: hidden ? undefined : "rows",
        },
        {
          name: "busiest row",
          value: hidden || row < 0 ? "—" : `${row}, gets ${derived.count(row)}`,
        },
      ],
    },
    {
      title: hidden ? "Gradient check" : `Gradient check of W[${weight.row}, ${weight.col}]`,
      facts: hidden
        ? [{ name: "hidden", value: "?" }]
        : [
            { name: `analytic, ${params.rule}`, value: check ? fixed(check.analytic, 6) : "—" },
            { name: "numerical", value: check ? fixed(check.numeric, 6) : "—" },
            {
              name: "relative error",
              value: check ? scientific(check.error) : "—",
              id: check ? "error" : undefined,
              tone: check && check.error > header.tolerance ? "bad" : "",
            },
            {
              name: "all weights",
              value: good ? "pass" : "fail",
              id: "all",
              tone: good ? "good" : "bad",
            },
          ],
    },
  ];
  const open = (/** @type {string} */ id) =>
    explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${errorCurve(scene)}`;
}
