// Recommendations: whom or what for, how many, of which domain, within which filters.

import { Answer } from "./answer.js";
import { readOverview } from "./api.js";
import { failure } from "./failure.js";
import { entry, field, fill, h, link, recent, select } from "./page.js";
import { suggesting } from "./suggest.js";
import { language, t } from "./words.js";

export async function showRecommend(box, { values, signal }) {
  const overview = await readOverview();
  if (!overview.domains.length) {
    fill(box, h("h1", {}, t("recommend_title")), h("p", {}, t("empty_graph")));
    return;
  }
  const answer = h("section.answer");
  const form = makeForm(overview, values);
  fill(box, h("h1", {}, t("recommend_title")), form.element, answer);
  if (!values.domain || !(values.user || values.text)) {
    fill(answer, h("p.quiet", {}, t("first_ask")));
    return;
  }
  const view = new Answer(answer, form.body(), signal);
  try {
    await view.ask();
  } catch (error) {
    if (error.name !== "AbortError") fill(answer, failure(error));
  }
}

function makeForm(overview, values) {
  const domains = overview.domains.map((each) => [each.domain, each.domain]);
  const person = suggesting("users", { name: "user", value: values.user ?? recent.user });
  const text = h("textarea", { name: "text", rows: "2", maxlength: "10000" }, values.text ?? "");
  const choice = (value, checked) => h("input", { type: "radio", name: "whom", value, checked });
  const byText = choice("text", Boolean(values.text));
  const byPerson = choice("user", !values.text);
  const domain = select(domains, values.domain ?? domains[0]?.[0], { name: "domain" });
  const n = h("input", {
    type: "number",
    name: "n",
    min: "1",
    max: "100",
    value: values.n ?? "10",
  });
  const where = entry("input", {
    name: "where",
    maxlength: "2000",
    value: values.where ?? "",
  });
  const exclude = entry("input", { name: "exclude", value: values.exclude ?? "" });
  const since = h("input", { type: "date", name: "since", value: values.since ?? "" });
  const most = h("input", {
    type: "number",
    name: "most",
    min: "1",
    max: "100",
    value: values.most ?? "",
  });
  const whom = h("div", {}, field(t("person_id"), person.input), person.list);
  const what = field(t("text_label"), text, t("text_hint"));
  const switchTo = () => {
    whom.hidden = byText.checked;
    what.hidden = !byText.checked;
    person.input.required = !byText.checked;
    text.required = byText.checked;
  };
  byText.addEventListener("change", switchTo);
  byPerson.addEventListener("change", switchTo);
  switchTo();
  const names = [
    "categories",
    "likes",
    "popularity",
    "published_at",
    "title",
    ...overview.attributes.map((each) => each.name),
  ];
  const filtered = ["where", "exclude", "since", "most"].some((name) => values[name]);
  const read = () => ({
    ...(byText.checked ? { text: text.value.trim() } : { user: person.input.value.trim() }),
    domain: domain.value,
    n: n.value,
    where: where.value.trim(),
    exclude: exclude.value.trim(),
    since: since.value,
    most: most.value,
  });
  const submit = (event) => {
    event.preventDefault();
    const to = link.recommend(read());
    if (location.hash === to) dispatchEvent(new Event("hashchange"));
    else location.hash = to.slice(1);
  };
  const element = h(
    "form.card",
    { submit },
    h(
      "fieldset.whom",
      {},
      h("legend", {}, t("for_whom")),
      h("label", {}, byPerson, " ", t("for_person")),
      h("label", {}, byText, " ", t("for_text")),
    ),
    h(
      "div.fields",
      {},
      h("div.wide", {}, whom, what),
      field(t("domain"), domain),
      field(t("how_many"), n),
    ),
    h(
      "details",
      { open: filtered },
      h("summary", {}, t("filters")),
      h(
        "div.fields",
        {},
        h(
          "div.whole",
          {},
          field(t("where"), where, [
            t("where_hint", { example: filterExample(overview) }),
            " ",
            t("where_names", { names: names.join(", ") }),
          ]),
        ),
        field(t("since"), since),
        field(t("per_category"), most),
        h("div.wide", {}, field(t("exclude"), exclude, t("exclude_hint"))),
      ),
    ),
    h("button.primary", { type: "submit" }, t("ask")),
  );
  return { element, body: () => toBody(read()) };
}

function filterExample({ attributes }) {
  const numeric = attributes.find((each) => each.type === "number" && each.high !== null);
  return numeric
    ? `${numeric.name} < ${Number(numeric.high)} and popularity > 0.2`
    : "popularity > 0.2 and likes > 5";
}

function toBody({ n, where, exclude, since, most, ...rest }) {
  const body = { ...rest, n: Number(n) || 10, reasons: true, paths: true, language: language() };
  if (where) body.where = where;
  if (since) body.since = since;
  if (most) body.max_per_category = Number(most);
  const ids = exclude
    .split(/[,，、\n]/)
    .map((each) => each.trim())
    .filter(Boolean);
  if (ids.length) body.exclude = ids;
  return body;
}
