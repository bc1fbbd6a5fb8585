/**
 * Facts beside the gradient figure: shapes, this pass, the check of one weight, and the error
 * curve.
 */
import { fixed, shape, scientific, formatInt } from "../kit/format.js";
import { errorCurve } from "./error_curve.js";
import { checkedWeight } from "./gradient_check.js";
import { selectedWeight } from "./state.js";
import { busiest, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const { trace, params } = scene;
  const { header } = trace;
  const derived = derive(trace);
  const { N, V, width: D } = derived;
  const weight = selectedWeight(scene);
  const check = checkedWeight(trace, derived, weight.row, weight.col, params.digits, params.rule);
  const row = busiest(derived);
  const good = header.passes[params.rule];
  const loss = {
    name: "loss",
    value: header.loss === null ? "NaN" : fixed(header.loss, 4),
    id: "loss",
    given: true,
  };
  const rows = {
    name: "rows with gradient",
    value: `${formatInt(header.reached)} of ${formatInt(V)}`,
    id: "rows",
  };
  const most = { name: "busiest row", value: row < 0 ? "—" : `${row}, gets ${derived.count(row)}` };
  const error = {
    name: "relative error",
    value: check ? scientific(check.error) : "—",
    id: check ? "error" : undefined,
    tone: check && check.error > header.tolerance ? "bad" : "",
  };
  const all = {
    name: "all weights",
    value: good ? "pass" : "fail",
    id: "all",
    tone: good ? "good" : "bad",
  };
  const groups = [
    {
      title: "Shapes",
      facts: [
        { name: "upstream gradient", value: shape([N, D]), given: true },
        { name: "gradient dW", value: shape([V, D]), id: "grad", given: true },
      ],
    },
    { title: "Backward pass", facts: [loss, rows, most] },
    {
      title: `Gradient check of W[${weight.row}, ${weight.col}]`,
      facts: [
        { name: `analytic, ${params.rule}`, value: check ? fixed(check.analytic, 6) : "—" },
        { name: "numerical", value: check ? fixed(check.numeric, 6) : "—" },
        error,
        all,
      ],
    },
  ];
  return {
    groups,
    keys: [
      { ...loss, name: "Loss" },
      { ...rows, name: "Rows with gradient" },
      { ...most, name: "Busiest row" },
      { ...all, name: "Gradient check, all weights" },
      { ...error, name: `Relative error, W[${weight.row}, ${weight.col}]` },
    ],
    extra: scene.predicting ? undefined : errorCurve(scene),
  };
}
