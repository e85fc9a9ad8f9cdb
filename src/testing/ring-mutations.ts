/**
 * Bugs to plant into the ring, to see that its simulation finds them: each an edit to the source, made while it is
 * loaded under an address of its own. The code that runs elsewhere has no switch for any of them.
 */

import { registerHooks } from "node:module";
import { dirname, join } from "node:path";
import type { Ring } from "../ring/index.ts";
import type { PlanWishes } from "./fault-plan.ts";

export interface RingMutation {
  readonly name: string;
  /** Of each edit: file under src, the text that stands there, and what stands there instead. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  /** Which histories show it. */
  readonly wishes: PlanWishes;
}

const membership = "memberlist/membership.ts";
const detector = "ring/detector.ts";

export const ringMutations: readonly RingMutation[] = [
  {
    name: "who is called dead does not contradict",
    edits: [
      [
        membership,
        "const spoken = this.#speakUp(Math.max(own, accused) + 1, nowMs);",
        "const spoken: never[] = [];",
      ],
    ],
    wishes: { kind: "stock" },
  },
  {
    name: "who contradicts keeps its incarnation",
    edits: [[membership, "incarnation: Math.min(incarnation, maxIncarnation),", ""]],
    wishes: { kind: "ours" },
  },
  {
    name: "confirmations do not shorten a suspicion",
    edits: [
      [
        "memberlist/suspicion.ts",
        "const share = Math.log(confirmedBy.size + 1) / Math.log(wanted + 1);",
        "const share = 0;",
      ],
    ],
    wishes: { kind: "stock", nodes: 7 },
  },
  {
    name: "old news of a death are believed",
    edits: [
      [
        membership,
        "incarnation < known.incarnation) return nothing;\n    const cleared",
        "incarnation < 0) return nothing;\n    const cleared",
      ],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "suspects lose their addresses",
    edits: [
      [
        "memberlist/member.ts",
        'return state === "alive" || state === "suspect";',
        'return state === "alive";',
      ],
    ],
    wishes: { kind: "stock", loss: 0.1 },
  },
  {
    name: "an echo of what one said oneself is contradicted",
    edits: [[membership, "if (isEcho && sameBytes", "if (!isEcho && sameBytes"]],
    wishes: { kind: "stock" },
  },
  {
    name: "a speaker that was stopped accuses",
    edits: [
      [detector, "const pauseMs = 100;", "const pauseMs = Infinity;"],
      ["memberlist/prober.ts", "nowMs - dueMs > this", "nowMs - dueMs > 1e9 * this"],
    ],
    wishes: { kind: "stock", delayMs: [20, 60], faults: ["pause"] },
  },
  {
    name: "silence is a verdict, nobody is asked",
    edits: [
      [
        "ring/inquiry.ts",
        "if (asked.size === 0) return startedMs + waitMs;",
        "if (asked.size >= 0) return startedMs;",
      ],
      ["ring/inquiry.ts", "asked.size === 0 || deaf.size > 0", "asked.size + deaf.size >= 0"],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "who is alone takes all others for dead",
    edits: [
      ["ring/inquiry.ts", "asked.size === 0 || deaf.size > 0", "asked.size + deaf.size >= 0"],
    ],
    wishes: { kind: "ours", faults: ["partition"] },
  },
  {
    name: "nodes disagree on who watches whom",
    edits: [
      [
        "ring/watching.ts",
        "return isWatcher(this.#tools.name, name, beating(members))",
        'return isWatcher(this.#tools.name, name + "-", beating(members))',
      ],
    ],
    wishes: { kind: "ours", nodes: 32 },
  },
  {
    name: "beats end with the first change of members",
    edits: [
      [
        "ring/beater.ts",
        "this.#watchers = watchersOf(name,",
        "this.#watchers = before.length > 1 ? [] : watchersOf(name,",
      ],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "lost members are not hailed",
    edits: [
      [
        "ring/lost-members.ts",
        "if (places.length === hailsPerBeat) break;",
        "if (places.length >= 0) break;",
      ],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "who is told that it counts as dead keeps silent",
    edits: [
      [
        detector,
        "return [...called, ...this.#tools.speakUp(message.incarnation, from, nowMs)];",
        "return called;",
      ],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "news are told once only",
    edits: [
      [
        "memberlist/broadcast-queue.ts",
        "if (one.transmissions < limit)",
        "if (one.transmissions < 1 && limit > 0)",
      ],
    ],
    wishes: { kind: "stock", nodes: 16 },
  },
  {
    name: "tables that were exchanged are not merged",
    edits: [
      [
        "memberlist/exchanges.ts",
        "const told = nodes.flatMap((node) => {",
        "const told = nodes.slice(nodes.length).flatMap((node) => {",
      ],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "who leaves does not say so",
    edits: [
      [
        "memberlist/gossip.ts",
        "this.#tellAtOnce(this.#membership.leave(nowMs), nowMs)",
        "this.#tellAtOnce(this.#membership.leave(nowMs).slice(9), nowMs)",
      ],
    ],
    wishes: { kind: "ours" },
  },
  {
    name: "what a member says of itself anew has no new incarnation",
    edits: [
      [
        "memberlist/membership.ts",
        "const incarnation = Math.min(self.incarnation + 1, maxIncarnation);",
        "const incarnation = Math.min(self.incarnation, maxIncarnation);",
      ],
    ],
    wishes: { kind: "ours", faults: ["link"] },
  },
  {
    name: "views that differ are left to the next exchange",
    edits: [
      [
        detector,
        "this.#views.differsForLong(name, views, { nowMs, patienceMs }),",
        "this.#views.differsForLong(name, views, { nowMs, patienceMs: patienceMs * 1e6 }),",
      ],
    ],
    wishes: { kind: "ours", nodes: 9, loss: 0.1, faults: ["kill", "leave"] },
  },
  {
    name: "any beat is a sign of life, whatever its number",
    edits: [
      ["ring/beat-record.ts", "steps > 0 && steps <= mostSteps;", "steps <= mostSteps * 1e9;"],
    ],
    wishes: { kind: "ours", faults: ["replay"] },
  },
  {
    name: "beats of an earlier life count, where its clock went further",
    edits: [
      [
        "ring/beat-record.ts",
        "steps > 0 && steps <= mostSteps;",
        "steps > 0 && steps < 0x8000_0000 * Math.min(1, mostSteps);",
      ],
    ],
    wishes: { kind: "ours", nodes: 5, faults: ["replay"] },
  },
  {
    name: "beats that were heard before count once more, where the member answered a moment ago",
    edits: [["ring/watching.ts", " || isSpent(record, seq)) return false;", ") return false;"]],
    wishes: { kind: "ours", nodes: 3, loss: 0.3, faults: ["replay"] },
  },
  {
    name: "who began with a clock set back is not heard again",
    edits: [
      [
        "ring/watching.ts",
        "watch.openUntilMs = nowMs + 2 * watch.record.beatMs;",
        "watch.openUntilMs = 0 * nowMs;",
      ],
    ],
    wishes: { kind: "ours", faults: ["kill"] },
  },
  {
    name: "the name of the dead stays with their address",
    edits: [
      [
        membership,
        'return state !== "alive" && told.incarnation > incarnation;',
        "return told.incarnation < incarnation - incarnation;",
      ],
    ],
    wishes: { kind: "ours", faults: ["move"] },
  },
  {
    name: "stock members that answer themselves count as deaf",
    edits: [["ring/inquiries.ts", "isRelayed: !asked.every(beats),", "isRelayed: false,"]],
    wishes: { kind: "mixed", nodes: 5, loss: 0.1, delayMs: [1, 30], faults: ["one-way"] },
  },
  {
    // Either alone is made up for by the other.
    name: "who is back after a goodbye is not told that it counts as gone, and contradicts no table",
    edits: [
      [
        "memberlist/exchanges.ts",
        "const told = error === undefined ?",
        "const told = this.#count < 0 ?",
      ],
      [
        detector,
        "if (sender !== undefined && isUsable(sender)) return [];",
        'if (sender !== undefined && (isUsable(sender) || sender.state === "left")) return [];',
      ],
    ],
    wishes: { kind: "ours", nodes: 5, loss: 0.3, faults: ["leave"] },
  },
  {
    name: "a suspicion that is told again is no reason to look",
    edits: [
      [
        membership,
        "if (accuser !== this.#options.name) return nothing;\n    return [",
        'if (accuser !== "") return nothing;\n    return [',
      ],
    ],
    wishes: { kind: "ours", nodes: 9, faults: ["partition", "kill"] },
  },
];

const query = "?mutation=";
const mutatedFolders = /\/src\/(memberlist|ring)\//;
const root = dirname(import.meta.dirname);

/** The ring with the bug in it; every other ring stays as it is. */
export async function mutatedRing({ name, edits }: RingMutation): Promise<typeof Ring> {
  const mark = `${query}${encodeURIComponent(name)}`;
  const left = new Set(edits);
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const isMarked = context.parentURL?.endsWith(mark) === true;
      if (!isMarked || !mutatedFolders.test(resolved.url)) return resolved;
      return { ...resolved, url: `${resolved.url}${mark}` };
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(mark)) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString();
      for (const edit of edits) {
        const [file, from, to] = edit;
        if (!url.includes(`/src/${file}?`)) continue;
        if (!source.includes(from)) throw new Error(`${file} no longer has "${from}"`);
        source = source.replace(from, () => to);
        left.delete(edit);
      }
      return { ...loaded, source };
    },
  });
  try {
    const url = `file://${join(root, "ring", "index.ts")}${mark}`;
    const loaded = (await import(url)) as { readonly Ring: typeof Ring };
    if (left.size > 0) throw new Error(`not all edits of "${name}" were made`);
    return loaded.Ring;
  } finally {
    hooks.deregister();
  }
}
