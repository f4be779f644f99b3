// The words of the page in its two languages; words.json has them.

import { plain } from "./page.js";

const KEY = "isthmus-language";
let all = { en: {}, zh: {} };
let current =
  localStorage.getItem(KEY) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

export async function loadWords() {
  all = await (await fetch(new URL("words.json", import.meta.url))).json();
  setLanguage(current);
}

export const language = () => current;

export function setLanguage(chosen) {
  current = chosen === "zh" ? "zh" : "en";
  localStorage.setItem(KEY, current);
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
}

/** Returns words by their key, with values in place of {names}. */
export function t(key, values = {}) {
  const text = all[current][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (found, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : plain(value ?? found);
  });
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(current, { maximumFractionDigits: digits }).format(value);

/** Returns a number of any size with a few digits, of which none before the point is lost. */
export function brief(value) {
  if (Math.abs(value) >= 1) return number(value, Math.abs(value) >= 100 ? 1 : 2);
  return new Intl.NumberFormat(current, { maximumSignificantDigits: 3 }).format(value);
}

/** Returns a day, of a time as the service writes it. */
export function day(time) {
  const at = new Date(time);
  if (!time || Number.isNaN(at.getTime())) return "";
  return new Intl.DateTimeFormat(current, { dateStyle: "medium", timeZone: "UTC" }).format(at);
}

/** Returns the name of an interest in the language of the page, where it has one. */
export function nameOf({ interest, name, names, languages }) {
  const at = languages?.indexOf(current) ?? -1;
  return (at >= 0 && names[at]) || name || interest;
}
