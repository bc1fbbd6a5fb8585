/**
 * Keys that mean the same in every view, while the view has the keyboard focus.
 */

/** @typedef {"play"|"back"|"forward"|"first"|"last"|"predict"|"reset"|"table"|"share"|"full"|"help"|"leave"} Command */

/** @type {Record<string, Command>} */
const COMMANDS = {
  " ": "play",
  ",": "back",
  ".": "forward",
  Home: "first",
  End: "last",
  p: "predict",
  r: "reset",
  t: "table",
  s: "share",
  f: "full",
  "?": "help",
  Escape: "leave",
};

/** What the help panel lists: keys, and what they do. @type {[string[], string][]} */
export const KEY_HELP = [
  [["Tab"], "to the next region"],
  [["←", "↑", "→", "↓"], "inside a list or a grid"],
  [["Enter"], "open what is behind a number"],
  [["Space"], "play or pause"],
  [[",", "."], "one step back, one step on"],
  [["Home", "End"], "first step, last step"],
  [["P"], "predict, then reveal"],
  [["T"], "data table"],
  [["R"], "reset"],
  [["S"], "copy the state"],
  [["F"], "full screen"],
  [["?"], "this help"],
  [["Esc"], "close, or leave the view"],
];

/**
 * The act a key means where it was pressed, or null when the key belongs to the control there.
 * @param {{ key: string, target: any, ctrlKey: boolean, metaKey: boolean, altKey: boolean }} event
 * @returns {Command | null}
 */
export function commandOf({ key, target, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return null;
  const command = COMMANDS[key.length === 1 ? key.toLowerCase() : key];
  if (!command || command === "leave") return command ?? null;
  const tag = target?.tagName;
  const type = tag === "INPUT" ? target.type : "";
  if (tag === "TEXTAREA" || tag === "SELECT" || type === "text") return null; // it is being typed
  if (command === "play" && (tag === "BUTTON" || type)) return null;
  if ((command === "first" || command === "last") && type) return null;
  return command;
}

/**
 * Whether a key is held that makes the press a shortcut of the browser or of Jupyter.
 * @param {KeyboardEvent} event
 */
export const isShortcut = ({ ctrlKey, metaKey, altKey }) => ctrlKey || metaKey || altKey;

/** @param {string} key */
export const isArrow = (key) => key.startsWith("Arrow");

/** Whether a key moves the focus inside a grid or a list. @param {string} key */
export const isNavigationKey = (key) => isArrow(key) || key === "PageUp" || key === "PageDown";

/** Left and right as up and down: in a list of one column both move. @param {string} key */
export const asVertical = (key) =>
  key === "ArrowLeft" ? "ArrowUp" : key === "ArrowRight" ? "ArrowDown" : key;

/**
 * The parts of the data-place that holds the keyboard: "cell:3:1" gives ["cell", "3", "1"].
 * @param {KeyboardEvent} event
 */
export function focusedPlace({ target }) {
  const { place = "" } = /** @type {HTMLElement | null} */ (target)?.dataset ?? {};
  return place.split(":");
}

/**
 * Keep keys inside the view: JupyterLab would take arrows, letters and Enter for itself.
 * Keys with Ctrl, Cmd or Alt stay the host's. Enter starts no second line in a field of one.
 * @param {KeyboardEvent} event
 */
export function keepInside(event) {
  if (!isShortcut(event)) event.stopPropagation();
  if (event.key === "Enter" && /** @type {HTMLTextAreaElement} */ (event.target).rows === 1)
    event.preventDefault();
}
