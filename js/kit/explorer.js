/**
 * An explorer: what every view does, joined once.
 *
 * A view is a plain object of pure functions `scene -> template` (view_types.js). This file owns the UI
 * only on the screen (Ui), and hands acts of mouse, keys, clock and linked views to the same few
 * methods; renderer.js puts the result on the screen.
 */
import { render } from "lit-html";
import { escape } from "./escape.js";
import { frame, lookOf } from "./frame.js";
import { startTiming } from "./frame_timing.js";
import { commandOf, keepInside } from "./keys.js";
import { receive, join, broadcast } from "./link.js";
import { Player, stepTo } from "./playback.js";
import { openQuestion, bendCurve, choose, runPredictionAct } from "./predict.js";
import { Renderer } from "./renderer.js";
import { clamp } from "./roving_tabindex.js";
import { share } from "./share.js";
import { Store } from "./store.js";
import { tabInto } from "./tab_into.js";
import { announce, tasksOf } from "./tasks_panel.js";
import { newUi, nextId } from "./ui_state.js";

/** @typedef {import("./view_types.js").View} View */
/** @typedef {import("./view_types.js").Scene} Scene */
/** @typedef {import("./view_types.js").Ui} Ui */
/** @typedef {import("./wire.js").Trace} Trace */
/** @typedef {null | "table" | "help" | "more" | "numbers" | "menu" | "tasks"} Panel  what is open beside the figure */

const GLIDE_MS = 160; // from one step to the next, where it is not played

/** The commands that move through the steps. */
const STEPPING = ["play", "first", "back", "forward", "last"];

/**
 * Return the module that anywidget loads.
 * @param {View} view
 */
export function createWidget(view) {
  return {
    /** @param {{ model: import("./store.js").Model, el: HTMLElement }} host */
    render({ model, el }) {
      const widget = new Explorer(view, model, el);
      return () => widget.close();
    },
  };
}

export class Explorer extends Renderer {
  /**
   * @param {View} view
   * @param {import("./store.js").Model} model
   * @param {HTMLElement} el
   */
  constructor(view, model, el) {
    const endTiming = startTiming("first");
    super(el, () => this.drawScene());
    this.view = view;
    this.model = model;
    this.uid = `embedlab-${view.name}-${nextId()}`;
    /** @type {Ui} */
    this.ui = newUi(view);
    this.player = new Player((steps) => this.tick(steps), view.stepMs);
    /** @type {{ from: number, start: number, ms: number } | null} the motion towards the step */
    this.glide = null;
    this.link = join(model.get("link_id") ?? "", (message) => receive(this, message), el);
    /** @type {Trace | null} */
    this.previousTrace = null;
    this.store = new Store(model, (why) => this.onStoreChange(why), view.keepOnError);
    this.previousTrace = this.store.trace;
    this.ui.step = this.firstStep;
    if (model.get("ask")) openQuestion(this);
    this.onHide = () => this.repaint();
    model.on("change:hide", this.onHide);
    this.taskNote = ""; // read aloud when a task is ticked
    this.tasks = tasksOf(this);
    this.onTasks = () => {
      this.taskNote = announce(this.tasks, tasksOf(this));
      this.tasks = tasksOf(this);
      this.repaint();
    };
    model.on("change:_tasks", this.onTasks);
    this.listen();
    this.paintNow();
    this.measure();
    endTiming();
  }

  listen() {
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.handleKey(event);
    this.root.addEventListener("keydown", this.onKey);
    for (const name of /** @type {const} */ (["keyup", "keypress"])) {
      this.root.addEventListener(name, keepInside);
    }
    this.endTabInto = tabInto(this.root);
  }

