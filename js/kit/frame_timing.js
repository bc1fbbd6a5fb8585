/**
 * How long an act takes until it is painted, for the tests that hold the budgets.
 *
 * Off unless the page sets `globalThis.embedlabBudget = true`; then each act leaves one
 * performance measure named "embedlab:<act>".
 */

/** @returns {boolean} */
const isTiming = () => Boolean(/** @type {any} */ (globalThis).embedlabBudget);

/**
 * Note that an act begins; the function it gives notes the end, once the frame is on the screen.
 * @param {string} name
 * @param {number} [start]
 * @returns {(inFrame?: boolean) => void}  told whether the page is drawing a frame when it is called
 */
export function startTiming(name, start = performance.now()) {
  if (!isTiming()) return () => {};
  return (inFrame = false) =>
    afterPaint(inFrame, () =>
      performance.measure(`embedlab:${name}`, { start, end: performance.now() }),
    );
}

/**
 * Call back in a task of its own, as soon as the present one is over.
 * @param {() => void} then
 */
export function nextTask(then) {
  const channel = new MessageChannel(); // a timer would wait for 4 ms
  channel.port1.onmessage = () => {
    channel.port1.close();
    then();
  };
  channel.port2.postMessage(0);
}

/**
 * Call back after the frame was painted that shows what is in the page now.
 * @param {boolean} inFrame
 * @param {() => void} then
 */
function afterPaint(inFrame, then) {
  if (inFrame)
    nextTask(then); // posted in a frame, it comes just after its paint
  else requestAnimationFrame(() => nextTask(then));
}
