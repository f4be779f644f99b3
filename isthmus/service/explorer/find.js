// The first view: search as you type, and the graph at a glance.

import { ask, readOverview, rowsOf } from "./api.js";
import { failure } from "./failure.js";
import { entry, fill, h, later, link, say } from "./page.js";
import { day, nameOf, number, t } from "./words.js";

const SHOWN = 8;
const LARGEST = 24;

/** Returns a field that searches as one types, with what it finds below it. */
export function searchBox(words = "") {
  const found = h("div.found");
  const input = entry("input.search", {
    type: "search",
    id: "search",
    placeholder: t("search_short"),
    "aria-label": `${t("search")}: ${t("search_hint")}`,
    value: words,
  });
  let stop = new AbortController();

  async function search() {
    stop.abort();
    stop = new AbortController();
    const typed = input.value.trim();
    if (!typed) return fill(found);
    found.setAttribute("aria-busy", "true");
    try {
      const answer = await ask("search", {
        query: { words: typed, n: SHOWN },
        signal: stop.signal,
      });
      showFound(found, typed, answer);
    } catch (error) {
      if (error.name !== "AbortError") fill(found, failure(error));
    }
    found.removeAttribute("aria-busy");
    return undefined;
  }

  input.addEventListener("input", later(search));
  const submit = (event) => {
    event.preventDefault();
    search();
  };
  return h("div", {}, h("form", { role: "search", submit }, input), found);
}

function showFound(box, words, { items, users, interests }) {
  const group = (title, links) =>
    links.length > 0 &&
    h(
      "section",
      {},
      h("h2", {}, title),
      h(
        "ul",
        {},
        links.map((each) => h("li", {}, each)),
      ),
    );
  const none = !items.length && !users.length && !interests.length;
  fill(
    box,
    none
      ? h("p.quiet", {}, t("found_none", { words }))
      : h(
          "div.columns",
          {},
          group(
            t("items"),
            items.map((each) =>
              h(
                "a",
                { href: link.item(each.domain, each.item_id) },
                each.title || each.item_id,
                " ",
                h("small", {}, each.domain),
              ),
            ),
          ),
          group(
            t("people"),
            users.map(({ user }) => h("a", { href: link.user(user) }, user)),
          ),
          group(
            t("interests"),
            interests.map((each) =>
              h(
                "a",
                { href: link.interest(each.interest) },
                nameOf(each),
                " ",
                h("small", {}, t("count_items", { count: each.items })),
              ),
            ),
          ),
        ),
  );
  say(
    none
      ? t("found_none", { words })
      : t("found", { items: items.length, people: users.length, interests: interests.length }),
  );
}

/** Shows the search and the graph at a glance. */
export async function showFind(box, { signal }) {
  const glance = h("section", {}, h("p.quiet.loading", {}, t("loading")));
  fill(box, h("h1", {}, t("explore_title")), searchBox(), glance);
  const [overview, sizes] = await Promise.all([readOverview(), rowsOf("admin/sizes", {}, signal)]);
  const count = (...names) =>
    sizes.filter((row) => names.includes(row.name)).reduce((sum, row) => sum + row.count, 0);
  const active = overview.generations.find((each) => each.state === "active");
  const figures = [
    ["people", count("User")],
    ["items", count("Item")],
    ["interests", count("Interest")],
    ["interactions", count("INTERACTED")],
    ["edges", active?.edges ?? 0],
  ];
  const largest = h("div.chips", { "aria-busy": "true" });
  if (!overview.domains.length) return fill(glance, h("p", {}, t("empty_graph")));
  fill(
    glance,
    h("h2", {}, t("glance")),
    h(
      "dl.figures",
      {},
      figures.map(([key, value]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, number(value)))),
    ),
    h(
      "p.quiet",
      {},
      active
        ? t("generation_answers", { number: active.number, day: day(active.created_at) })
        : t("no_generation"),
    ),
    h("h2", {}, t("domains")),
    h(
      "ul.chips",
      {},
      overview.domains.map((each) =>
        h(
          "li",
          {},
          h(
            "a.chip",
            { href: link.recommend({ domain: each.domain }) },
            each.domain,
            " ",
            h("small", {}, t("count_items", { count: each.items })),
          ),
        ),
      ),
    ),
    h("h2", {}, t("largest_interests")),
    largest,
  );
  const rows = await rowsOf("insight/interests", { most: LARGEST }, signal);
  fill(
    largest,
    rows.map((row) =>
      h(
        "a.chip",
        { href: link.interest(row.id) },
        nameOf({ interest: row.id, ...row }),
        " ",
        h("small", {}, number(row.items)),
      ),
    ),
  );
  largest.removeAttribute("aria-busy");
  return undefined;
}
