/**
 * The state of a view as text, for a colleague or another cell: S copies it.
 */

/**
 * The state as versioned JSON, the same that Python's `explorer.state` gives and `from_state` takes.
 * @param {string} view
 * @param {number} version
 * @param {Record<string, any>} params
 * @param {string[]} needs  inputs that the state cannot hold: the user's table or vocabulary
 */
export function stateText(view, version, params, needs = []) {
  return JSON.stringify({ view, version, params, ...(needs.length ? { needs } : {}) });
}

/**
 * Copy text to the clipboard; where the browser forbids it, with a hidden field and execCommand.
 * @param {string} text
 * @param {HTMLElement} near
 * @returns {Promise<boolean>} whether it worked
 */
export async function copyText(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const back = /** @type {HTMLElement | null} */ (document.activeElement);
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    near.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    back?.focus();
    return done;
  }
}

/**
 * Copy the state, and say so; if copying fails, show it.
 * @param {import("./explorer.js").Explorer} explorer
 */
export async function share(explorer) {
  const { scene } = explorer;
  if (!scene) return;
  const { header } = scene.trace;
  const { text, note } = explorer.model.share?.() ?? {
    text: stateText(header.view, header.version, header.params, header.needs),
    note: "The state is on the clipboard: paste it into from_state(…).",
  };
  explorer.updateUi({ note: (await copyText(text, explorer.root)) ? note : `Copy this: ${text}` });
}
