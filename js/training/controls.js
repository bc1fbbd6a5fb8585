/**
 * Controls of the training view: text, optimizers, branch, sizes.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import {
  addRun,
  branch,
  setOptimizer,
  dropBranch,
  limit,
  removeRun,
  runsOf,
  selectedSetting,
} from "./actions.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const RATE_STOPS = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2,
  0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10,
];

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, explorer, ui } = scene;
  /** @param {string} name @param {() => unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control());
  /** @param {string} name @param {string} label @param {string} symbol */
  const size = (name, label, symbol) =>
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32),
      onChange: (value) => explorer.edit({ [name]: value }),
    });
  const now = selectedSetting(scene);
  const runs = runsOf(scene);
  const most = limit(scene, "runs").most ?? 3;
  const names = runs.map((_, i) => String(i + 1));
  const fitting = scene.trace.header.fitting;
  return html`
    ${unless(
      "runs",
      () => html`
      ${choice({
        label: "Run",
        group: `${uid}-run`,
        place: "run",
        value: String(now.n + 1),
        choices: names,
        onChange: (name) => {
          ui.local.run = Number(name) - 1;
          explorer.updateUi({ hover: null });
        },
      })}
      ${now.branched ? html`<p class="from">Until step ${now.step}: ${runs[now.n][0]}, rate ${runs[now.n][1]}. From step ${now.step + 1} on:</p>` : nothing}
      ${choice({ label: "Optimizer", group: `${uid}-optimizer`, place: "optimizer", value: now.optimizer, choices: limit(scene, "runs").choices ?? [], onChange: (name) => setOptimizer(scene, name, now.branched && limit(scene, "runs").rates?.[now.optimizer] !== now.rate ? now.rate : (limit(scene, "runs").rates?.[name] ?? now.rate)) })}
      ${slider({ label: "Learning rate", symbol: "η", place: "rate", value: now.rate, stops: RATE_STOPS, valueText: `η = ${now.rate}`, onChange: (rate) => setOptimizer(scene, now.optimizer, rate) })}
      ${unless("branch", () =>
        params.branch?.length
          ? button({
              label: "Drop the branch",
              key: "B",
              place: "branch",
              onClick: () => dropBranch(scene),
            })
          : button({
              label: "Branch here",
              key: "B",
              place: "branch",
              primary: true,
              onClick: () => branch(scene),
            }),
      )}
      <div class="pair">
        ${button({ label: "Add a run", place: "add", disabled: runs.length >= most, onClick: () => addRun(scene) })}
        ${button({ label: "Remove", place: "remove", name: `Remove run ${now.n + 1}`, disabled: runs.length < 2, onClick: () => removeRun(scene) })}
      </div>`,
    )}
    ${unless("text", () => textField({ label: "Text", place: "text", value: params.text, hint: "what to learn from", onChange: (text) => explorer.edit({ text }) }))}
    ${unless("batch", () => size("batch", "Batch size", "B"))} ${unless("steps", () => size("steps", "Steps", "S"))}
    ${fitting < params.steps ? html`<p class="from">${fitting} steps are sent for tables of this size.</p>` : nothing}
    ${unless("output_dim", () => size("output_dim", "Embedding dimension", "D"))} ${unless("input_dim", () => size("input_dim", "Max. vocabulary", "V"))}
  `;
}
