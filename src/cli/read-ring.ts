/** The ring of speakers for plan and explain: what `metallb members -o json` printed, or the page that it asks. */
import { readFile } from "node:fs/promises";
import { parseAbility } from "../layer2/index.ts";
import { fetchText } from "../platform/index.ts";
import type { PlanOptions } from "../plan/index.ts";
import type { MemberRow, RingView } from "./members-text.ts";
import { UnreadableError } from "./read-files.ts";

const timeoutMs = 5000;

/** `source`: a file, or an http URL; undefined: nothing is known of the ring. Throws UnreadableError. */
export async function readRing(source: string | undefined): Promise<PlanOptions["ring"]> {
  if (source === undefined) return undefined;
  const view = await readView(source);
  if (!Array.isArray(view.members)) {
    const why =
      view.off === undefined ? "it holds no list of members" : `gossip is off: ${view.off}`;
    throw new UnreadableError(
      `--ring ${source}: ${why}; give it what metallb members -o json prints`,
    );
  }
  const there = view.members.filter(({ state }) => state === "alive" || state === "suspect");
  return {
    alive: new Set(there.map(({ name }) => name)),
    stock: new Set(there.flatMap(({ name, isOurs }) => (isOurs ? [] : name))),
    abilities: new Map(there.flatMap(abilityIn)),
  };
}

function abilityIn({ name, says }: MemberRow): [string, ReturnType<typeof parseAbility>][] {
  const text = says?.["l2"];
  return typeof text === "string" ? [[name, parseAbility(text)]] : [];
}

async function readView(source: string): Promise<RingView> {
  try {
    const isUrl = /^https?:\/\//.test(source);
    const text = isUrl ? await fetchText(source, timeoutMs) : await readFile(source, "utf8");
    return (JSON.parse(text) as RingView | null) ?? {};
  } catch (error) {
    throw new UnreadableError(`--ring ${source}: ${(error as Error).message}`);
  }
}
