/**
 * The state of a view as text, for a colleague or another cell: S copies it.
 */

/**
 * The state as versioned JSON, the same that Python's `explorer.state` gives and `from_state` takes.
 * @param {string} view
 * @param {number} version
 * @param {Record<string, any>} params
 * @param {string[]} needs  what cannot travel: a table or a vocabulary of one's own
 */
export function stateText(view, version, params, needs = []) {
  return JSON.stringify({ view, version, params, ...(needs.length ? { needs } : {}) });
}

/**
 * Put text on the clipboard; where the browser forbids it, a hidden field and the old command.
 * @param {string} text
 * @param {HTMLElement} near
 * @returns {Promise<boolean>} whether it worked
 */
export async function copy(text, near) {
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
