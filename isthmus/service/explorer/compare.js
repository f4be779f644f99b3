// What two generations recommend to one person, side by side.

import { ask, readOverview } from "./api.js";
import { failure } from "./failure.js";
import { change } from "./moves.js";
import { field, fill, h, link, recent, say, select } from "./page.js";
import { suggesting } from "./suggest.js";
import { day, number, t } from "./words.js";

const RANKED = 100;

export async function showCompare(box, { values, signal }) {
  const { domains, generations } = await readOverview();
  const lists = h("section");
  if (generations.length < 2) {
    fill(
      box,
      h("h1", {}, t("compare_title")),
      h("p", {}, t("compare_intro")),
      h("p.quiet", {}, generations.length ? t("one_generation") : t("no_generation")),
    );
    return;
  }
  const options = generations.map((each) => [
    String(each.number),
    `${each.number} · ${t(`state_${each.state}`)}`,
  ]);
  const active = generations.find((each) => each.state === "active") ?? generations[0];
  const before =
    generations.find((each) => each.number < active.number) ??
    generations.find((each) => each !== active);
  const person = suggesting("users", {
    name: "user",
    required: true,
    value: values.user ?? recent.user,
  });
  const domain = select(
    domains.map((each) => [each.domain, each.domain]),
    values.domain ?? domains[0]?.domain,
    { name: "domain" },
  );
  const n = h("input", { type: "number", name: "n", min: "1", max: "50", value: values.n ?? "10" });
  const first = select(options, values.first ?? String(before.number), { name: "first" });
  const second = select(options, values.second ?? String(active.number), { name: "second" });
  const submit = (event) => {
    event.preventDefault();
    const to = link.compare({
      user: person.input.value.trim(),
      domain: domain.value,
      n: n.value,
      first: first.value,
      second: second.value,
    });
    if (location.hash === to) dispatchEvent(new Event("hashchange"));
    else location.hash = to.slice(1);
  };
  fill(
    box,
    h("h1", {}, t("compare_title")),
    h("p.quiet", {}, t("compare_intro")),
    h(
      "form.card",
      { submit },
      h(
        "div.fields",
        {},
        h("div", {}, field(t("person_id"), person.input), person.list),
        field(t("domain"), domain),
        field(t("how_many"), n),
        field(t("first_generation"), first),
        field(t("second_generation"), second),
      ),
      h("button.primary", { type: "submit" }, t("compare")),
    ),
    lists,
  );
  if (!values.user) return;
  fill(lists, h("p.quiet.loading", {}, t("loading")));
  const body = {
    user: values.user,
    domain: domain.value,
    n: Number(n.value) || 10,
    first: Number(first.value),
    second: Number(second.value),
  };
  try {
    const found = await ask("compare", { body, signal });
    const sentence = t("same_items", {
      count: found.same,
      of: Math.max(found.first.items.length, found.second.items.length),
    });
    fill(
      lists,
      h("p", {}, sentence),
      h(
        "div.two.equal",
        {},
        sideOf(found.first, found.domain, false),
        sideOf(found.second, found.domain, true),
      ),
    );
    say(sentence);
  } catch (error) {
    if (error.name !== "AbortError") fill(lists, failure(error));
  }
}

/** One list; the later one shows how far each item has moved. */
function sideOf(side, domain, later) {
  return h(
    "section",
    {},
    h(
      "h2",
      {},
      t("generation", { number: String(side.generation) }),
      " ",
      h("small.quiet", {}, t(`state_${side.state}`), " · ", day(side.created_at)),
    ),
    h(
      "ol.answers.short",
      {},
      side.items.map((item) =>
        h(
          "li",
          {},
          h(
            "div.place",
            {},
            h("span", {}, number(item.rank)),
            later && change(item.other_rank === null ? null : item.other_rank - item.rank),
          ),
          h(
            "div",
            {},
            h(
              "h3",
              {},
              h("a", { href: link.item(domain, item.item_id) }, item.title || item.item_id),
            ),
            h("p.quiet", {}, elsewhere(item)),
          ),
        ),
      ),
    ),
  );
}

function elsewhere({ rank, other_rank: other }) {
  if (other === null) return t("place_far", { count: RANKED });
  if (other === rank) return t("place_same");
  return t("place_there", { rank: other });
}
