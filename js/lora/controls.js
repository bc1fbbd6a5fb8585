/**
 * Controls of the LoRA view: rank, scale, initialization and the target ΔW.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween } from "../kit/controls.js";
import { toggleMerge, setRank } from "./actions.js";
import { isPredicting } from "./state.js";

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

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, explorer, trace, ui } = scene;
  const { limits } = trace.header;
  /** @param {Record<string, any>} patch */
  const change = (patch) => {
    ui.local.merged = false;
    explorer.edit(patch);
  };
  /** @param {string} name @param {() => unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control());
  /**
   * @param {string} name
   * @param {string} label
   * @param {string} symbol
   * @param {(value: number) => void} [onChange]
   */
  const size = (name, label, symbol, onChange = (value) => change({ [name]: value })) => {
    const { min, max } = /** @type {{ min: number, max: number }} */ (limits[name]);
    if (min === max && name !== "rank") return nothing;
    return slider({
      label,
      symbol,
      place: name,
      value: Math.min(max, params[name]),
      stops: stopsBetween(min, max),
      onChange,
    });
  };
  /** @param {"scaling" | "start" | "target"} name @param {string} label */
  const pick = (name, label) => {
    const labels = /** @type {Record<string, string>} */ (NAMES[name]);
    const choices = /** @type {{ choices: string[] }} */ (limits[name]).choices;
    return choice({
      label,
      group: `${uid}-${name}`,
      place: name,
      value: labels[params[name]],
      choices: choices.map((one) => labels[one]),
      onChange: (value) => change({ [name]: choices.find((one) => labels[one] === value) }),
    });
  };
  return html`
    ${unless("rank", () => size("rank", "Rank", "r", (value) => setRank(scene, value)))} ${unless("alpha", () => size("alpha", "Alpha", "α"))}
    ${unless("scaling", () => pick("scaling", "Scale"))} ${unless("start", () => pick("start", "Initialization"))}
    ${unless("target", () => pick("target", "Target ΔW"))}
    ${unless("input_dim", () => size("input_dim", "Vocabulary size", "V"))} ${unless("output_dim", () => size("output_dim", "Embedding dimension", "D"))}
    ${unless("merge", () => button({ label: ui.local.merged ? "Unmerge" : "Merge into W", place: "merge", key: "M", primary: !ui.local.merged, disabled: isPredicting(scene), onClick: () => toggleMerge(scene) }))}
  `;
}
