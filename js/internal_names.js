/**
 * Names of properties that stay inside a bundle: the build shortens them. Not here: what goes over the wire, to Python or
 * to a linked view, what the browser or lit-html reads, and what is looked up by a string. test/build.test.js holds it.
 */
export const INTERNAL_NAMES = `
above analytic answerCosines arithmetic arrived asking asks band
beforePaint begun bendCurve bounds branchStep bySize chips choose
coarse counted current cursorTimer derived dimTimer dots
drag dragged drawScene dropped edited editing endings explorer
facts firstStep flying focusAfterPaint focusOnAsk foot forced forcedColors
frameRequest fromLink given glided goToStep goal gradFromScores gradOutput
gradScores halfStep handleKey hasGrad hasGradient highlight histogram inFlight
initialUi keepOnError lanes lastSeen leads least lines lists
local longestMove look lossRatio losses lostAt main mapDistances
maps marks maxDisplacement maxDistanceAhead maxError maxUntrainedDisplacement mergeDifference moment
mostD mostV movedWithoutGrad moving narrate narrow nearMap noReference
notice numeric onChange onClick onHide onKey onRowSelected onStoreChange
onTrace oneHot outOfRange outcome overwritten paddingCounts paintNow patch
pendingFocus phase pinned placed places player plus pooledAt
predictNoun predicting prediction previousTrace primary pulled questionKind readers
reducedMotion rejected repaint reportAnswer reportCursor rowH ruler runningSum
scene schemes selectedRow senders sentAt sentSeq setHover setSpeed
setWaiting showPanel side signs silentTimer sizeWatch spectrum
spot stepLabel stepMs stripHead strips strong symbol tables
texts theme themeWatch tick timeAct timedActs toggleFullScreen trainedCount
trainedError trainedRows updateUi valueText valuesAt varianceShown vmaxA vmaxB
vmaxDelta warnLate windows
`
  .trim()
  .split(/\s+/);
