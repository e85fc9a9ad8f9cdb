import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceEndpoint } from "../election/index.ts";
import { compileConfigMap, findStrandedAddress, type ConfigOutcome } from "../config/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { Node, Service } from "../kube/index.ts";
import { parseAbility } from "../layer2/index.ts";
import { Speaker } from "./speaker.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker-messages.ts";

const CONFIG =
  "address-pools: [{name: lan, protocol: layer2, addresses: [192.168.1.240-192.168.1.249]}]";
const SMALLER =
  "address-pools: [{name: other, protocol: layer2, addresses: [192.168.1.245-192.168.1.249]}]";

function service(name: string, ip: string | undefined, resourceVersion = "1"): Service {
  const ingress = ip === undefined ? [] : [{ ip }];
  return {
    metadata: { name, namespace: "shop", uid: `uid-${name}`, resourceVersion },
    spec: { type: "LoadBalancer" },
    status: { loadBalancer: { ingress } },
  };
}

const on = (...nodes: string[]): ServiceEndpoint[] =>
  nodes.map((nodeName) => ({ nodeName, isReady: true, canServe: true }));

/** One step, and as many turns as it asks for. */
function wholeStep(speaker: Speaker, event: SpeakerEvent): SpeakerCommand[] {
  const commands = speaker.step(event);
  if (commands.at(-1)?.kind !== "continue") return commands;
  return [...commands.slice(0, -1), ...wholeStep(speaker, { kind: "continue" })];
}

const node = (name: string, ready = "True"): Node => {
  return { metadata: { name }, status: { conditions: [{ type: "Ready", status: ready }] } };
};
const dead = (name: string): SpeakerEvent => ({ kind: "node", name, node: node(name, "Unknown") });
const alive = (name: string): SpeakerEvent => ({ kind: "node", name, node: node(name) });

/** What the source of configuration says of this document; undefined: there is no ConfigMap. */
function outcomeOf(text: string | undefined, speaker: Speaker): ConfigOutcome {
  if (text === undefined) return { kind: "missing" };
  const compiled = compileConfigMap(text);
  if (!compiled.ok) return { kind: "refused", findings: compiled.findings };
  const stranded = findStrandedAddress(compiled.config, speaker.held(), { ignoreAvoided: true });
  if (stranded === undefined) return { kind: "accepted", ...compiled };
  const object = "ConfigMap metallb-system/config";
  const finding = { code: "LC-29", severity: "error", object, path: "data.config" } as const;
  return { kind: "refused", findings: [{ ...finding, ...stranded }] };
}

function newSpeaker(awaitsMembers = false): Speaker {
  const configName = "metallb-system/config";
  return new Speaker({
    nodeName: "n1",
    configName,
    lbClass: "",
    ignoresExcludeLabel: false,
    awaitsMembers,
  });
}

/** A speaker on node n1 that knows the given services, each with its endpoint on n1. */
function speakerWith(services: Record<string, string>, config: string | undefined = CONFIG) {
  const speaker = newSpeaker();
  const step = (...events: SpeakerEvent[]) => events.flatMap((event) => wholeStep(speaker, event));
  const configure = (text: string | undefined) =>
    step({ kind: "config", outcome: outcomeOf(text, speaker) });
  for (const [name, ip] of Object.entries(services)) {
    const key = `shop/${name}`;
    step({ kind: "service", key, service: service(name, ip) });
    step({ kind: "endpoints", key, endpoints: on("n1") });
  }
  const start = [...configure(config), ...step({ kind: "synced" })];
  return { speaker, step, start, configure };
}

/** The commands that change what is announced, as "verb service address". */
function changes(commands: SpeakerCommand[]): string[] {
  return commands.flatMap((command) =>
    command.kind === "announce" || command.kind === "withdraw"
      ? [`${command.kind} ${command.service} ${command.announcement.ips.map(formatAddress).join()}`]
      : [],
  );
}

const logs = (commands: SpeakerCommand[]) =>
  commands.flatMap((command) => (command.kind === "log" ? [command.fields] : []));
const ofKind = (commands: SpeakerCommand[], kind: SpeakerCommand["kind"]) =>
  commands.filter((command) => command.kind === kind);

