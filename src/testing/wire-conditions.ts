/** Conditions as a speaker tells them: for tests of who writes them. */
import type { WireCondition } from "../wire/index.ts";

export function seen(status: "True" | "False", message = "told"): WireCondition {
  const reason = status === "True" ? "OwnerAnswers" : "TwoAnswer";
  return { type: "Seen", status, reason, message };
}
