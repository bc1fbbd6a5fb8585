/**
 * Types of a view: the names that explorer.js and the views agree on.
 */

/** @typedef {import("./wire.js").Trace} Trace */
/** @typedef {import("./predict.js").Prediction} Prediction */
/**
 * What is only on the screen. A view adds fields of its own with `View.ui`.
 * @typedef {object} Ui
 * @property {number} step
 * @property {boolean} playing
 * @property {number | null} drawn   between two steps: what is drawn on the way to `step`, a fraction
 * @property {number} speed
 * @property {any} hover          spot under the pointer, as the view names it
 * @property {any} focus          spot that holds the focus or was clicked last
 * @property {import("./explorer.js").Panel} panel
 * @property {Prediction | null} prediction
 * @property {any} open           the number whose arithmetic was opened
 * @property {string} note        one sentence that stands in for the narration until the next act
 * @property {Record<string, any>} local
 */
/**
 * A control, with the name by which a teacher hides it: that of the parameter it changes, if no other is named.
 * @typedef {[name: string, body: unknown, parameter?: string]} Control
 */
/**
 * @typedef {object} Scene
 * @property {Trace} trace
 * @property {Record<string, any>} params
 * @property {Ui} ui
 * @property {import("./theme.js").Theme} theme
 * @property {{ width: number, figureWidth: number, figureHeight: number }} size  of the view, and of its figure, in pixels at a font size of 16
 * @property {string} look         wide, desk, tight or narrow
 * @property {boolean} predicting  a question is open, and nothing may give its answer away
 * @property {string} alt          what the figure shows, in words
 * @property {string} uid          a prefix for ids, unique in the page
 * @property {Set<string>} hidden  controls a teacher hides
 * @property {import("./explorer.js").Explorer} explorer
 */
/**
 * @typedef {object} View
 * @property {string} name
 * @property {string} noun                                       what a step is
 * @property {string} hint
 * @property {string[]} keepOnError                                    parameters that stay as typed when Python rejects them
 * @property {string} predictNoun                                     what is predicted
 * @property {() => Record<string, any>} initialUi                      the view's own state
 * @property {(trace: Trace) => number} steps
 * @property {(trace: Trace, step: number) => string} [stepLabel]  label of a step, where not every step was sent
 * @property {number} [stepMs]                                     ms per step at speed 1
 * @property {number} [runMs]                                      ms of all steps at speed 1; between steps the view is in motion
 * @property {(trace: Trace) => number} [firstStep]                  the step it opens on; default the first
 * @property {(scene: Scene) => Control[]} controls  in the order of their weight
 * @property {number} leads                                      how many of them stand in the row; More has the rest
 * @property {(scene: Scene) => unknown} figure
 * @property {(scene: Scene) => import("./facts_panel.js").Facts} facts
 * @property {(scene: Scene) => unknown} [notice]                takes the place of the hint
 * @property {(scene: Scene) => unknown} [alert]                 an error of this trace
 * @property {(scene: Scene) => unknown} arithmetic
 * @property {(scene: Scene) => unknown} narrate                     the narration, one sentence
 * @property {(scene: Scene) => import("./data_table.js").DataTable[]} tables
 * @property {(scene: Scene) => { question: unknown, choices?: unknown, outcome: unknown }} predict
 * @property {(scene: Scene) => { kind: import("./predict.js").Kind, start?: ArrayLike<number>, noun?: string }} [questionKind]  kind of the question, default `many`; `noun` replaces `predictNoun`
 * @property {(scene: Scene) => string} focusOnAsk                  data-place that gets the focus when the question opens
 * @property {(trace: Trace, scene: Scene) => { question: string, truth: ArrayLike<number>, near?: number }} answer  `near`: tolerance of a point of a curve
 * @property {(trace: Trace, item: number) => number} [chosenId]   a chosen thing as Python numbers it
 * @property {(scene: Scene) => void} beforePaint                     called before each paint: keep windows and selection valid
 * @property {[string[], string][]} keys                         keys of this view alone
 * @property {(event: KeyboardEvent, scene: Scene) => boolean} onKey
 * @property {(act: import("./explorer.js").Explorer, scene: Scene, before: Trace | null) => void} [onTrace]
 * @property {(scene: Scene) => number | null} [selectedRow]           the row that is selected, for linked views
 * @property {(act: import("./explorer.js").Explorer, scene: Scene, row: number) => void} [onRowSelected]  a linked view selected this row
 * @property {(scene: Scene) => Record<string, any>} cursor      UI state that is sent to Python
 */

export {};
