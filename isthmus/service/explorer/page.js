// Makes elements. Texts go in as text nodes alone, so that no text of anybody becomes markup.

// What moves or hides writing: C0 and C1, separators of lines, and those that turn its direction.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Returns a text with escapes for its control characters. */
export function plain(text) {
  return String(text).replace(
    CONTROLS,
    (each) => "\\u" + each.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

/**
 * Returns an element.
 * @param {string} tag name, with classes after dots: "p.quiet"
 * @param {object} attributes attributes; functions are listeners, true is an empty attribute, and
 *     null, undefined and false are none
 * @param {...*} children elements, texts, numbers and lists of them; nothing for null and undefined
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, plain(value));
  }
  add(element, children);
  return element;
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : plain(child));
  }
}

/** Tells screen readers what has changed. */
export function say(text) {
  document.getElementById("said").textContent = plain(text);
}

/** Returns a function that runs another one once it has not been called for some milliseconds. */
export function later(run, milliseconds = 100) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), milliseconds);
  };
}

/** Returns a field for what one types, which the browser neither completes nor spells. */
export function entry(tag, attributes = {}) {
  return h(tag, { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
}

/** Returns a labelled field of a form. */
export function field(label, input, hint = null) {
  const id = input.id || (input.id = `field-${(field.count = (field.count || 0) + 1)}`);
  const note = hint && h("small.quiet", { id: `${id}-hint` }, hint);
  if (note) input.setAttribute("aria-describedby", note.id);
  return h("div.field", {}, h("label", { for: id }, label), input, note);
}

/** Returns a selection of [value, text]; a chosen value that is none of them is one more. */
export function select(options, chosen, attributes = {}) {
  const element = h("select", attributes);
  const known = !chosen || options.some(([value]) => value === chosen);
  for (const [value, text] of known ? options : [...options, [chosen, chosen]])
    element.append(h("option", { value }, text));
  if (chosen !== null && chosen !== undefined) element.value = chosen;
  return element;
}

/** The person, item and interest that were shown last, which forms begin with. */
export const recent = { user: "", item: "", interest: "" };

/** Links of the page: what is shown is in the fragment, which no request has. */
export const link = {
  item: (domain, id) => `#/item/${encodeURIComponent(domain)}/${encodeURIComponent(id)}`,
  user: (id) => `#/user/${encodeURIComponent(id)}`,
  interest: (id) => `#/interest/${encodeURIComponent(id)}`,
  statement: (name, values = {}) => `#/library/${name}${queryText(values)}`,
  recommend: (values = {}) => `#/recommend${queryText(values)}`,
  compare: (values = {}) => `#/compare${queryText(values)}`,
};

function queryText(values) {
  const given = Object.entries(values).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
