/** `metallb status`: what speakers do on the LAN, as they tell it. */
import { parseCommandLine } from "./command-line.ts";
import { processOutput, type Output } from "./output.ts";
import { fetchPage, pageFailure, pageOfThisNode, pageAfterUrl } from "./speaker-page.ts";
import { statusText, type SpeakerView } from "./status-text.ts";
import { hasWireTrouble } from "./wire-status-text.ts";

const defaultUrl = pageOfThisNode("status");

const verb = {
  synopsis: "status [--url URL]... [flags]",
  about: `Asks speakers, by default that of this node, how they answer ARP and NDP: in the kernel or by packet sockets
alone, and why; on which interfaces, for how many addresses, and what they did not answer. And what is seen on the wire:
who announces each address, who asks for it, who answers, and which other machines use it.
In a cluster: kubectl exec -n metallb-system speaker-... -- metallb status.
Exit status 0; 1: a speaker's kernel gave up since its start, or an address is not seen as it should be; 2: a speaker
cannot be asked.`,
  insteadOfWords: pageAfterUrl,
  flags: {
    url: {
      type: "string",
      multiple: true,
      value: "URL",
      help: `page of a speaker (default ${defaultUrl}); once for each speaker`,
    },
    output: { type: "string", short: "o", choices: ["text", "json"], help: "form of the answer" },
  },
} as const;

type Answer = { readonly view: SpeakerView } | { readonly url: string; readonly error: string };

/** Returns the exit status. */
export async function runStatus(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  const parsed = parseCommandLine(verb, argv);
  if (!parsed.ok) {
    (parsed.exitCode === 0 ? output.out : output.err)(parsed.text);
    return parsed.exitCode;
  }
  const { url: urls, output: form } = parsed.values;
  const answers = await Promise.all((urls.length === 0 ? [defaultUrl] : urls).map(ask));
  const views = answers.flatMap((answer) => ("view" in answer ? answer.view : []));
  if (form === "json") output.out(`${JSON.stringify(views, undefined, 2)}\n`);
  else output.out(views.map(statusText).join("\n"));
  const failures = answers.flatMap((answer) => ("error" in answer ? answer : []));
  for (const { url, error } of failures) output.err(pageFailure("status", url, error));
  if (failures.length > 0) return 2;
  return views.some(needsHelp) ? 1 : 0;
}

function needsHelp({ layer2, wire }: SpeakerView): boolean {
  return layer2?.reason === "gave-up" || (wire !== undefined && hasWireTrouble(wire));
}

async function ask(url: string): Promise<Answer> {
  try {
    const view: unknown = JSON.parse(await fetchPage(url));
    if (typeof view === "object" && view !== null) return { view };
    return { url, error: "the page is not a speaker's" };
  } catch (error) {
    return { url, error: (error as Error).message };
  }
}
