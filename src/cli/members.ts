/** `metallb members`: the ring of speakers as one of them sees it. */
import { parseCommandLine } from "./command-line.ts";
import { membersText, type RingView } from "./members-text.ts";
import { processOutput, type Output } from "./output.ts";
import { fetchPage, pageFailure, pageOfThisNode, pageAfterUrl } from "./speaker-page.ts";

const defaultUrl = pageOfThisNode("members");

const verb = {
  synopsis: "members [--url URL] [flags]",
  about: `Asks the speaker of this node who it sees in the ring: since when, how quickly they answer, how patient
the failure detector is with each, and what changed lately and why. The key is never shown.
In a cluster: kubectl exec -n metallb-system speaker-... -- metallb members.
Exit status 0; 1: somebody is suspect or dead; 2: the speaker cannot be asked.`,
  insteadOfWords: pageAfterUrl,
  flags: {
    url: {
      type: "string",
      value: "URL",
      help: `page of the speaker (default ${defaultUrl})`,
    },
    output: { type: "string", short: "o", choices: ["text", "json"], help: "form of the answer" },
  },
} as const;

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
    text = await fetchPage(url);
    view = JSON.parse(text) as RingView;
  } catch (error) {
    output.err(pageFailure("members", url, (error as Error).message));
    return 2;
  }
  output.out(form === "json" ? text : membersText(view));
  const isTroubled = view.members?.some(({ state }) => state === "suspect" || state === "dead");
  return isTroubled === true ? 1 : 0;
}
