/**
 * Facts beside the LoRA figure: parameters, reconstruction error, row displacement, merge.
 */
import { html } from "lit-html";
import { fixed, formatInt } from "../kit/format.js";
import { percent } from "./charts.js";
import { formatDifference } from "./narration.js";
import { momentAt } from "./state.js";
import { parameterCount, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const { trace, params } = scene;
  const derived = derive(trace);
  const now = momentAt(scene);
  const { V, D } = derived;
  const count = parameterCount(derived, now.r);
  const share = `${fixed((100 * count) / (V * D), 0)} %`;
  const others = now.moved > derived.trainedCount;
  const untrained = V - derived.trainedCount;
  const movedUntrained =
    now.moved - [...derived.trainedRows].filter((i) => now.displacement(i) > 0).length;
  /**
   * @param {string} name
   * @param {string} value
   * @param {string} [id]
   * @param {string} [tone]
   * @param {boolean} [given]
   */
  const fact = (name, value, id, tone = "", given = false) => ({ name, value, id, tone, given });
  const best = fact("best possible (SVD)", percent(derived.errors[now.r]), "error", "good");
  const reached = fact("reached, all rows", percent(now.error), "reached");
  const trained = fact("reached, trained rows", percent(now.trainedError), "left");
  const trainable = fact("A and B", formatInt(count), "trainable", "", true);
  const whole = fact("whole table", formatInt(V * D), "whole", "", true);
  const moved = fact("rows moved", `${now.moved} of ${V}`, "moved", others ? "bad" : "");
  return {
    groups: [
      {
        title: "Trainable parameters",
        facts: [
          trainable,
          whole,
          fact("share", share, "share", count > V * D ? "bad" : "", true),
          fact(
            params.scaling === "rslora" ? "α / √r" : "α / r",
            fixed(now.scale),
            "scale",
            "",
            true,
          ),
        ],
      },
      {
        title: "Reconstruction error",
        facts: [
          best,
          reached,
          trained,
          fact("effective rank", fixed(trace.header.effective_rank, 1), "effective"),
        ],
      },
      {
        title: "Row displacement",
        facts: [
          fact("rows trained", `${derived.trainedCount} of ${V}`, undefined, "", true),
          moved,
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
    ],
    keys: [
      {
        ...best,
        name: `Best at rank ${now.r} (SVD)`,
        value: html`${best.value} <small>all rows</small>`,
      },
      {
        ...reached,
        name: `Reached at step ${now.step}`,
        value: html`${reached.value} <small>all rows</small>&ensp;${trained.value} <small>trained rows</small>`,
      },
      {
        ...trainable,
        name: "Parameters",
        value: html`${formatInt(count)} <small>${V * D < 1e6 ? html`of ${formatInt(V * D)} (${share})` : share}</small>`,
      },
      { ...moved, name: "Untrained rows moved", value: `${movedUntrained} of ${untrained}` },
    ],
  };
}
