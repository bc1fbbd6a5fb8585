/**
 * Facts beside the LoRA figure: parameters, reconstruction error, row displacement, merge.
 */
import { factGroups } from "../kit/facts_panel.js";
import { fixed, formatInt } from "../kit/format.js";
import { percent } from "./charts.js";
import { formatDifference } from "./narration.js";
import { isPredicting, momentAt } from "./state.js";
import { parameterCount, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function facts(scene) {
  const { trace, params, explorer } = scene;
  const derived = derive(trace);
  const now = momentAt(scene);
  const { V, D } = derived;
  const predicting = isPredicting(scene);
  const count = parameterCount(derived, now.r);
  const others = now.moved > derived.trainedCount;
  /**
   * @param {string} name
   * @param {string} value
   * @param {string} id
   * @param {"good" | "bad" | ""} [tone]
   */
  const fact = (name, value, id, tone = "") => ({ name, value, id, tone });
  const hide = (/** @type {string} */ name) => ({
    name,
    value: "?",
    tone: /** @type {const} */ (""),
  });
  const groups = [
    {
      title: "Trainable parameters",
      facts: [
        fact("A and B", formatInt(count), "trainable"),
        fact("whole table", formatInt(V * D), "whole"),
        fact(
          "share",
          `${fixed((100 * count) / (V * D), 0)} %`,
          "share",
          count > V * D ? "bad" : "",
        ),
        fact(params.scaling === "rslora" ? "α / √r" : "α / r", fixed(now.scale), "scale"),
      ],
    },
    {
      title: "Reconstruction error",
      facts: [
        predicting
          ? hide("best, all rows")
          : fact("best, all rows", percent(derived.errors[now.r]), "error", "good"),
        fact("now, trained rows", percent(now.trainedError), "left"),
        predicting
          ? hide("effective rank")
          : fact("effective rank", fixed(trace.header.effective_rank, 1), "effective"),
      ],
    },
    {
      title: "Row displacement",
      facts: [
        { name: "rows trained", value: `${derived.trainedCount} of ${V}` },
        fact("rows moved", `${now.moved} of ${V}`, "moved", others ? "bad" : ""),
        fact(
          "max, untrained",
          fixed(now.maxUntrainedDisplacement),
          "farthest",
          others ? "bad" : "",
        ),
      ],
    },
    {
      title: "Merge",
      facts: [
        fact(
          "difference",
          formatDifference(now.mergeDifference),
          "merged",
          scene.ui.local.merged ? "good" : "",
        ),
      ],
    },
  ];
  return factGroups(groups, (id) =>
    explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } }),
  );
}
