/**
 * The controls of a training run: the text, the optimisers, the branch, the sizes.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {[string, number]} Setting  an optimiser and its rate */

const RATE_STOPS = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1,
  1.5, 2, 3, 5, 10,
];

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene @returns {Setting[]} */
const runsOf = ({ params }) => params.runs;

/** What the controls of the run that is looked at change: its branch, where it has one. @param {Scene} scene */
function setting({ params, ui }) {
  const [run, step, optimizer, rate] = params.branch ?? [];
  const n = Math.min(ui.own.run, params.runs.length - 1);
  if (run === n) return { n, branched: true, step, optimizer, rate };
  const [name, own] = params.runs[n];
  return { n, branched: false, step: null, optimizer: name, rate: own };
}

/** @param {Scene} scene @param {string} optimizer @param {number} rate */
function change(scene, optimizer, rate) {
  const { n, branched, step } = setting(scene);
  if (branched) return scene.act.edit({ branch: [n, step, optimizer, rate] });
  const runs = runsOf(scene).map((old, i) => (i === n ? [optimizer, rate] : old));
  scene.act.edit({ runs });
}

/** Leave the run after this step, with the settings it has: whatever is changed next is a branch. @param {Scene} scene */
export function branch(scene) {
  const { n, optimizer, rate } = setting(scene);
  const { S } = readingOf(scene.trace);
  const step = scene.ui.step + 1;
  if (step >= S) {
    scene.act.show({ note: "There is no step after this one to branch from. Go back a little." });
    return;
  }
  scene.act.edit({ branch: [n, step, optimizer, rate] });
  scene.act.focusLater(`optimizer:${optimizer}`);
}

/** @param {Scene} scene */
export function dropBranch({ act }) {
  act.edit({ branch: [] });
  act.focusLater("branch");
}

/** @param {Scene} scene */
function addRun(scene) {
  const runs = runsOf(scene);
  /** @type {Record<string, number>} */
  const rates = limit(scene, "runs").rates ?? {};
  const free = ["sgd", "momentum", "adam", "lazy adam", "adagrad", "rmsprop"];
  const name = free.find((other) => !runs.some(([taken]) => taken === other)) ?? "sgd";
  scene.ui.own.run = runs.length;
  scene.act.edit({ runs: [...runs, [name, rates[name] ?? 0.1]] });
}

/** @param {Scene} scene */
function removeRun(scene) {
  const { n } = setting(scene);
  const [run, ...rest] = scene.params.branch ?? [];
  const kept = run === undefined || run === n ? [] : [run > n ? run - 1 : run, ...rest];
  scene.ui.own.run = Math.max(0, n - 1);
  scene.act.edit({ runs: runsOf(scene).filter((_, i) => i !== n), branch: kept });
}

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, act, ui } = scene;
  /** @param {string} name @param {() => unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control());
  /** @param {string} name @param {string} label @param {string} symbol */
  const size = (name, label, symbol) =>
    slider({
      label, symbol, place: name, value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32),
      onChange: (value) => act.edit({ [name]: value }),
    }); // prettier-ignore
  const now = setting(scene);
  const runs = runsOf(scene);
  const most = limit(scene, "runs").most ?? 3;
  const names = runs.map((_, i) => String(i + 1));
  const fitting = scene.trace.header.fitting;
  return html`
    ${unless("runs", () => html`
      ${choice({ label: "Run", group: `${uid}-run`, place: "run", value: String(now.n + 1), choices: names, onChange: (name) => { ui.own.run = Number(name) - 1; act.show({ hover: null }); } })}
      ${now.branched ? html`<p class="from">Until step ${now.step}: ${runs[now.n][0]}, rate ${runs[now.n][1]}. From step ${now.step + 1} on:</p>` : nothing}
      ${choice({ label: "Optimiser", group: `${uid}-optimizer`, place: "optimizer", value: now.optimizer, choices: limit(scene, "runs").choices ?? [], onChange: (name) => change(scene, name, now.branched && limit(scene, "runs").rates?.[now.optimizer] !== now.rate ? now.rate : (limit(scene, "runs").rates?.[name] ?? now.rate)) })}
      ${slider({ label: "Learning rate", symbol: "η", place: "rate", value: now.rate, stops: RATE_STOPS, said: `η = ${now.rate}`, onChange: (rate) => change(scene, now.optimizer, rate) })}
      ${unless("branch", () => params.branch?.length
        ? button({ label: "Drop the branch", key: "B", place: "branch", onClick: () => dropBranch(scene) })
        : button({ label: "Branch here", key: "B", place: "branch", primary: true, onClick: () => branch(scene) }))}
      <div class="pair">
        ${button({ label: "Add a run", place: "add", disabled: runs.length >= most, onClick: () => addRun(scene) })}
        ${button({ label: "Remove", place: "remove", name: `Remove run ${now.n + 1}`, disabled: runs.length < 2, onClick: () => removeRun(scene) })}
      </div>`)}
    ${unless("text", () => textField({ label: "Text", place: "text", value: params.text, hint: "what to learn from", onChange: (text) => act.edit({ text }) }))}
    ${unless("batch", () => size("batch", "Words a step", "B"))} ${unless("steps", () => size("steps", "Steps", "S"))}
    ${fitting < params.steps ? html`<p class="from">${fitting} steps of this size travel at once.</p>` : nothing}
    ${unless("output_dim", () => size("output_dim", "Vector length", "D"))} ${unless("input_dim", () => size("input_dim", "Rows at most", "V"))}
  `;
}
