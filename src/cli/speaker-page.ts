/** Pages that a speaker shows on its own node, for people and the verbs that read them. */
import { fetchText } from "../platform/index.ts";

const timeoutMs = 5000;

/** Where the speaker of this node has the page, e.g. `members`. */
export function pageOfThisNode(page: string): string {
  return `http://127.0.0.1:17472/${page}`;
}

/** The page's text. Throws where nobody answers in 5 s, or with another status than 200. */
export function fetchPage(url: string): Promise<string> {
  return fetchText(url, timeoutMs);
}

/** What a verb says when a page cannot be read, with what to do about it. */
export function pageFailure(verb: string, url: string, reason: string): string {
  const mend =
    "run this where a speaker runs (kubectl exec into its pod), or give --url; with --config its page is that of the metrics";
  return `metallb ${verb}: ${url}: ${reason}; ${mend}\n`;
}

/** For a word that is no flag, or the page that was meant would not be asked. */
export const pageAfterUrl = "the page of a speaker is given with --url";
