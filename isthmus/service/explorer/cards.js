// Items, people and interests: what is known of each, and what it is linked to, as a picture and
// as lists.

import { rowsOf } from "./api.js";
import { neighbourhood } from "./charts.js";
import { failure } from "./failure.js";
import { searchBox } from "./find.js";
import { fill, h, link, recent } from "./page.js";
import { valueText } from "./table.js";
import { brief, day, nameOf, number, t } from "./words.js";

const DRAWN = 6; // nodes of one side of the picture
const LISTED = 10;

function head(box, kind, title, quiet) {
  fill(box, searchBox(), h("p.kind", {}, kind, quiet && [" · ", quiet]), h("h1", {}, title));
}

/** A list of terms and what they are; pairs without a value are left out. */
function facts(pairs) {
  const known = pairs.filter(
    ([, value]) =>
      value !== null &&
      value !== undefined &&
      value !== "" &&
      !(Array.isArray(value) && !value.length),
  );
  return (
    known.length > 0 &&
    h(
      "dl.facts",
      {},
      known.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
    )
  );
}

const attributes = (list) => list.map(({ name, value }) => [name, attributeText(value)]);

function attributeText(value) {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)
    ? day(value)
    : typeof value === "number"
      ? number(value, 6)
      : valueText(value);
}

/** A section with a list; nothing where the list is empty. */
function section(title, rows, describe) {
  return (
    rows.length > 0 &&
    h(
      "section",
      {},
      h("h2", {}, title),
      h(
        "ol.links",
        {},
        rows.map((row) => h("li", {}, describe(row))),
      ),
    )
  );
}

const itemLink = (row) =>
  h(
    "a",
    { href: link.item(row.domain, row.item_id ?? row.id) },
    row.title || row.name || row.item_id || row.id,
  );
const weighed = (row) => [
  itemLink(row),
  " ",
  h("small", {}, row.domain, " · ", t("weight", { weight: brief(row.weight) })),
];
const chips = (list) =>
  h(
    "div.chips",
    {},
    list.map((each) => h("a.chip", { href: link.interest(each.interest) }, nameOf(each))),
  );

async function figure(label, centre, sides) {
  return h(
    "figure",
    {},
    h("figcaption", {}, t("neighbourhood")),
    await neighbourhood(label, centre, sides),
  );
}

export async function showItem(box, { parts, signal }) {
  const [domain, id = ""] = parts;
  const key = `${domain}:${id}`;
  const [[item], edges] = await Promise.all([
    rowsOf("insight/item", { item: key }, signal),
    rowsOf("insight/item_edges", { item: key, most: LISTED }, signal),
  ]);
  if (!item) return missing(box, "item", "unknown_item", key);
  const title = item.title || item.item_id;
  recent.item = key;
  head(box, t("item"), title, `${item.domain} · ${item.item_id}`);
  const of = (direction, kind) =>
    edges.filter((row) => row.direction === direction && row.kind === kind);
  const out = of("out", "transfer"),
    into = of("in", "transfer"),
    together = of("out", "co_liked"),
    byInterest = of("in", "interest");
  const node = (row) => ({
    name: row.name,
    weight: row.weight,
    group: row.domain,
    href: link.item(row.domain, row.id).slice(1),
  });
  const about = item.interests.slice(0, 4).map((each) => ({
    name: nameOf(each),
    weight: each.weight,
    href: link.interest(each.interest).slice(1),
  }));
  const right = [...out.slice(0, DRAWN), ...together.slice(0, Math.max(2, DRAWN - out.length))].map(
    node,
  );
  box.append(
    h(
      "div.two",
      {},
      h(
        "div",
        {},
        facts([
          [t("about"), item.interests.length ? chips(item.interests) : null],
          [t("likes"), number(item.likes)],
          [t("dislikes"), item.dislikes ? number(item.dislikes) : null],
          [t("popularity"), brief(item.popularity ?? 0)],
          [t("published"), day(item.published_at)],
          [t("categories"), item.categories.join(", ")],
          ...attributes(item.attributes),
          [t("text"), item.text],
        ]),
        edges.length === 0 && h("p.quiet", {}, t("no_edges")),
      ),
      (edges.length > 0 || about.length > 0) &&
        (await figure(t("neighbourhood_of", { name: title }), title, {
          left: into.slice(0, DRAWN).map(node),
          right,
          above: about,
        })),
    ),
  );
  const similar = h("div");
  const opened = async ({ target }) => {
    if (!target.open || similar.childNodes.length) return;
    fill(similar, h("p.quiet.loading", {}, t("loading")));
    try {
      const rows = (
        await rowsOf("recommend/related_items", { item: key, most: LISTED }, signal)
      ).filter((row) => row.kind === "vector");
      fill(
        similar,
        rows.length
          ? h(
              "ol.links",
              {},
              rows.map((row) => h("li", {}, weighed(row))),
            )
          : h("p.quiet", {}, t("no_rows")),
      );
    } catch (error) {
      fill(similar, failure(error));
    }
  };
  box.append(
    h(
      "div.columns",
      {},
      section(t("leads_to"), out, weighed),
      section(t("led_from"), into, weighed),
      section(t("liked_together"), together, weighed),
      section(t("led_by_interests"), byInterest, (row) => [
        h("a", { href: link.interest(row.id) }, row.name),
        " ",
        h("small", {}, t("weight", { weight: brief(row.weight) })),
      ]),
    ),
    h("details", { toggle: opened }, h("summary", {}, t("show_similar")), similar),
    h(
      "p",
      {},
      h("a", { href: link.statement("insight/audience", { item: key }) }, t("more_people")),
    ),
  );
  return undefined;
}

