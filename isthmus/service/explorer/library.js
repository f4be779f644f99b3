// The library: statements by what they answer, with their parameters as a form, and their Cypher.

import { ask, readLibrary, readOverview } from "./api.js";
import { failure } from "./failure.js";
import { entry, field, fill, h, link, recent, select } from "./page.js";
import { LIMIT, showPlan, showRows } from "./rows.js";
import { suggesting } from "./suggest.js";
import { t } from "./words.js";

const FOLDERS = ["recommend", "explain", "interests", "insight", "admin"];
const SUGGESTED = { user: "users", item: "keys", interest: "interests" };

export async function showLibrary(box, { parts, values, signal }) {
  const readers = await readLibrary();
  const chosen = readers.find((each) => each.name === parts.join("/"));
  const detail = h("section.detail");
  fill(
    box,
    h(
      "div.library",
      { class: chosen ? "library chosen" : "library" },
      listOf(readers, chosen),
      detail,
    ),
  );
  if (!chosen) {
    fill(detail, h("p.quiet", {}, t("choose_statement")));
    return;
  }
  await showStatement(detail, chosen, values, signal);
}

function listOf(readers, chosen) {
  const list = h("div");
  const input = entry("input", { type: "search", id: "statement" });
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = readers.filter((each) =>
      words.every((word) => `${each.name} ${each.purpose}`.toLowerCase().includes(word)),
    );
    const folders = FOLDERS.map((folder) => [
      folder,
      found.filter((each) => folderOf(each) === folder),
    ]).filter(([, group]) => group.length);
    fill(
      list,
      h("p.quiet", { role: "status" }, t("count_statements", { count: found.length })),
      folders.map(([folder, group]) =>
        h(
          "section",
          {},
          h("h2", {}, t(`folder_${folder}`)),
          h(
            "ul.statements",
            {},
            group.map((each) =>
              h(
                "li",
                {},
                h(
                  "a",
                  {
                    href: link.statement(each.name),
                    "aria-current": each === chosen ? "page" : null,
                  },
                  h("b", {}, each.name.split("/")[1].replaceAll("_", " ")),
                  h("span", { lang: "en" }, firstSentence(each.purpose)),
                ),
              ),
            ),
          ),
        ),
      ),
    );
  };
  input.addEventListener("input", show);
  show();
  return h(
    "nav.index",
    { "aria-label": t("library_title") },
    h(chosen ? "p.title" : "h1", {}, t("library_title")),
    h("p.quiet", {}, t("library_intro")),
    field(t("find_statement"), input),
    list,
  );
}

const folderOf = (reader) => reader.name.split("/")[0];

const firstSentence = (text) => `${text.split(". ")[0].replace(/\.$/, "")}.`;

async function showStatement(box, reader, values, signal) {
  const { domains } = await readOverview();
  const fields = reader.parameters.map((parameter) =>
    makeField(parameter, values[parameter.name], domains),
  );
  const result = h("div.result");
  const run = async (route, show) => {
    fill(result, h("p.quiet.loading", {}, t("loading")));
    const body = { name: reader.name, parameters: readFields(fields) };
    const start = performance.now();
    try {
      const answer = await ask(`statements/${route}`, {
        body: route === "run" ? { ...body, limit: LIMIT } : body,
        signal,
      });
      fill(result, show(answer, performance.now() - start));
    } catch (error) {
      if (error.name !== "AbortError") fill(result, failure(error));
    }
  };
  const rows = (answer, ms) => showRows(reader, answer, ms);
  const submit = (event) => {
    event.preventDefault();
    history.replaceState(
      null,
      "",
      link.statement(
        reader.name,
        Object.fromEntries(fields.map(({ parameter, input }) => [parameter.name, input.value])),
      ),
    );
    run("run", rows);
  };
  const meanings = Object.fromEntries(reader.columns.map((each) => [each.name, each.meaning]));
  fill(
    box,
    h("p.back", {}, h("a", { href: "#/library" }, "← ", t("back_to_library"))),
    h("p.kind", {}, reader.name, " · ", t(`cost_${reader.cost}`)),
    h("h1", { lang: "en" }, firstSentence(reader.purpose)),
    h("p.quiet", { lang: "en" }, reader.purpose.slice(firstSentence(reader.purpose).length).trim()),
    h(
      "form.card",
      { submit },
      fields.length
        ? h(
            "div.fields",
            {},
            fields.map((each) => each.element),
          )
        : h("p.quiet", {}, t("no_parameters")),
      h(
        "div.actions",
        {},
        h("button.primary", { type: "submit" }, t("run")),
        h("button", { type: "button", click: () => run("plan", showPlan) }, t("plan")),
      ),
    ),
    h(
      "details",
      {},
      h("summary", {}, t("show_cypher")),
      h("pre", { tabindex: "0" }, h("code", {}, reader.text.trim())),
    ),
    h(
      "details",
      {},
      h("summary", {}, t("columns")),
      h(
        "dl.facts",
        {},
        Object.entries(meanings).map(([name, meaning]) =>
          h("div", {}, h("dt", {}, name), h("dd", {}, meaning)),
        ),
      ),
    ),
    result,
  );
  if (fields.every(({ parameter, input }) => !parameter.required || input.value !== ""))
    await run("run", rows);
}

/** Returns the field of a parameter: {parameter, input, element}. */
function makeField(parameter, given, domains) {
  const { name, type, meaning, required, example } = parameter;
  const start = given ?? (required ? (recent[name] ?? "") : textOf(parameter.default));
  const nullable = !required && parameter.default === null;
  const attributes = {
    name,
    required,
    value: start,
    placeholder: nullable ? t("default_null") : textOf(example),
  };
  let input,
    list = null;
  if (type === "BOOLEAN") {
    input = select(
      [
        ["true", t("yes")],
        ["false", t("no")],
      ],
      start,
      { name },
    );
  } else if (type === "INTEGER" || type === "FLOAT") {
    input = h("input", { ...attributes, type: "number", step: type === "INTEGER" ? "1" : "any" });
  } else if (["domain", "source", "target"].includes(name) && type === "STRING") {
    const options = domains.map((each) => [each.domain, each.domain]);
    const first = nullable ? "" : domains[name === "target" && domains.length > 1 ? 1 : 0]?.domain;
    input = select(nullable ? [["", t("default_null")], ...options] : options, start || first, {
      name,
    });
  } else if (type === "STRING" && SUGGESTED[name]) {
    ({ input, list } = suggesting(SUGGESTED[name], attributes));
  } else {
    input = entry("input", attributes);
  }
  return { parameter, input, element: h("div", {}, field(name, input, meaning), list) };
}

const textOf = (value) =>
  value === null || value === undefined
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);

/** Returns the values of the fields; an empty one has its default. */
function readFields(fields) {
  const values = {};
  for (const {
    parameter: { name, type },
    input,
  } of fields) {
    const text = input.value.trim();
    if (!text) continue;
    if (type === "INTEGER" || type === "FLOAT") values[name] = Number(text);
    else if (type === "BOOLEAN") values[name] = text === "true";
    else if (type === "LIST") values[name] = parseList(text);
    else values[name] = text;
  }
  return values;
}

/** Reads a list as JSON or, as one types it, as texts between commas. */
function parseList(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text
      .split(/[,，]/)
      .map((each) => each.trim())
      .filter(Boolean);
  }
}
