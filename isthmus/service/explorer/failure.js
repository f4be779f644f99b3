// Shows what did not work, in the sentences of the service.

import { Failure } from "./api.js";
import { h } from "./page.js";
import { t } from "./words.js";

/** Returns a notice with the sentences of an error. */
export function failure(error, again = null) {
  if (!(error instanceof Failure)) console.error(error);
  const message = error.kind === "Unreachable" ? t("unreachable") : error.message;
  return h(
    "div.failure",
    { role: "alert" },
    h("strong", {}, t("failed")),
    h("p", {}, message, " ", error.advice ?? ""),
    again &&
      ![400, 401, 404, 409, 422].includes(error.status) &&
      h("button", { type: "button", click: again }, t("retry")),
  );
}
