/**
 * Playback: a position in the steps of a trace, moved by buttons, keys and a timer.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { formatInt } from "./format.js";
import { icon } from "./icons.js";
import { clamp } from "./roving_tabindex.js";

export const SPEEDS = [0.5, 1, 2, 4];
export const RUN_SPEEDS = [0.1, 0.25, 0.5, 1, 2]; // of a run whose length at speed 1 is given
const STEP_MS = 1100; // ms a step at speed 1: long enough to read a short sentence

/**
 * A clock that calls `tick` once a step, and stops when `tick` says there is no next one. A page that is too slow
 * for the clock is told how many steps are due, so that a run takes as long as it should.
 */
export class Player {
  /** @param {(steps: number) => boolean} tick @param {number} [beat]  ms a step at speed 1 */
  constructor(tick, beat = STEP_MS) {
    this.tick = tick;
    this.stepMs = beat;
  }

  /** @param {number} speed @param {number} [beat]  ms a step at speed 1, where it has changed */
  start(speed, beat = this.stepMs) {
    this.stop();
    this.stepMs = beat;
    const began = performance.now();
    let done = 0;
    const next = () => {
      const passed = Math.floor((performance.now() - began) / (this.stepMs / speed));
      const due = Math.max(1, passed - done);
      done += due;
      if (!this.tick(due)) return;
      this.timer = setTimeout(next, this.stepMs / speed);
    };
    this.timer = setTimeout(next, this.stepMs / speed);
  }

  stop() {
    clearTimeout(this.timer);
  }
}

/**
 * Return the step that a command leads to.
 * @param {string} command
 * @param {number} step
 * @param {number} steps
 */
export function stepTo(command, step, steps) {
  if (command === "first") return 0;
  if (command === "last") return Math.max(0, steps - 1);
  if (command === "back") return clamp(step - 1, Math.max(1, steps));
  if (command === "forward") return clamp(step + 1, Math.max(1, steps));
  return step;
}

/**
 * @param {object} spec
 * @param {string} spec.noun  what a step is: "word", "step"
 * @param {number} spec.step
 * @param {number} spec.steps
 * @param {string} [spec.stepLabel]  label of the step; default "word 2 of 6"
 * @param {boolean} spec.playing
 * @param {boolean} [spec.disabled]  a question is open, and a step could answer it
 * @param {(act: string) => void} spec.run
 * @param {(step: number) => void} spec.goToStep
 */
export function transport({
  noun,
  step,
  steps,
  stepLabel,
  playing,
  disabled = false,
  run,
  goToStep,
}) {
  const none = steps === 0;
  const label = stepLabel ?? `${noun} ${formatInt(step + 1)} of ${formatInt(steps)}`;
  /** @param {string} name @param {string} label @param {string} key @param {string} [iconName] */
  const one = (name, label, key, iconName = name) =>
    button({
      label: icon(iconName),
      name: label,
      key,
      place: `transport:${name}`,
      disabled: none || disabled,
      onClick: () => run(name),
    });
  return html`<div class="transport" role="group" aria-label="Steps">
    ${one("back", `One ${noun} back`, ",")}
    ${one("play", playing ? "Pause" : "Play", "Space", playing ? "pause" : "play")}
    ${one("forward", `One ${noun} on`, ".")}
    <input
      class="scrub"
      type="range"
      min="0"
      max=${Math.max(0, steps - 1)}
      step="1"
      data-place="transport:scrub"
      aria-label="Go to ${noun}"
      aria-valuetext=${label}
      ?disabled=${steps < 2 || disabled}
      data-value=${step}
      @input=${(/** @type {Event} */ e) => goToStep(Number(/** @type {HTMLInputElement} */ (e.target).value))}
    />
    <span class="num count">${none ? nothing : label}</span>
  </div>`;
}
