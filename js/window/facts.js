/**
 * Facts beside the window figure: the pairs of this step, the loss, and the rows that it updates.
 */
import { fixed, formatInt, shape } from "../kit/format.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const derived = derive(scene.trace);
  const { params, ui } = scene;
  const pairs = derived.pairs(ui.step);
  const [rows, contextRows] = derived.updated(ui.step);
  const { V, N } = derived;
  const none = pairs.length === 0;
  const positive = {
    name: "context words",
    value: formatInt(pairs.filter((pair) => pair.positive).length),
    given: true,
  };
  const negative = {
    name: "negatives",
    value: formatInt(pairs.filter((pair) => !pair.positive).length),
    given: true,
  };
  const loss = none
    ? { name: "mean loss", value: "—" }
    : { name: "mean loss", value: fixed(derived.loss(ui.step), 4), id: "loss" };
  const first = {
    name: "rows, embedding table",
    value: `${rows.size} of ${V}`,
    id: none ? undefined : "embedding",
  };
  const second = {
    name: "rows, context table",
    value: `${contextRows.size} of ${V}`,
    id: none ? undefined : "context",
  };
  const table = { name: "each table", value: shape(derived.shape), given: true };
  return {
    groups: [
      {
        title: "Pairs of this step",
        facts: [positive, negative, loss],
      },
      { title: "Updated by this step", facts: [first, second] },
      {
        title: "Settings",
        facts: [
          table,
          { name: "words of the text", value: formatInt(N), given: true },
          { name: "learning rate", value: String(params.learning_rate), given: true },
        ],
      },
    ],
    keys: scene.predicting
      ? [
          { ...positive, name: "Context words" },
          { ...negative, name: "Negatives" },
          { ...table, name: "Shape of each table" },
        ]
      : [
          { ...positive, name: "Context words" },
          { ...negative, name: "Negatives" },
          { ...loss, name: "Mean loss" },
          { ...first, name: "Embedding rows updated" },
          { ...second, name: "Context rows updated" },
        ],
  };
}
