/** The plane of the largest variance of some rows: principal components by Jacobi rotations. */

/**
 * The center of some rows, their first two principal axes (D, 2), and the share of the variance.
 * @param {Float64Array} rows @param {number} D
 */
export function principalPlane(rows, D) {
  const count = rows.length / D;
  const center = new Float64Array(D);
  for (let n = 0; n < rows.length; n++) center[n % D] += rows[n] / count;
  const covariance = Array.from({ length: D }, () => new Float64Array(D));
  for (let row = 0; row < count; row++) {
    for (let a = 0; a < D; a++) {
      for (let b = 0; b < D; b++)
        covariance[a][b] += (rows[row * D + a] - center[a]) * (rows[row * D + b] - center[b]);
    }
  }
  const { values, vectors } = eigen(covariance);
  const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a]);
  const axes = new Float64Array(D * 2);
  for (const [column, at] of order.slice(0, 2).entries()) {
    let largest = 0;
    for (let d = 1; d < D; d++)
      if (Math.abs(vectors[d][at]) > Math.abs(vectors[largest][at])) largest = d;
    const sign = vectors[largest][at] < 0 ? -1 : 1;
    for (let d = 0; d < D; d++) axes[d * 2 + column] = sign * vectors[d][at];
  }
  const total = values.reduce((sum, value) => sum + value, 0);
  return { center, axes, explained: (values[order[0]] + values[order[1]]) / total };
}

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's method. @param {Float64Array[]} matrix */
function eigen(matrix) {
  const D = matrix.length;
  const vectors = matrix.map((_, a) => Float64Array.from(matrix, (_, b) => Number(a === b)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let rest = 0;
    for (let p = 0; p < D; p++) {
      for (let q = p + 1; q < D; q++) {
        rest += matrix[p][q] ** 2;
        rotate(matrix, vectors, p, q);
      }
    }
    if (rest < 1e-300) break;
  }
  return { values: Float64Array.from(matrix, (row, n) => row[n]), vectors };
}

/** Make one entry beside the diagonal 0. @param {Float64Array[]} matrix @param {Float64Array[]} vectors @param {number} p @param {number} q */
function rotate(matrix, vectors, p, q) {
  const beside = matrix[p][q];
  if (beside === 0) return;
  const theta = (matrix[q][q] - matrix[p][p]) / (2 * beside);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (const row of matrix) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
  const [a, b] = [matrix[p].slice(), matrix[q].slice()];
  for (let k = 0; k < matrix.length; k++) {
    matrix[p][k] = c * a[k] - s * b[k];
    matrix[q][k] = s * a[k] + c * b[k];
  }
  for (const row of vectors) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
}
