// What a statement answers: its rows as bars and a table, or its plan.

import { bars } from "./charts.js";
import { field, fill, h, say, select } from "./page.js";
import { table, valueText } from "./table.js";
import { number, t } from "./words.js";

export const LIMIT = 500; // rows that are asked for
const MOST_BARS = 25;

/** Returns the rows of a statement as bars and a table. */
export function showRows(reader, { columns, rows, cut }, ms) {
  const count = t("rows", { count: rows.length, ms: Math.round(ms) });
  say(count);
  if (!rows.length) return [h("p.quiet", {}, count), h("p", {}, t("no_rows"))];
  const meanings = Object.fromEntries(reader.columns.map((each) => [each.name, each.meaning]));
  return [
    h("p.quiet", {}, count, cut && [" · ", t("rows_cut", { count: LIMIT })]),
    chartOf(columns, rows),
    table(reader.name, columns, rows, meanings),
  ];
}

/** Returns bars of a column of numbers, or nothing where the rows have no names or numbers. */
function chartOf(columns, rows) {
  const isNumber = (k) =>
    rows.some((row) => typeof row[k] === "number") &&
    rows.every((row) => row[k] === null || typeof row[k] === "number");
  const isName = (k) =>
    rows.every((row) => row[k] === null || typeof row[k] === "string") &&
    rows.some((row) => row[k]);
  const numbers = columns.map((_, k) => k).filter(isNumber);
  const names = columns
    .map((_, k) => k)
    .filter(
      (k) =>
        isName(k) && !["id", "item_id", "first_at", "last_at", "newest_at"].includes(columns[k]),
    );
  if (rows.length < 2 || !numbers.length || !names.length) return null;
  const differ = (ks) => new Set(rows.map((row) => ks.map((k) => row[k]).join("|"))).size;
  const best = [...names].sort((a, b) => differ([b]) - differ([a]));
  const label =
    differ([best[0]]) === rows.length || best.length === 1 ? [best[0]] : names.slice(0, 3);
  const shown = rows.slice(0, MOST_BARS);
  const place = h("div");
  const draw = (k) =>
    fill(
      place,
      bars(
        t("chart_label", { column: columns[k] }),
        shown
          .filter((row) => row[k] !== null)
          .map((row) => [
            label
              .map((at) => valueText(row[at]))
              .filter(Boolean)
              .join(" · "),
            row[k],
          ]),
      ),
    );
  const choice = select(
    numbers.map((k) => [String(k), columns[k]]),
    String(numbers[0]),
    { change: ({ target }) => draw(Number(target.value)) },
  );
  draw(numbers[0]);
  return h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      t("chart_of"),
      rows.length > MOST_BARS &&
        h("small.quiet", {}, " · ", number(MOST_BARS), " / ", number(rows.length)),
    ),
    h("div.inline", {}, field(t("chart_column"), choice)),
    place,
  );
}

/** Returns a plan as a table of its operators. */
export function showPlan({ rows }) {
  say(t("plan"));
  return h(
    "div.scroll",
    { tabindex: "0", role: "group", "aria-label": t("plan_label") },
    h(
      "table.plan",
      {},
      h("caption", {}, t("plan_label")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, t("operator")),
          h("th.number", { scope: "col" }, t("estimated")),
          h("th", { scope: "col" }, t("details")),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([depth, operator, details, estimated]) => {
          const first = h("td", {}, operator);
          first.style.paddingLeft = `${Math.min(depth, 12) * 0.9}rem`;
          return h(
            "tr",
            {},
            first,
            h("td.number", {}, estimated === null ? "" : number(estimated, 1)),
            h("td.code", {}, details),
          );
        }),
      ),
    ),
  );
}
