/**
 * The numbers on the right: shapes, what this pass did, the check of one weight, and the V.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { fixed, shape, sized, whole } from "../kit/format.js";
import { vee } from "./error_curve.js";
import { asked } from "./gradient_check.js";
import { isAsked, weightOf } from "./state.js";
import { busiest, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function numbers(scene) {
  const { trace, params, act } = scene;
  const { header } = trace;
  const reading = readingOf(trace);
  const { N, V, D } = reading;
  const hidden = isAsked(scene);
  const weight = weightOf(scene);
  const found = asked(trace, reading, weight.row, weight.col, params.digits, params.rule);
  const row = busiest(reading);
  const good = header.passes[params.rule];
  const groups = [
    {
      title: "Shapes",
      facts: [
        { name: "comes back", value: shape([N, D]) },
        { name: "gradient dW", value: shape([V, D]), id: "grad" },
      ],
    },
    {
      title: "This pass",
      facts: [
        { name: "loss", value: header.loss === null ? "NaN" : fixed(header.loss, 4), id: "loss" },
        { name: "reached", value: hidden ? "?" : `${whole(header.reached)} of ${whole(V)}`, id: hidden ? undefined : "rows" },
        { name: "busiest row", value: hidden || row < 0 ? "—" : `${row}, gets ${reading.count(row)}` },
      ],
    },
    {
      title: hidden ? "Check" : `Check of W[${weight.row}, ${weight.col}]`,
      facts: hidden
        ? [{ name: "hidden", value: "?" }]
        : [
            { name: `by “${params.rule}”`, value: found ? fixed(found.analytic, 6) : "—" },
            { name: "measured", value: found ? fixed(found.numeric, 6) : "—" },
            { name: "error", value: found ? sized(found.error) : "—", id: found ? "error" : undefined, tone: found && found.error > header.tolerance ? "bad" : "" },
            { name: "all weights", value: good ? "pass" : "fail", id: "all", tone: good ? "good" : "bad" },
          ],
    },
  ];
  const open = (/** @type {string} */ id) => act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${vee(scene)}`;
}