describe("speaker", () => {
  it("L2-160 L2-3: nothing is announced before the configuration and all lists are there", () => {
    const speaker = newSpeaker();
    const before = [
      { kind: "service", key: "shop/web", service: service("web", "192.168.1.240") },
      { kind: "endpoints", key: "shop/web", endpoints: on("n1") },
      dead("n2"),
      { kind: "synced" },
    ] as const;
    for (const event of before) assert.deepEqual(changes(speaker.step(event)), []);
    const commands = speaker.step({ kind: "config", outcome: outcomeOf(CONFIG, speaker) });
    assert.deepEqual(changes(commands), ["announce shop/web 192.168.1.240"]);
  });

  it("L2-160: with gossip nothing is announced before the ring is met, or every address would seem ours", () => {
    const speaker = newSpeaker(true);
    const before = [
      { kind: "service", key: "shop/web", service: service("web", "192.168.1.240") },
      { kind: "endpoints", key: "shop/web", endpoints: on("n1", "n2") },
      { kind: "config", outcome: outcomeOf(CONFIG, speaker) },
      { kind: "synced" },
    ] as const;
    for (const event of before) assert.deepEqual(changes(speaker.step(event)), []);
    const commands = speaker.step({ kind: "members", alive: new Set(["n1"]) });
    assert.deepEqual(changes(commands), ["announce shop/web 192.168.1.240"]);
  });

  it("L2-57, L2-138: every event of the ring passes all services again, so that owners burst", () => {
    const { step } = speakerWith({ a: "192.168.1.240", b: "192.168.1.241" });
    const key = "shop/late";
    step({ kind: "service", key, service: service("late", "192.168.1.242") });
    // Whichever of both nodes is first in the order, n1 is the only one that is left.
    step({ kind: "endpoints", key, endpoints: on("n2") });
    step({ kind: "members", alive: new Set(["n1", "n2"]) });
    step({ kind: "endpoints", key, endpoints: on("n1", "n2") });
    const isOurs = [...step({ kind: "members", alive: new Set(["n1"]) })];
    const announced = changes(isOurs);
    assert.equal(announced.length, 3);
    const again = changes(step({ kind: "members", alive: new Set(["n1"]) }));
    assert.equal(again.length, 3, "the same list again is an event too");
  });

  it("L2-48: hands an address over to another node, and lets go of it at once where that makes no sense", () => {
    const { step, speaker } = speakerWith({});
    for (let index = 0; index < 8; index++) {
      const key = `shop/h${index}`;
      step({ kind: "service", key, service: service(`h${index}`, `192.168.1.${240 + index}`) });
      step({ kind: "endpoints", key, endpoints: on("n1", "n2") });
    }
    step({ kind: "members", alive: new Set(["n1"]) });
    assert.equal(speaker.announced.size, 8);
    const commands = step({ kind: "members", alive: new Set(["n1", "n2"]) });
    const handedOver = commands.flatMap((command) =>
      command.kind === "withdraw" ? [command.isHandedOver] : [],
    );
    assert.ok(handedOver.length > 0 && handedOver.every(Boolean));
    const [moved = "", local = "", gone = ""] = speaker.announced.keys();
    const isHandedOver = (given: SpeakerCommand[]): boolean | undefined =>
      given.find((command) => command.kind === "withdraw")?.isHandedOver;
    // Who asks in between is better served by way of this node than not at all ...
    assert.equal(isHandedOver(step({ kind: "endpoints", key: moved, endpoints: on("n2") })), true);
    // ... but not where this node would drop what comes to it,
    const named = local.replace("shop/", "");
    const ip = `192.168.1.${240 + Number(named.slice(1))}`;
    const known = service(named, ip);
    const spec = { ...known.spec, externalTrafficPolicy: "Local" as const };
    step({ kind: "service", key: local, service: { ...known, spec } });
    assert.equal(isHandedOver(step({ kind: "endpoints", key: local, endpoints: on("n2") })), false);
    // ... or where nobody takes it over.
    assert.equal(isHandedOver(step({ kind: "endpoints", key: gone, endpoints: [] })), false);
  });

  it("L2-22, L2-171, L2-173: takes over from a member that is gone, whatever the API says of its node", () => {
    const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
    const { step } = speakerWith({});
    for (const name of names) {
      const key = `shop/${name}`;
      const ip = `192.168.1.${240 + Number(name.slice(1))}`;
      step({ kind: "service", key, service: service(name, ip) });
      step({ kind: "endpoints", key, endpoints: on("n1", "n2") });
    }
    const withdrawn = changes(step({ kind: "members", alive: new Set(["n1", "n2"]) }));
    const lost = withdrawn.filter((change) => change.startsWith("withdraw")).length;
    const before = withdrawn.filter((change) => change.startsWith("announce")).length;
    const taken = changes(step({ kind: "members", alive: new Set(["n1"]) }));
    assert.equal(taken.length, 8);
    assert.ok(before < 8 && lost + before <= 8);
  });

  it("hands all addresses over while its link is down, in v0.9.5 too, and others announce nothing anew for that", () => {
    const { step, speaker } = speakerWith({});
    for (let index = 0; index < 8; index++) {
      const key = `shop/h${index}`;
      step({ kind: "service", key, service: service(`h${index}`, `192.168.1.${240 + index}`) });
      step({ kind: "endpoints", key, endpoints: on("n1", "n2") });
    }
    const alive = new Set(["n1", "n2"]);
    const links = (n1: string, n2: string): SpeakerCommand[] => {
      const abilities = new Map([
        ["n1", parseAbility(n1)],
        ["n2", parseAbility(n2)],
      ]);
      return step({ kind: "members", alive, abilities });
    };
    links("eth0", "eth0");
    const { size } = speaker.announced;
    assert.ok(size > 0 && size < 8);
    const taken = changes(links("eth0", "eth0!carrier"));
    assert.equal(taken.length, 8 - size);
    assert.ok(taken.every((change) => change.startsWith("announce")));
    const given = links("eth0!down", "eth0").filter(({ kind }) => kind === "withdraw");
    assert.equal(given.length, 8);
    assert.ok(given.every((one) => one.kind === "withdraw" && one.isHandedOver));
    assert.equal(changes(links("eth0", "eth0")).length, size);
    assert.deepEqual(changes(links("eth0", "eth0;eth1")), []);
  });

  it("L2-15, L2-16: nothing is done before the first pass, and what comes between two parts of it counts in the next", () => {
    const speaker = newSpeaker();
    const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
    for (const name of names) {
      const key = `shop/${name}`;
      const one = service(name, "192.168.1.240");
      assert.deepEqual(changes(speaker.step({ kind: "service", key, service: one })), []);
      speaker.step({ kind: "endpoints", key, endpoints: on("n1") });
    }
    speaker.step({ kind: "config", outcome: outcomeOf(CONFIG, speaker) });
    const first = speaker.step({ kind: "synced" });
    const done = changes(first).length;
    assert.ok(done > 0 && done < names.length && first.at(-1)?.kind === "continue");
    const last = { kind: "service", key: "shop/s99", service: undefined } as const;
    assert.deepEqual(changes(speaker.step(last)), []);
    const rest = changes(wholeStep(speaker, { kind: "continue" }));
    assert.equal(rest.length, names.length - done - 1);
    assert.ok(!rest.some((change) => change.includes("shop/s99 ")));
  });

  it("L2-160: with a configuration but an incomplete list nothing is announced either", () => {
    const speaker = newSpeaker();
    speaker.step({ kind: "config", outcome: outcomeOf(CONFIG, speaker) });
    speaker.step({ kind: "endpoints", key: "shop/web", endpoints: on("n1") });
    const web = service("web", "192.168.1.240");
    assert.deepEqual(speaker.step({ kind: "service", key: "shop/web", service: web }), []);
    assert.deepEqual(changes(speaker.step({ kind: "synced" })), [
      "announce shop/web 192.168.1.240",
    ]);
  });

  it("L2-10 L2-150 L2-156: an announcement is logged and told to the service's owner", () => {
    const { start } = speakerWith({ web: "192.168.1.240" });
    assert.deepEqual(ofKind(start, "record-event"), [
      {
        kind: "record-event",
        note: {
          object: {
            kind: "Service",
            apiVersion: "v1",
            namespace: "shop",
            name: "web",
            uid: "uid-web",
          },
          type: "Normal",
          reason: "nodeAssigned",
          message: 'announcing from node "n1"',
        },
      },
    ]);
    assert.deepEqual(logs(start).at(-1), {
      event: "serviceAnnounced",
      msg: "service has IP, announcing",
      service: "shop/web",
      ip: "192.168.1.240",
      pool: "lan",
      protocol: "layer2",
    });
  });

  it("L2-130 L2-150: every pass over an announced service announces and tells again", () => {
    const { step } = speakerWith({ web: "192.168.1.240" });
    const changed = service("web", "192.168.1.240", "2");
    const commands = step({ kind: "service", key: "shop/web", service: changed });
    assert.deepEqual(changes(commands), ["announce shop/web 192.168.1.240"]);
    assert.equal(ofKind(commands, "record-event").length, 1);
  });

  it("L2-1 L2-156: a deleted service is withdrawn once, with the reason in the log", () => {
    const { step, speaker } = speakerWith({ web: "192.168.1.240" });
    const gone = { kind: "service", key: "shop/web", service: undefined } as const;
    const commands = step(gone);
    assert.deepEqual(changes(commands), ["withdraw shop/web 192.168.1.240"]);
    const { event, reason, msg } = logs(commands).at(-1) ?? {};
    assert.deepEqual(
      [event, reason, msg],
      ["serviceWithdrawn", "serviceDeleted", "withdrawing service announcement"],
    );
    assert.deepEqual(changes(step(gone)), []);
    assert.equal(speaker.announced.size, 0);
  });

  it("LC-29 L2-8: a changed address is withdrawn before the new one is announced", () => {
    const { step } = speakerWith({ web: "192.168.1.240" });
    const moved = service("web", "192.168.1.241", "2");
    assert.deepEqual(changes(step({ kind: "service", key: "shop/web", service: moved })), [
      "withdraw shop/web 192.168.1.240",
      "announce shop/web 192.168.1.241",
    ]);
  });

  it("LC-29 L2-14: a configuration without a pool for an announced address is refused, the old one stays", () => {
    const { step, speaker, configure } = speakerWith({ web: "192.168.1.240" });
    const refused = configure(SMALLER);
    assert.deepEqual(changes(refused), []);
    assert.deepEqual(ofKind(refused, "config-state"), [{ kind: "config-state", isStale: true }]);
    assert.equal(logs(refused)[0]?.["event"], "configStale");
    assert.match(String(logs(refused)[0]?.["error"]), /shop\/web.*192\.168\.1\.240/);
    assert.equal(speaker.announced.size, 1);
    const again = service("web", "192.168.1.240", "2");
    const pass = step({ kind: "service", key: "shop/web", service: again });
    assert.deepEqual(changes(pass), ["announce shop/web 192.168.1.240"]);
  });

  it("LC-29: the same configuration is accepted when the address is not announced any more", () => {
    const { step, configure } = speakerWith({ web: "192.168.1.240" });
    step({ kind: "service", key: "shop/web", service: undefined });
    const accepted = configure(SMALLER);
    assert.deepEqual(ofKind(accepted, "config-state"), [{ kind: "config-state", isStale: false }]);
  });

  it("LC-29: the speaker ignores avoid-buggy-ips when it judges a configuration", () => {
    const pool = (more: string) =>
      `address-pools: [{name: lan, protocol: layer2, addresses: [192.168.2.0/24]${more}}]`;
    const { configure } = speakerWith({ web: "192.168.2.255" }, pool(""));
    const commands = configure(pool(", avoid-buggy-ips: true"));
    assert.deepEqual(changes(commands), ["announce shop/web 192.168.2.255"]);
  });

  it("LC-28: an invalid document is refused with its error, and counted as handled", () => {
    const { configure } = speakerWith({ web: "192.168.1.240" });
    const commands = configure("address-pools: [{nam: lan}]");
    assert.match(String(logs(commands)[0]?.["error"]), /nam/);
    assert.deepEqual(ofKind(commands, "count-update"), [
      { kind: "count-update", hasFailed: false },
    ]);
    assert.deepEqual(changes(commands), []);
  });

  it("LC-27 LC-29: a missing ConfigMap is an error that names it, and the old configuration stays", () => {
    const { speaker, configure } = speakerWith({ web: "192.168.1.240" });
    const commands = configure(undefined);
    assert.match(String(logs(commands)[0]?.["error"]), /metallb-system\/config/);
    assert.deepEqual(ofKind(commands, "count-update"), [{ kind: "count-update", hasFailed: true }]);
    assert.equal(speaker.announced.size, 1);
  });

  it("L2-56 L2-59: an accepted configuration passes all services in one go", () => {
    const services = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`s${i}`, `10.0.${i >> 8}.${i & 255}`]),
    );
    const pool = (name: string) =>
      `address-pools: [{name: ${name}, protocol: layer2, addresses: [10.0.0.0/16]}]`;
    const { configure } = speakerWith(services, pool("a"));
    assert.equal(changes(configure(pool("b"))).length, 500);
  });

  it("L2-59: a pass over many services leaves turns to other events, which see and change what is left", () => {
    const services = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`s${i}`, `10.0.${i >> 8}.${i & 255}`]),
    );
    const pool = "address-pools: [{name: a, protocol: layer2, addresses: [10.0.0.0/16]}]";
    const { speaker, step } = speakerWith(services, pool);
    const first = speaker.step(dead("n2"));
    assert.equal(first.at(-1)?.kind, "continue");
    assert.ok(changes(first).length < 100);
    const gone = speaker.step({ kind: "service", key: "shop/s499", service: undefined });
    assert.deepEqual(changes(gone), ["withdraw shop/s499 10.0.1.243"]);
    speaker.step({ kind: "endpoints", key: "shop/s498", endpoints: on("n3") });
    const rest = changes(step({ kind: "continue" }));
    assert.equal(new Set([...changes(first), ...rest]).size, 498);
    assert.ok(!rest.some((change) => change.includes("s498") || change.includes("s499")));
    assert.deepEqual(speaker.step({ kind: "continue" }), []);
  });

  it("L2-57 L2-138 L2-59: when a speaker died or came back, owners announce all their services again", () => {
    const { step } = speakerWith({ a: "192.168.1.240", b: "192.168.1.241" });
    for (const event of [dead("n2"), alive("n2")]) {
      const commands = step(event);
      assert.equal(changes(commands).length, 2);
      assert.equal(logs(commands)[0]?.["msg"], "node event - forcing sync");
    }
  });

  it("L2-172 L2-22 L2-48: a dead owner is replaced by the next speaker, and takes over again when it is back", () => {
    const { step } = speakerWith({ web: "192.168.1.240" });
    const key = "shop/web";
    step({ kind: "endpoints", key, endpoints: on("n2", "n1") });
    const ownsIt = changes(step(dead("n3"))).length === 1;
    const other = ownsIt ? "n1" : "n2";
    const [after, back] = ownsIt ? ["withdraw", "announce"] : ["announce", "withdraw"];
    assert.deepEqual(changes(step(dead(other))), [`${after} ${key} 192.168.1.240`]);
    assert.deepEqual(changes(step(alive(other))), [`${back} ${key} 192.168.1.240`]);
  });

  it("CFG-51 LC-28: back to what is in force, the configuration is not stale any more, and nobody is passed", () => {
    const { step, configure } = speakerWith({ web: "192.168.1.240" });
    configure("address-pools: [{nam: lan}]");
    const commands = step({ kind: "config", outcome: { kind: "unchanged", warnings: [] } });
    assert.deepEqual(commands, [{ kind: "config-state", isStale: false }]);
  });

  it("L2-176: when all endpoints are unready the address falls silent", () => {
    const { step } = speakerWith({ web: "192.168.1.240" });
    const unready = on("n1").map((endpoint) => ({ ...endpoint, isReady: false, canServe: false }));
    const commands = step({ kind: "endpoints", key: "shop/web", endpoints: unready });
    assert.deepEqual(changes(commands), ["withdraw shop/web 192.168.1.240"]);
    assert.equal(logs(commands).at(-1)?.["reason"], "notOwner");
  });

  it("L2-55: endpoints written again without a difference do not start a burst", () => {
    const { step } = speakerWith({ web: "192.168.1.240" });
    assert.deepEqual(step({ kind: "endpoints", key: "shop/web", endpoints: on("n1") }), []);
  });

  it("L2-7: a service that this speaker cannot announce yet is explained in the log", () => {
    const text = "address-pools: [{name: wan, protocol: bgp, addresses: [192.168.1.0/24]}]";
    const { start } = speakerWith({ web: "192.168.1.240" }, text);
    assert.deepEqual(changes(start), []);
    assert.match(String(logs(start).at(-1)?.["msg"]), /protocol layer2/);
  });
});
