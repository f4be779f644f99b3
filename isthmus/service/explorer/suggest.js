// Fields that suggest the names of the graph as one types.

import { ask } from "./api.js";
import { entry, fill, h, later } from "./page.js";
import { nameOf } from "./words.js";

const SHOWN = 12;
let count = 0;

/**
 * Returns a field for a person, item or interest.
 * @param {string} kind users, items, keys (of items, with their domain) or interests
 * @param {object} attributes of the input
 * @param {function(): string} domain of the items
 * @returns {{input: HTMLElement, list: HTMLElement}}
 */
export function suggesting(kind, attributes = {}, domain = () => null) {
  const list = h("datalist", { id: `names-${++count}` });
  const input = entry("input", { list: list.id, ...attributes });
  const searched = kind === "keys" ? "items" : kind;
  let stop = new AbortController();
  input.addEventListener(
    "input",
    later(async () => {
      stop.abort();
      stop = new AbortController();
      if (!input.value.trim()) return;
      try {
        const found = await ask("search", {
          query: { words: input.value, kind: searched, n: SHOWN, domain: domain() },
          signal: stop.signal,
        });
        fill(
          list,
          found[searched].map((row) => option(kind, row)),
        );
      } catch {
        fill(list); // suggestions are a help; what is asked for says what is wrong
      }
    }),
  );
  return { input, list };
}

function option(kind, row) {
  if (kind === "users") return h("option", { value: row.user });
  if (kind === "interests") return h("option", { value: row.interest, label: nameOf(row) });
  const value = kind === "keys" ? `${row.domain}:${row.item_id}` : row.item_id;
  return h("option", { value, label: row.title || row.item_id });
}
