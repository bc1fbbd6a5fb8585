/**
 * A view in a host that sends JSON instead of a widget's messages, such as Streamlit or Panel: the state
 * comes as one object, and edits leave as one.
 */

/** @typedef {Record<string, any>} State */

const SENT = ["_seq", "answers", "_query", "_members", "selection"]; // a cursor alone waits: many hosts run all code again

class Model {
  /** @param {(changes: State) => void} send */
  constructor(send) {
    this.give = send;
    /** @type {State} */
    this.state = {};
    /** @type {State} */
    this.changes = {};
    /** @type {[string, () => void][]} */
    this.heard = [];
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    this.state[name] = value;
    this.changes[name] = value;
  }

  /** @param {string} event @param {() => void} call */
  on(event, call) {
    this.heard.push([event, call]);
  }

  /** @param {string} event @param {() => void} call */
  off(event, call) {
    this.heard = this.heard.filter(([name, other]) => name !== event || other !== call);
  }

  save_changes() {
    const { changes } = this;
    if (!SENT.some((name) => name in changes)) return;
    this.changes = {};
    this.give(changes);
  }

  send() {} // each change is given away once more when it is saved again

  /** @param {State} state */
  take(state) {
    Object.assign(this.state, state);
    for (const [event, call] of this.heard) if (event.slice("change:".length) in state) call();
  }
}

/**
 * Show a view in `el`, once its state is there.
 * @param {{ render: (host: { model: any, el: HTMLElement }) => void }} view
 * @param {HTMLElement} el
 * @param {(changes: State) => void} send  what Python's `set_state` takes
 * @returns {(state: State) => void}  takes the state, whenever Python gives it
 */
export default function mount(view, el, send) {
  /** @type {Model | undefined} */
  let model;
  return (state) => {
    if (model) return model.take(state);
    model = new Model(send);
    model.take(state);
    view.render({ model, el: el.appendChild(document.createElement("div")) });
  };
}
