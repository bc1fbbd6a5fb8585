/**
 * What stands beside the LoRA figure: the controls on the left, the numbers on the right.
 */
import { factGroups } from "../kit/facts_panel.js";
import { fixed, whole } from "../kit/format.js";
import { percent } from "./charts.js";
import { difference } from "./narration.js";
import { asks, momentAt } from "./state.js";
import { numbersOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function numbers(scene) {
  const { trace, params, act } = scene;
  const reading = readingOf(trace);
  const now = momentAt(scene);
  const { V, D } = reading;
  const asked = asks(scene);
  const count = numbersOf(reading, now.r);
  const others = now.moved > reading.trained;
  /** @param {string} name @param {string} value @param {string} id @param {"good" | "bad" | ""} [tone] */
  const fact = (name, value, id, tone = "") => ({ name, value, id, tone });
  const hide = (/** @type {string} */ name) => ({ name, value: "?", tone: /** @type {const} */ ("") });
  const groups = [
    {
      title: "Trainable",
      facts: [
        fact("A and B", whole(count), "trainable"),
        fact("whole table", whole(V * D), "whole"),
        fact("share", `${fixed((100 * count) / (V * D), 0)} %`, "share", count > V * D ? "bad" : ""),
        fact(params.scaling === "rslora" ? "α / √r" : "α / r", fixed(now.scale), "scale"),
      ],
    },
    {
      title: "What is said",
      facts: [
        asked ? hide("error left") : fact("error left", percent(reading.errors[now.r]), "error", "good"),
        fact("trained rows", percent(now.left), "left"),
        asked ? hide("effective rank") : fact("effective rank", fixed(trace.header.effective_rank, 1), "effective"),
      ],
    },
    {
      title: "Other rows",
      facts: [
        { name: "rows trained", value: `${reading.trained} of ${V}` },
        fact("rows that moved", `${now.moved} of ${V}`, "moved", others ? "bad" : ""),
        fact("farthest other", fixed(now.farthest), "farthest", others ? "bad" : ""),
      ],
    },
    {
      title: "Merged",
      facts: [fact("difference", difference(now.merged), "merged", scene.ui.own.merged ? "good" : "")],
    },
  ];
  return factGroups(groups, (id) => act.show({ open: { kind: "fact", id, from: `fact:${id}` } }));
}
