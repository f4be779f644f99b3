// How far an item has moved in a list.

import { h } from "./page.js";
import { t } from "./words.js";

/** Returns a mark: places that an item has gone up, below 0 for down, null for one that is new. */
export function change(moved) {
  if (moved === 0) return null;
  if (moved === null) return h("small.moved", {}, t("new_item"));
  const words = t(moved > 0 ? "up" : "down", { count: Math.abs(moved) });
  return h(
    moved > 0 ? "small.moved.good" : "small.moved.bad",
    {},
    h("span", { "aria-hidden": "true" }, moved > 0 ? "▲" : "▼", Math.abs(moved)),
    h("span.unseen", {}, words),
  );
}
