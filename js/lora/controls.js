/**
 * Controls of the LoRA view: rank, scale, initialization and the target ΔW.
 */
import { button, choice, slider, stopsBetween } from "../kit/controls.js";
import { toggleMerge, setRank } from "./actions.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const NAMES = {
  scaling: { lora: "α / r", rslora: "α / √r" },
  start: { random: "A random", zero: "A zero" },
  target: {
    topic: "topic",
    "one word": "one word",
    random: "random",
    painted: "painted",
    own: "your own",
  },
};

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, uid, explorer, trace, ui } = scene;
  const { limits } = trace.header;
  /** @param {Record<string, any>} patch */
  const change = (patch) => {
    ui.local.merged = false;
    explorer.edit(patch);
  };
  /**
   * @param {string} name
   * @param {string} label
   * @param {string} symbol
   * @param {(value: number) => void} [onChange]
   * @returns {[string, unknown]}
   */
  const size = (name, label, symbol, onChange = (value) => change({ [name]: value })) => {
    const { min, max } = /** @type {{ min: number, max: number }} */ (limits[name]);
    if (min === max && name !== "rank") return [name, null];
    const value = Math.min(max, params[name]);
    const stops = stopsBetween(min, max);
    return [name, slider({ label, symbol, place: name, value, stops, onChange })];
  };
  /** @param {"scaling" | "start" | "target"} name @param {string} label @returns {[string, unknown]} */
  const pick = (name, label) => {
    const labels = /** @type {Record<string, string>} */ (NAMES[name]);
    const choices = /** @type {{ choices: string[] }} */ (limits[name]).choices;
    return [
      name,
      choice({
        label,
        group: `${uid}-${name}`,
        place: name,
        value: labels[params[name]],
        choices: choices.map((one) => labels[one]),
        onChange: (value) => change({ [name]: choices.find((one) => labels[one] === value) }),
      }),
    ];
  };
  return [
    size("rank", "Rank", "r", (value) => setRank(scene, value)),
    size("alpha", "Alpha", "α"),
    pick("target", "Target ΔW"),
    pick("scaling", "Scale"),
    pick("start", "Initialization"),
    size("input_dim", "Vocabulary size", "V"),
    size("output_dim", "Embedding dimension", "D"),
    [
      "merge",
      button({
        label: ui.local.merged ? "Unmerge" : "Merge into W",
        place: "merge",
        key: "M",
        primary: !ui.local.merged,
        onClick: () => toggleMerge(scene),
      }),
    ],
  ];
}
