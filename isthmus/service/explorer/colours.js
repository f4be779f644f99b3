// The colours of pictures: those of the page, and one for each domain.

import { readOverview } from "./api.js";

const PALETTE = [
  "#3b7dd8",
  "#d9822b",
  "#2f9e78",
  "#b1579b",
  "#8a7d3a",
  "#5d6bc2",
  "#c65353",
  "#4c9db0",
];

/** Returns a colour of the style sheet, such as --accent, as it is now. */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

let domains = [];

/** Reads the domains, whose order gives them their colours. */
export async function loadDomains() {
  domains = (await readOverview()).domains.map((each) => each.domain);
}

/** Returns the colour of a domain, the same in all pictures; what has no domain is pale. */
export function colourOf(domain) {
  const at = domains.indexOf(domain);
  return at < 0 ? colour("--node") : PALETTE[at % PALETTE.length];
}
