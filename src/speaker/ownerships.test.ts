import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceEndpoint } from "../election/index.ts";
import type { Config, L2Advertisement } from "../config/index.ts";
import { formatAddress } from "../ip/index.ts";
import { advertisement, configOf, poolOf } from "../testing/layer2-config.ts";
import { Speaker } from "./speaker.ts";
import type { SpeakerEvent } from "./speaker-messages.ts";

const key = "shop/web";
const nodes = ["knode1", "knode2"];

for (const [family, prefix, vip] of [
  ["IPv4", "192.168.1.0/24", "192.168.1.240"],
  ["IPv6", "fd00::/64", "fd00::240"],
] as const) {
  describe(`who announces each service, ${family}`, () => {
    const lan = (more: Partial<L2Advertisement> = {}): SpeakerEvent => {
      const config: Config = configOf(poolOf("lan", [prefix], [advertisement(more)]));
      return { kind: "config", outcome: { kind: "accepted", config, warnings: [] } };
    };
    const service = (...ips: string[]): SpeakerEvent => ({
      kind: "service",
      key,
      service: {
        metadata: { name: "web", namespace: "shop", uid: "u" },
        spec: { type: "LoadBalancer" },
        status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
      },
    });
    const members = (...alive: string[]): SpeakerEvent => ({
      kind: "members",
      alive: new Set(alive),
    });

    /** What the speaker of each node tells of the service's owner, as text. */
    function cluster() {
      const speakers = nodes.map((nodeName) => {
        const rest = { lbClass: "", ignoresExcludeLabel: false, awaitsMembers: true };
        return new Speaker({ nodeName, configName: "metallb-system/config", ...rest });
      });
      const step = (...events: SpeakerEvent[]): string[][] =>
        speakers.map((speaker) =>
          events
            .flatMap((event) => speaker.step(event))
            .flatMap((command) => {
              if (command.kind !== "owned") return [];
              const { subject } = command;
              if (subject === undefined) return ["nobody"];
              const { owner, ips, interfaces, standing = [] } = subject;
              return [
                [owner, ...ips.map(formatAddress), ...(interfaces ?? [])]
                  .concat(standing[0] ?? [])
                  .join(" "),
              ];
            }),
        );
      const one: ServiceEndpoint = { nodeName: "knode1", isReady: true, canServe: true };
      const node = (name: string): SpeakerEvent => ({
        kind: "node",
        name,
        node: { metadata: { name } },
      });
      step(
        ...nodes.map(node),
        service(vip),
        { kind: "endpoints", key, endpoints: [one] },
        { kind: "synced" },
      );
      return { step, ready: step(members(...nodes), lan()) };
    }

    it("every speaker knows the same owner, and tells it only when it changes", () => {
      const { step, ready } = cluster();
      const [first = []] = ready;
      assert.match(first.join(), new RegExp(`^knode[12] ${vip}$`));
      assert.deepEqual(ready, [first, first]);
      const owner = first.join().split(" ")[0] ?? "";
      const other = nodes.find((name) => name !== owner) ?? "";
      assert.deepEqual(step(members(...nodes), lan()), [[], []]);
      const at = nodes.indexOf(other);
      assert.deepEqual(step(members(other))[at], [`${other} ${vip}`]);
    });

    it("tells every speaker when the owner is another by MetalLB's order, but keeps the address", () => {
      const { step, ready } = cluster();
      const owner = ready[0]?.join().split(" ")[0] ?? "";
      const kept = lan({ preempt: false });
      assert.deepEqual(step(kept), [[], []]);
      const claims = { news: [{ address: vip, owner, term: 1 }], forgotten: [] };
      assert.deepEqual(step({ kind: "claims", claims }), [
        [`${owner} ${vip} KeepsAddress`],
        [`${owner} ${vip} KeepsAddress`],
      ]);
      assert.deepEqual(step(lan()), ready);
    });

    it("tells of the owner's interfaces on every node, and when nobody announces any more", () => {
      const { step, ready } = cluster();
      const told = [`${ready[0]?.join()} eth1`];
      assert.deepEqual(step(lan({ interfaces: new Set(["eth1"]) })), [told, told]);
      assert.deepEqual(step(service()), [["nobody"], ["nobody"]]);
      assert.deepEqual(step(service()), [[], []]);
    });
  });
}
