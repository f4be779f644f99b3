// An answer: items with their reasons, likes and how they change the list, explanations, a picture.

import { ask, eventId } from "./api.js";
import { flows } from "./charts.js";
import { failure } from "./failure.js";
import { change } from "./moves.js";
import { field, fill, h, link, recent, say } from "./page.js";
import { suggesting } from "./suggest.js";
import { brief, language, number, t } from "./words.js";

const SOURCES = 3; // paths of an item in the picture

/** The answer to one question, which is asked again after a like. */
export class Answer {
  constructor(box, body, signal) {
    Object.assign(this, { box, body, signal, last: null, names: new Map() });
    this.note = h("div.note");
    this.list = h("div");
    this.explained = h("div");
    this.picture = h("div");
  }

  async ask() {
    fill(this.box, h("p.quiet.loading", {}, t("loading")));
    const { user, domain } = this.body;
    const interests = user
      ? ask("interests", { query: { user, language: language() }, signal: this.signal })
      : { interests: [] };
    const [answer, known] = await Promise.all([this.request(), interests]);
    if (user) recent.user = user;
    this.names = new Map(known.interests.map((each) => [each.interest, each.name]));
    fill(
      this.box,
      this.note,
      h(
        "div.two.answered",
        {},
        h(
          "div",
          {},
          h(
            "h2",
            {},
            user ? t("answer_for", { name: user, domain }) : t("answer_for_text", { domain }),
          ),
          this.list,
          user && this.whyNot(),
        ),
        this.picture,
      ),
    );
    this.show(answer, null);
    say(t("answered", { count: answer.items.length }));
  }

  request() {
    return ask(this.body.user ? "recommend" : "recommend/text", {
      body: this.body,
      signal: this.signal,
    });
  }

