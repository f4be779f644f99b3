// Asks the service. The token is kept for this tab, and sent in a header alone.

const BASE = new URL("v1/", document.baseURI);
const KEY = "isthmus-token";

/** What the service answers to a request that failed. */
export class Failure extends Error {
  constructor(status, { kind, message, advice }) {
    super(message);
    Object.assign(this, { status, kind, advice });
  }
}

/** Moves the token of the address, after #token=, into the storage of the tab. */
export function takeToken() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (!given) return;
  setToken(decodeURIComponent(given[1]));
  history.replaceState(null, "", location.pathname + location.search);
}

export const hasToken = () => Boolean(sessionStorage.getItem(KEY));
export const setToken = (token) => sessionStorage.setItem(KEY, token.trim());
export const forgetToken = () => sessionStorage.removeItem(KEY);

/**
 * Asks a route, by GET, or by POST with a body.
 * @throws {Failure} with the sentences of the service, or of the page where it cannot be reached
 */
export async function ask(route, { query = {}, body = null, signal = null } = {}) {
  const url = new URL(route, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}` };
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
      signal,
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { kind: "Unreachable", message: "", advice: "" });
  }
  const document_ = await response.json().catch(() => null);
  if (response.ok && document_) return document_;
  const fields = document_?.error ?? {
    kind: "Unreadable",
    message: `${response.status} ${response.statusText}`,
    advice: "",
  };
  if (response.status === 401) {
    forgetToken();
    dispatchEvent(new Event("signedout"));
  }
  throw new Failure(response.status, fields);
}

/** Runs a reader of the library and returns its rows as objects. */
export async function rowsOf(name, parameters, signal) {
  const { columns, rows } = await ask("statements/run", { body: { name, parameters }, signal });
  return rows.map((row) => Object.fromEntries(columns.map((column, k) => [column, row[k]])));
}

let overview = null;

/** Returns the domains, generations and attributes, which are asked for once. */
export async function readOverview() {
  overview ??= ask("overview").catch((error) => {
    overview = null;
    throw error;
  });
  return overview;
}

let library = null;

/** Returns the readers of the library, which are asked for once. */
export async function readLibrary() {
  library ??= ask("statements").catch((error) => {
    library = null;
    throw error;
  });
  return (await library).statements;
}

/** Returns an id for an event that can be taken back. */
export function eventId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `explorer-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