export async function showUser(box, { parts, signal }) {
  const [user = ""] = parts;
  const [[person], interests, history] = await Promise.all([
    rowsOf("insight/user", { user }, signal),
    rowsOf("interests/profile", { user, most: 2 * LISTED }, signal),
    rowsOf("insight/interactions", { user, most: 2 * LISTED }, signal),
  ]);
  if (!person) return missing(box, "person", "unknown_user", user);
  recent.user = person.user;
  head(box, t("person"), person.user);
  const named = interests.map((row) => ({ ...row, interest: row.id, name: row.interest }));
  const left = named.slice(0, DRAWN).map((row) => ({
    name: nameOf(row),
    weight: row.weight,
    group: "",
    href: link.interest(row.id).slice(1),
  }));
  const right = history.slice(0, DRAWN).map((row) => ({
    name: row.title || row.item_id,
    weight: row.weight,
    group: row.domain,
    href: link.item(row.domain, row.item_id).slice(1),
  }));
  box.append(
    h(
      "p.actions",
      {},
      h("a.button.primary", { href: link.recommend({ user }) }, t("ask_for", { name: user })),
      h("a.button", { href: link.compare({ user }) }, t("compare_for", { name: user })),
    ),
    h(
      "div.two",
      {},
      facts([
        [t("likes"), number(person.likes)],
        [t("dislikes"), number(person.dislikes)],
        [t("domains"), person.domains.join(", ")],
        [t("texts"), person.texts ? number(person.texts) : null],
        [t("follows"), person.follows ? number(person.follows) : null],
        [t("first"), day(person.first_at)],
        [t("latest"), day(person.last_at)],
        ...attributes(person.attributes),
      ]) || h("div"),
      (left.length > 0 || right.length > 0) &&
        (await figure(t("neighbourhood_of", { name: user }), user, { left, right })),
    ),
    h(
      "div.columns",
      {},
      section(t("interests_of"), named, (row) => [
        h("a", { href: link.interest(row.id) }, nameOf(row)),
        row.weight < 0 && [" ", h("span.bad", {}, t("disliked"))],
        " ",
        h("small", {}, brief(row.weight), " · ", t("rests_on", row)),
        " ",
      ]) || h("p.quiet", {}, t("no_interests")),
      section(t("newest"), history, (row) => [
        itemLink(row),
        " ",
        h(
          "small",
          {},
          h(row.weight < 0 ? "span.bad" : "span", {}, t(row.weight < 0 ? "disliked" : "liked")),
          " · ",
          row.domain,
          row.last_at && [" · ", day(row.last_at)],
        ),
      ]) || h("p.quiet", {}, t("no_history")),
    ),
  );
  return undefined;
}

export async function showInterest(box, { parts, signal }) {
  const [interest = ""] = parts;
  const [[found], items, people, led] = await Promise.all([
    rowsOf("interests/one", { interest }, signal),
    rowsOf("interests/items_about", { interest, most: LISTED }, signal),
    rowsOf("interests/people_with", { interest, most: LISTED }, signal),
    rowsOf("interests/leads_to", { interest, most: LISTED }, signal),
  ]);
  if (!found) return missing(box, "interest", "unknown_interest", interest);
  const name = nameOf(found);
  recent.interest = found.interest;
  head(box, t("interest"), name, found.names.filter((each) => each !== name).join(" · "));
  const left = people
    .filter((row) => row.weight > 0)
    .slice(0, DRAWN)
    .map((row) => ({
      name: row.user,
      weight: row.weight,
      group: "",
      href: link.user(row.user).slice(1),
    }));
  const right = (led.length ? led : items).slice(0, DRAWN).map((row) => ({
    name: row.title || row.item_id,
    weight: row.weight ?? row.about,
    group: row.domain,
    href: link.item(row.domain, row.item_id).slice(1),
  }));
  const above = found.parents.slice(0, 3).map((each) => ({
    name: nameOf(each),
    weight: 1,
    href: link.interest(each.interest).slice(1),
  }));
  box.append(
    h(
      "div.two",
      {},
      facts([
        [t("items"), number(found.items)],
        [
          t("domains"),
          found.domains.map((each) => `${each.domain} ${number(each.items)}`).join(", "),
        ],
        [t("likers"), number(found.likers)],
        [t("dislikers"), found.dislikers ? number(found.dislikers) : null],
        [t("texts"), found.texts ? number(found.texts) : null],
        [t("part_of"), found.parents.length ? chips(found.parents) : null],
        [t("parts"), found.parts.length ? chips(found.parts) : null],
      ]),
      (left.length > 0 || right.length > 0) &&
        (await figure(t("neighbourhood_of", { name }), name, { left, right, above })),
    ),
    h(
      "div.columns",
      {},
      section(t("leads_to"), led, weighed),
      section(t("items_about"), items, (row) => [itemLink(row), " ", h("small", {}, row.domain)]),
      section(t("people_with"), people, (row) => [
        h("a", { href: link.user(row.user) }, row.user),
        " ",
        h("small", {}, brief(row.weight)),
      ]),
    ),
  );
  return undefined;
}

function missing(box, kind, sentence, name) {
  head(box, t(kind), t(sentence, { name }));
}