  show(answer, before) {
    const places = before && new Map(before.items.map((item, k) => [item.item_id, k]));
    const moved = (item, k) => {
      if (!places) return 0;
      return places.has(item.item_id) ? places.get(item.item_id) - k : null;
    };
    this.last = answer;
    fill(
      this.list,
      h(
        "p.quiet",
        {},
        [
          answer.generation === null ? "" : t("generation", { number: String(answer.generation) }),
          answer.note,
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      answer.items.length === 0 && !answer.note && h("p", {}, t("answer_empty")),
      h(
        "ol.answers",
        {},
        answer.items.map((item, k) => this.row(item, k, moved(item, k))),
      ),
    );
    this.draw(answer);
    return answer.items.filter((item, k) => moved(item, k) !== 0).length;
  }

  row(item, k, moved) {
    const title = item.title || item.item_id,
      { user } = this.body;
    const why = h("div.why", { hidden: true });
    const opener = h(
      "button",
      { type: "button", "aria-expanded": "false", "aria-label": t("why_item", { title }) },
      t("why"),
    );
    opener.addEventListener("click", () => {
      why.hidden = !why.hidden;
      opener.setAttribute("aria-expanded", String(!why.hidden));
      if (!why.hidden && !why.childNodes.length) this.explain(why, item.item_id);
    });
    const judge = (like) =>
      h(
        "button",
        {
          type: "button",
          "aria-label": t(like ? "like_item" : "dislike_item", { name: user, title }),
          click: () => this.record(item, like),
        },
        t(like ? "like" : "dislike"),
      );
    return h(
      "li",
      {},
      h("div.place", {}, h("span", {}, number(k + 1)), change(moved)),
      h(
        "div",
        {},
        h("h3", {}, h("a", { href: link.item(item.domain, item.item_id) }, title)),
        item.probability !== undefined &&
          h("p.quiet", {}, t("probability", { percent: `${number(100 * item.probability)} %` })),
        h("p.reasons", {}, (item.reasons ?? []).join(language() === "zh" ? "" : " ")),
        user && h("div.actions", {}, judge(true), judge(false), opener),
        why,
      ),
    );
  }

  async record(item, like) {
    const { user, domain } = this.body,
      title = item.title || item.item_id,
      id = eventId();
    try {
      await ask("feedback", { body: { user, domain, item: item.item_id, like, event_id: id } });
      await this.renew(t(like ? "recorded_like" : "recorded_dislike", { name: user, title }), () =>
        this.undo(id, title),
      );
    } catch (error) {
      this.fail(error);
    }
  }

  async undo(id, title) {
    try {
      await ask("feedback/undo", { body: { event_id: id } });
      await this.renew(t("undone", { title }));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Asks again after a change, and says how the list has changed. */
  async renew(sentence, undo = null) {
    const before = this.last;
    const count = this.show(await this.request(), before);
    const changed = count ? t("list_changed", { count }) : t("list_same");
    const all = language() === "zh" ? sentence + changed : `${sentence} ${changed}`;
    const button = undo && h("button", { type: "button", click: undo }, t("undo"));
    fill(this.note, h("p.recorded", {}, all, " ", button));
    say(all);
    (button || this.list.querySelector("a"))?.focus();
  }

  fail(error) {
    if (error.name !== "AbortError") fill(this.note, failure(error));
  }

  whyNot() {
    const { domain } = this.body;
    const item = suggesting("items", { name: "item", required: true }, () => domain);
    const submit = (event) => {
      event.preventDefault();
      this.explain(this.explained, item.input.value.trim());
    };
    return h(
      "form.whynot",
      { submit },
      h("h2", {}, t("why_not")),
      h(
        "div.inline",
        {},
        field(t("why_not_label", { domain }), item.input),
        h("button", { type: "submit" }, t("explain")),
      ),
      item.list,
      this.explained,
    );
  }

  async explain(box, item) {
    const { user, domain } = this.body;
    fill(box, h("p.quiet.loading", {}, t("loading")));
    try {
      const found = await ask("explain", {
        body: { user, domain, item, language: language() },
        signal: this.signal,
      });
      fill(box, explanation(found));
      say(found.reasons.join(" "));
    } catch (error) {
      if (error.name !== "AbortError") fill(box, failure(error));
    }
  }

  draw(answer) {
    const links = [],
      names = new Map();
    for (const item of answer.items) {
      names.set(`to ${item.item_id}`, item.title || item.item_id);
      const counting = (item.paths ?? []).filter((each) => each.share > 0);
      // What every item has explains nothing.
      const own = counting.filter((each) => each.kind !== "popularity");
      for (const path of (own.length ? own : counting).slice(0, SOURCES)) {
        const source = `from ${path.kind} ${path.from}`;
        names.set(
          source,
          path.kind === "popularity"
            ? t("signal_popularity")
            : (this.names.get(path.from) ?? path.title ?? path.from ?? t("text")),
        );
        const known = links.find(
          (each) => each.source === source && each.target === `to ${item.item_id}`,
        );
        if (known) known.value += path.share;
        else links.push({ source, target: `to ${item.item_id}`, value: path.share });
      }
    }
    fill(
      this.picture,
      links.length > 0 &&
        h(
          "figure",
          {},
          h("figcaption", {}, t("picture_answer")),
          flows(t("picture_answer_label"), links, names),
        ),
    );
  }
}

/** What the service says on the place of an item, with its signals beside the average item's. */
function explanation(found) {
  const rows = found.parts.filter(
    (part) => Math.abs(part.share) > 1e-9 || Math.abs(part.average) > 1e-9,
  );
  const largest = Math.max(...rows.map((part) => Math.abs(part.difference)), 1e-9);
  return [
    h(
      "ul.sentences",
      {},
      found.reasons.map((each) => h("li", {}, each)),
    ),
    rows.length > 0 &&
      h(
        "div.scroll",
        { tabindex: "0", role: "group", "aria-label": t("signal") },
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, t("signal")),
              ["this_item", "average_item", "difference"].map((key) =>
                h("th.number", { scope: "col" }, t(key)),
              ),
              h("td.meter", {}),
            ),
          ),
          h(
            "tbody",
            {},
            rows.map((part) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, t(`signal_${part.signal}`)),
                [part.share, part.average, part.difference].map((value) =>
                  h("td.number", {}, brief(value)),
                ),
                h("td.meter", {}, meter(part.difference / largest)),
              ),
            ),
            h(
              "tr.sum",
              {},
              h("th", { scope: "row" }, t("score")),
              [found.score, found.average_score, found.score - found.average_score].map((value) =>
                h("td.number", {}, brief(value)),
              ),
              h("td.meter", {}),
            ),
          ),
        ),
      ),
  ];
}

function meter(share) {
  const bar = h(share < 0 ? "span.minus" : "span.plus", { "aria-hidden": "true" });
  bar.style.width = `${Math.abs(share) * 100}%`;
  return bar;
}
