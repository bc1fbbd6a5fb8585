/**
 * Data tables with every number of a figure. Wide tables are split by columns, so that nothing
 * scrolls sideways.
 */
import { html } from "lit-html";

/**
 * @typedef {object} DataTable
 * @property {string} caption
 * @property {string} corner     the head of the first column
 * @property {string[]} columns
 * @property {{ head: string, cells: (string | number)[] }[]} rows
 */

/**
 * The same table in blocks of at most `most` columns.
 * @param {DataTable} table
 * @param {number} most
 * @returns {DataTable[]}
 */
export function splitColumns(table, most) {
  if (table.columns.length <= most) return [table];
  const parts = [];
  for (let at = 0; at < table.columns.length; at += most) {
    const end = Math.min(at + most, table.columns.length);
    parts.push({
      ...table,
      caption: `${table.caption}, columns ${table.columns[at]} to ${table.columns[end - 1]}`,
      columns: table.columns.slice(at, end),
      rows: table.rows.map(({ head, cells }) => ({ head, cells: cells.slice(at, end) })),
    });
  }
  return parts;
}

/**
 * @param {DataTable[]} tables
 * @param {number} width  of the view, in pixels
 */
export function dataTables(tables, width) {
  const most = Math.max(2, Math.floor((width - 120) / 54));
  return tables
    .flatMap((table) => splitColumns(table, most))
    .map(
      (table) => html`<table class="num">
        <caption>
          ${table.caption}
        </caption>
        <thead>
          <tr>
            <th scope="col">${table.corner}</th>
            ${table.columns.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${table.rows.map(
            ({ head, cells }) => html`<tr>
              <th scope="row"><bdi dir=${/^\d/.test(head) ? "ltr" : "auto"}>${head}</bdi></th>
              ${cells.map((cell) => html`<td><bdi>${cell}</bdi></td>`)}
            </tr>`,
          )}
        </tbody>
      </table>`,
    );
}
