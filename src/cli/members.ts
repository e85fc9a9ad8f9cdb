/** `metallb members`: the ring of speakers as one of them sees it. */
import { fetchText } from "../platform/index.ts";
import { parseCommandLine } from "./command-line.ts";
import { membersText, type RingView } from "./members-text.ts";
import { processOutput, type Output } from "./output.ts";

const verb = {
  synopsis: "members [--url URL] [flags]",
  about: `Asks the speaker of this node who it sees in the ring: since when, how quickly they answer, how patient
the failure detector is with each, and what changed lately and why. The key is never shown.
In a cluster: kubectl exec -n metallb-system speaker-... -- metallb members.
Exit status 0; 1: somebody is suspect or dead; 2: the speaker cannot be asked.`,
  flags: {
    url: {
      type: "string",
      value: "URL",
      help: "page of the speaker (default http://127.0.0.1:17472/members)",
    },
    output: { type: "string", short: "o", choices: ["text", "json"], help: "form of the answer" },
  },
} as const;

const defaultUrl = "http://127.0.0.1:17472/members";
const timeoutMs = 5000;

/** Returns the exit status. */
export async function runMembers(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  const parsed = parseCommandLine(verb, argv);
  if (!parsed.ok) {
    (parsed.exitCode === 0 ? output.out : output.err)(parsed.text);
    return parsed.exitCode;
  }
  const { url = defaultUrl, output: form } = parsed.values;
  let text: string;
  let view: RingView;
  try {
    text = await fetchText(url, timeoutMs);
    view = JSON.parse(text) as RingView;
  } catch (error) {
    const mend =
      "run this where a speaker runs (kubectl exec into its pod), or give --url; with --config its page is that of the metrics";
    output.err(`metallb members: ${url}: ${(error as Error).message}; ${mend}\n`);
    return 2;
  }
  output.out(form === "json" ? text : membersText(view));
  const isTroubled = view.members?.some(({ state }) => state === "suspect" || state === "dead");
  return isTroubled === true ? 1 : 0;
}