  /** @returns {Scene | null} */
  get scene() {
    const { trace } = this.store;
    if (!trace) return null;
    const hidden = new Set(/** @type {string[]} */ (this.model.get("hide") ?? []));
    const predicting = this.ui.prediction?.phase === "open";
    return {
      look: lookOf(this.size.width),
      predicting,
      alt: predicting ? "The figure, without what the question asks for." : trace.header.alt,
      trace,
      params: this.store.params,
      ui: this.ui,
      theme: this.theme,
      size: this.size,
      uid: this.uid,
      hidden,
      explorer: this,
    };
  }

  get steps() {
    return this.store.trace ? this.view.steps(this.store.trace) : 0;
  }

  /** The step that the view opens on and resets to. */
  get firstStep() {
    return this.store.trace ? (this.view.firstStep?.(this.store.trace) ?? 0) : 0;
  }

  drawScene() {
    this.moveOn();
    const { scene } = this;
    if (scene) this.view.beforePaint(scene);
    render(frame(this), this.root);
  }

  /**
   * Change what is on the screen, and paint it in the next frame.
   * @param {Partial<Ui>} patch
   * @param {string} [name]  of the act, for the budget
   */
  updateUi(patch, name) {
    if (name) this.timeAct(name);
    if (!("note" in patch)) this.ui.note = "";
    Object.assign(this.ui, patch);
    this.paintBeforeFrame();
  }

  // ---- motion between steps ------------------------------------------------------------------------

  /**
   * Begin the motion from a step to the present one, where the view has one and nobody asked for less.
   * @param {number} from
   */
  startGlide(from) {
    const { step, playing, speed, prediction } = this.ui;
    const near = Math.abs(step - from) <= 1 || playing;
    const on = this.view.runMs && near && step !== from && !this.theme.reducedMotion && !prediction;
    const ms = playing ? this.runStepMs / speed : GLIDE_MS;
    this.glide = on ? { from, start: performance.now(), ms } : null;
  }

  /** Say what is drawn now, and ask for the next picture while it moves. */
  moveOn() {
    const { glide, ui } = this;
    const share = glide ? (performance.now() - glide.start) / glide.ms : 1;
    ui.drawn = glide && share < 1 ? glide.from + (ui.step - glide.from) * Math.max(0, share) : null;
    if (ui.drawn === null) this.glide = null;
    else this.repaint();
  }

  /** How long a step takes at speed 1, where the length of the run is given. */
  get runStepMs() {
    return this.view.runMs ? this.view.runMs / Math.max(1, this.steps) : this.player.stepMs;
  }

  // ---- what Python sends, and what goes to Python -----------------------------------------------

  /** @param {"trace" | "edit" | "wait"} why */
  onStoreChange(why) {
    if (!this.store) return; // the first trace arrives while the store is being made
    if (why !== "trace") return this.repaint();
    this.glide = null; // it was of another trace
    const { scene } = this;
    if (scene) {
      this.ui.step = clamp(this.ui.step, Math.max(1, this.steps));
      this.view.onTrace?.(this, scene, this.previousTrace);
      this.previousTrace = scene.trace;
    }
    this.timeAct("edit", this.store.sentAt);
    this.paintNow(); // an answer does not wait for a frame to begin
  }

  /** @param {Record<string, any>} patch */
  edit(patch) {
    this.ui.note = "";
    this.store.edit(patch);
  }

  reportCursor() {
    const { scene } = this;
    if (scene) this.store.reportCursor(this.view.cursor(scene));
  }

  // ---- acts --------------------------------------------------------------------------------------

  /** @param {any} hover */
  setHover(hover) {
    if (JSON.stringify(hover) === JSON.stringify(this.ui.hover)) return;
    this.updateUi({ hover }, "hover");
    this.reportCursor();
  }

  /**
   * Go to a step.
   * @param {number} step
   * @param {{ fromLink?: boolean, patch?: Partial<Ui> }} [how]
   */
  goToStep(step, { fromLink = false, patch = {} } = {}) {
    const from = this.ui.drawn ?? this.ui.step;
    this.updateUi(
      { step: clamp(step, Math.max(1, this.steps)), hover: null, open: null, ...patch },
      "step",
    );
    this.startGlide(from);
    if (!fromLink) broadcast(this);
    this.reportCursor();
  }

