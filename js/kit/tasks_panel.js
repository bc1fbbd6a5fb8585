/**
 * Tasks of a lesson beside the view: Python ticks each as soon as its state is reached.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { icon } from "./icons.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {{ number: number, text: string, done: boolean | null, error?: string }} Task  done: null without a kernel */

/** @param {Explorer} explorer @returns {Task[]} */
export const tasksOf = ({ model }) => model.get("_tasks") ?? [];

/** How many are done, "1 of 3". @param {Task[]} tasks */
export const countDone = (tasks) => `${tasks.filter(({ done }) => done).length} of ${tasks.length}`;

/**
 * What to say when tasks were ticked.
 * @param {Task[]} before
 * @param {Task[]} tasks
 */
export function announce(before, tasks) {
  const fresh = tasks.filter(({ done }, i) => done && before[i]?.done === false);
  return fresh.length
    ? `${fresh.map(({ number }) => `Task ${number} is done.`).join(" ")} ${countDone(tasks)}.`
    : "";
}

/** @param {Explorer} explorer */
export function tasksButton(explorer) {
  const tasks = tasksOf(explorer);
  if (!tasks.length) return nothing;
  const { ui, scene } = explorer;
  const count =
    scene?.predicting || tasks[0].done === null
      ? nothing
      : html`<span class="num">${countDone(tasks)}</span>`;
  return button({
    label: html`Tasks ${count}`,
    pressed: ui.panel === "tasks",
    disabled: scene?.predicting,
    place: "top:tasks",
    onClick: () => explorer.run("tasks"),
  });
}

/** @param {Explorer} explorer @param {unknown} head */
export function tasksPanel(explorer, head) {
  const tasks = tasksOf(explorer);
  return html`<div class="right tasks" role="group" aria-labelledby="${explorer.uid}-tasks">
    ${head}
    <ol>
      ${tasks.map(
        ({ number, text, done, error }) =>
          html`<li value=${number} class=${done ? "done" : ""}>
            ${done ? html`<b class="tick">${icon("right")} done</b>` : nothing} ${marked(text)}
            ${error ? html`<p class="count">${error}</p>` : nothing}
          </li>`,
      )}
    </ol>
    ${tasks[0]?.done === null ? html`<p class="count">This page is saved without Python, so no task is ticked.</p>` : nothing}
  </div>`;
}

/** Markdown of one line: bold, emphasis, code. @param {string} text */
function marked(text) {
  return text.split(/(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`)/).map((part, n) => {
    if (n % 2 === 0) return part;
    if (part[0] === "`") return html`<kbd>${part.slice(1, -1)}</kbd>`;
    if (part[1] === "*") return html`<b>${part.slice(2, -2)}</b>`;
    return html`<em>${part.slice(1, -1)}</em>`;
  });
}
