// Tables whose columns sort by their headers.

import { fill, h, link } from "./page.js";
import { brief, number, t } from "./words.js";

/**
 * Returns a table.
 * @param {string} caption
 * @param {string[]} columns
 * @param {Array[]} rows
 * @param {object} meanings what each column holds, by its name
 */
export function table(caption, columns, rows, meanings = {}) {
  const numeric = columns.map(
    (_, k) =>
      rows.some((row) => typeof row[k] === "number") &&
      rows.every((row) => row[k] === null || typeof row[k] === "number"),
  );
  const body = h("tbody");
  let sorted = null,
    down = false;
  const headers = columns.map((column, k) => {
    const button = h(
      "button.plain",
      {
        type: "button",
        title: meanings[column] ?? null,
        "aria-label": t("sort_by", { column }),
        click: () => sort(k),
      },
      column,
      h("span.arrow", { "aria-hidden": "true" }),
    );
    return h(numeric[k] ? "th.number" : "th", { scope: "col" }, button);
  });
  const show = (list) =>
    fill(
      body,
      list.map((row) =>
        h(
          "tr",
          {},
          row.map((value, k) => h(numeric[k] ? "td.number" : "td", {}, cell(columns, row, k))),
        ),
      ),
    );

  function sort(k) {
    down = sorted === k ? !down : numeric[k];
    sorted = k;
    headers.forEach((header, at) => {
      if (at === k) header.setAttribute("aria-sort", down ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
      header.querySelector(".arrow").textContent = at === k ? (down ? " ▾" : " ▴") : "";
    });
    const sign = down ? -1 : 1;
    show([...rows].sort((a, b) => order(a[k], b[k], sign)));
  }

  show(rows);
  return h(
    "div.scroll",
    { tabindex: "0", role: "group", "aria-label": caption },
    h("table", {}, h("caption.unseen", {}, caption), h("thead", {}, h("tr", {}, headers)), body),
  );
}

/** Compares values; nothing stands last in both directions. */
function order(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * valueText(a).localeCompare(valueText(b), undefined, { numeric: true });
}

/** Returns a value as text. */
export function valueText(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : brief(value);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([key, each]) => `${key}: ${valueText(each)}`)
      .join(", ");
  return String(value);
}

/** Returns a value, as a link where the row says which person or item it is. */
function cell(columns, row, k) {
  const value = row[k];
  if (typeof value === "number")
    return Number.isInteger(value) && columns[k] !== "number" ? number(value) : brief(value);
  const of = (name) => row[columns.indexOf(name)];
  if (typeof value === "string" && value) {
    if (columns[k] === "user") return h("a", { href: link.user(value) }, value);
    if (["title", "item_id"].includes(columns[k]) && of("domain") && of("item_id")) {
      return h("a", { href: link.item(of("domain"), of("item_id")) }, value);
    }
  }
  return valueText(value);
}
