// The frame of the explorer: sign in, sections, language, and the view that the address names.

import { forgetToken, hasToken, setToken, takeToken } from "./api.js";
import { showItem, showInterest, showUser } from "./cards.js";
import { showCompare } from "./compare.js";
import { failure } from "./failure.js";
import { showFind } from "./find.js";
import { showLibrary } from "./library.js";
import { entry, fill, h, say } from "./page.js";
import { showRecommend } from "./recommend.js";
import { language, loadWords, setLanguage, t } from "./words.js";

const main = document.getElementById("main");
const SECTIONS = {
  explore: "#/",
  recommend: "#/recommend",
  library: "#/library",
  compare: "#/compare",
};
let stop = new AbortController();

function readRoute() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path
    .split("/")
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  return { parts, values: Object.fromEntries(new URLSearchParams(query)) };
}

const VIEWS = {
  item: ["explore", showItem],
  user: ["explore", showUser],
  interest: ["explore", showInterest],
  recommend: ["recommend", showRecommend],
  library: ["library", showLibrary],
  compare: ["compare", showCompare],
};

function showTop(section) {
  const links = Object.entries(SECTIONS).map(([name, href]) =>
    h("li", {}, h("a", { href, "aria-current": name === section ? "page" : null }, t(name))),
  );
  const other = language() === "zh" ? "en" : "zh";
  fill(
    document.getElementById("top"),
    h(
      "a.skip",
      {
        href: "#main",
        click: (event) => {
          event.preventDefault();
          main.focus();
        },
      },
      t("skip"),
    ),
    h(
      "header",
      {},
      h("a.wordmark", { href: "#/" }, "isthmus"),
      section && h("nav", { "aria-label": t("sections") }, h("ul", {}, links)),
      h(
        "div.tools",
        {},
        h(
          "button.plain",
          {
            type: "button",
            lang: other === "zh" ? "zh-Hans" : "en",
            "aria-label": t("language_to"),
            click: () => {
              setLanguage(other);
              show();
            },
          },
          t("language"),
        ),
        section && h("button.plain", { type: "button", click: signOut }, t("sign_out")),
      ),
    ),
  );
}

/** Shows what the address names; called again when it or the language changes. */
async function show(focus = false) {
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  if (!hasToken()) return showSignIn();
  const { parts, values } = readRoute();
  const [section, view] = VIEWS[parts[0]] ?? ["explore", showFind];
  showTop(section);
  const box = h("div.view", {}, h("p.quiet.loading", {}, t("loading")));
  fill(main, box);
  if (focus) scrollTo(0, 0);
  document.title = `${t(section)} · isthmus`;
  try {
    await view(box, { parts: parts.slice(1), values, signal });
    const heading = main.querySelector("h1");
    if (signal.aborted || !heading) return undefined;
    document.title = `${heading.textContent} · isthmus`;
    if (focus) {
      heading.tabIndex = -1;
      heading.focus();
    }
  } catch (error) {
    if (error.name !== "AbortError" && !signal.aborted)
      fill(
        box,
        h("h1", {}, t(section)),
        failure(error, () => show()),
      );
  }
  return undefined;
}

function signOut() {
  forgetToken();
  showSignIn();
}

function showSignIn(wrong = false) {
  stop.abort();
  showTop(null);
  const input = entry("input", {
    type: "password",
    id: "token",
    required: true,
    "aria-describedby": "token-where",
  });
  const submit = (event) => {
    event.preventDefault();
    setToken(input.value);
    dispatchEvent(new Event("signedin"));
    show(true);
  };
  document.title = `${t("sign_in")} · isthmus`;
  fill(
    main,
    h(
      "form.signin",
      { submit },
      h("h1", {}, t("sign_in")),
      h("p", {}, t("sign_in_why")),
      wrong && h("p.bad", { role: "alert" }, t("token_wrong")),
      h("label", { for: "token" }, t("token")),
      input,
      h("p.quiet", { id: "token-where" }, t("sign_in_where")),
      h("button.primary", { type: "submit" }, t("sign_in")),
    ),
  );
  input.focus();
}

addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) takeToken();
  say("");
  show(true);
});
addEventListener("signedout", () => showSignIn(true));
takeToken();
await loadWords();
await show();