  /** @param {number} [steps] @returns {boolean} whether there is a step after this one */
  tick(steps = 1) {
    if (this.ui.step + 1 >= this.steps) {
      this.updateUi({ playing: false });
      return false;
    }
    this.goToStep(this.ui.step + steps);
    return true;
  }

  play() {
    if (this.ui.playing) return this.pause();
    if (!this.steps) return;
    if (this.ui.step + 1 >= this.steps) this.goToStep(0);
    this.updateUi({ playing: true, focus: null, hover: null });
    this.player.start(this.ui.speed, this.runStepMs);
  }

  pause() {
    this.player.stop();
    this.updateUi({ playing: false });
    this.reportCursor();
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.updateUi({ speed });
    if (this.ui.playing) this.player.start(speed, this.runStepMs);
  }

  /** @param {string} command  one of keys.js, or of the buttons */
  run(command) {
    const asked = this.scene?.predicting;
    if (asked && (command === "table" || command === "tasks" || STEPPING.includes(command))) return;
    if (command === "play") return this.play();
    if (command === "predict") {
      const { prediction } = this.ui;
      return this.predict(!prediction ? "again" : prediction.verdict ? "done" : "reveal");
    }
    if (["table", "help", "menu", "tasks"].includes(command))
      return this.showPanel(this.ui.panel === command ? null : /** @type {Panel} */ (command));
    if (command === "full") return void this.toggleFullScreen();
    if (command === "reset") return this.reset();
    if (command === "share") return void share(this);
    if (command === "leave") return this.escape();
    this.player.stop();
    this.goToStep(stepTo(command, this.ui.step, this.steps), {
      patch: { playing: false, focus: null },
    });
  }

  /** @param {Panel} panel */
  showPanel(panel) {
    const was = this.ui.panel;
    this.updateUi({ panel });
    const stays = panel === "more" || panel === "menu"; // what it opens comes next with Tab
    const opener = `top:${panel ?? was}`;
    const folded = !this.root.querySelector(`[data-place="${opener}"]`);
    this.focusAfterPaint(panel && !stays ? `panel:${panel}` : folded ? "top:menu" : opener);
  }

  async toggleFullScreen() {
    try {
      await (document.fullscreenElement
        ? document.exitFullscreen()
        : this.root.requestFullscreen());
    } catch {} // the host does not allow it
    this.measure();
    this.repaint();
  }

  reset() {
    this.player.stop();
    this.store.reset();
    const { speed, panel } = this.ui; // these stay as the learner set them
    Object.assign(this.ui, newUi(this.view), { step: this.firstStep, speed, panel });
    this.updateUi({ note: "Back to the start." });
  }

  /** Close what is open, or leave the view. */
  escape() {
    escape(this);
  }

  // ---- predict, then reveal ------------------------------------------------------------------------

  /** @param {"again" | "reveal" | "done"} command */
  predict(command) {
    runPredictionAct(this, command);
  }

  /** Choose an item, or take it back. @param {number} item */
  choose(item) {
    choose(this, item);
  }

  /** Set a point of a predicted curve. @param {number} point @param {number} value */
  bendCurve(point, value) {
    bendCurve(this, point, value);
  }

  // ---- keys ----------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  handleKey(event) {
    keepInside(event);
    const { scene } = this;
    if (!scene || event.defaultPrevented) return;
    if (this.view.onKey(event, scene)) return event.preventDefault();
    const command = commandOf(event);
    if (!command) return;
    event.preventDefault();
    this.run(command);
  }

  close() {
    this.player.stop();
    this.model.off("change:hide", this.onHide);
    this.model.off("change:_tasks", this.onTasks);
    this.store.close();
    this.link.leave();
    this.endTabInto?.();
    super.close();
  }
}
