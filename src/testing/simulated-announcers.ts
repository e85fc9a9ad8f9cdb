/** Who answers for which address in a simulated ring: the speaker's election and responders on every node. */

import type { Pool } from "../config/index.ts";
import { Electorate, ModernElection } from "../election/index.ts";
import { formatMac, type IpAddress, type MacAddress, parseAddress } from "../ip/index.ts";
import { viewService } from "../kube/index.ts";
import {
  type AnsweringAbility,
  AnnouncedAddresses,
  arp,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
  ndp,
  type NdpInterface,
} from "../layer2/index.ts";
import { ARP_REQUEST, encodeArpPacket } from "../layer2/arp-packet.ts";
import { BROADCAST_MAC, encodeEthernetFrame } from "../layer2/ethernet-frame.ts";
import { multicastMac, solicitedNodeGroup } from "../layer2/multicast-address.ts";
import { encodeNeighborSolicitation } from "../layer2/ndp-packet.ts";
import type { RingSimulation } from "./ring-simulation.ts";
import type { SimulatedLinks } from "./simulated-links.ts";
import { addressOf, type SimulatedNode } from "./simulated-node.ts";

/** Who asks. */
const client = {
  mac: formatMac(Uint8Array.of(2, 1, 0, 0, 0, 1)),
  ip4: parseAddress("192.0.2.1")!,
  ip6: parseAddress("fe80::1")!,
};
const pool: Pool = {
  name: "lan",
  prefixes: [],
  autoAssign: true,
  avoidBuggyIps: false,
  bgpAdvertisements: [],
  l2Advertisements: [
    {
      name: "all",
      nodes: undefined,
      interfaces: undefined,
      serviceSelectors: [],
      preference: new Map(),
    },
  ],
};

/** All nodes of the API stand; who of them is alive says the ring of the node that decides. */
class RingElectorate extends Electorate {
  readonly #names: ReadonlySet<string>;
  sees: (name: string) => boolean = () => false;
  hears: (name: string) => AnsweringAbility | undefined = () => undefined;

  constructor(names: Iterable<string>) {
    super(false);
    this.#names = new Set(names);
  }

  override get names(): ReadonlySet<string> {
    return this.#names;
  }

  override abilityOf(name: string): AnsweringAbility | undefined {
    return this.hears(name);
  }

  override isCandidate(name: string): boolean {
    return this.sees(name);
  }
}

interface Subject {
  readonly key: string;
  readonly ip: IpAddress;
  readonly decide: (name: string) => boolean;
}

export class SimulatedAnnouncers {
  readonly subjects: readonly Subject[];
  readonly #electorate: RingElectorate;
  readonly #announced: AnnouncedAddresses[];
  readonly #links: SimulatedLinks | undefined;

  /** `links`: where they fail apart from their nodes. */
  constructor({ nodes }: RingSimulation, addresses: number, links?: SimulatedLinks) {
    this.#links = links;
    this.#electorate = new RingElectorate(nodes.map(({ name }) => name));
    // One for all: what it keeps depends on the names only, and never shows in what it decides.
    const election = new ModernElection(this.#electorate);
    this.#announced = nodes.map(() => new AnnouncedAddresses());
    this.subjects = Array.from({ length: addresses }, (_, index) => {
      // Both families in turn.
      const ip = parseAddress(
        index % 2 === 0 ? `192.0.2.${10 + index}` : `2001:db8::${10 + index}`,
      )!;
      const service = viewService({
        metadata: { namespace: "shop", name: `web${index}` },
        spec: {},
      });
      const endpoints = [{ isReady: true, canServe: true }];
      const subject = { service, ip, pool, endpoints };
      const decide = (name: string): boolean => election.elect(subject).owner === name;
      return { key: service.key, ip, decide };
    });
  }

  /** A new process announces nothing yet. */
  reset({ index }: SimulatedNode): void {
    this.#announced[index] = new AnnouncedAddresses();
  }

  /** The node's speaker looks at all services again, as it does after each change of the ring. */
  follow(node: SimulatedNode): void {
    this.#electorate.sees = (name) => node.ring.isAlive(name);
    this.#electorate.hears = (name) => this.#links?.abilityOf(node, name);
    const announced = this.#announced[node.index]!;
    for (const { key, ip, decide } of this.subjects) {
      const isOwner = decide(node.name);
      if (isOwner === announced.userCount(ip) > 0) continue;
      if (isOwner) announced.announce(key, ip, "all");
      else announced.withdraw(key);
    }
  }

  isAnnounced({ index }: SimulatedNode, subject: number): boolean {
    return this.#announced[index]!.userCount(this.subjects[subject]!.ip) > 0;
  }

  /** A client's question as a frame, through the responder. */
  answers({ index }: SimulatedNode, subject: number): boolean {
    const { ip } = this.subjects[subject]!;
    const announced = this.#announced[index]!;
    const on = lanInterface(index);
    const received = { bytes: ip.family === 4 ? arpRequest(ip) : solicitation(ip), packetType: 1 };
    const protocol = ip.family === 4 ? arp : ndp;
    return protocol.answer(received, on, announced).kind === "reply";
  }
}

function lanInterface(index: number): NdpInterface {
  return {
    index: 2,
    name: "eth0",
    mac: formatMac(Uint8Array.of(2, 0, ...addressOf(index))),
    isUp: true,
    canBroadcast: true,
    hasNoArp: false,
    operState: "up",
    addresses: [],
    linkLocal: { family: 6, value: (0xfe80n << 112n) + BigInt(index + 2) },
  };
}

function arpRequest(targetIp: IpAddress): Uint8Array {
  const payload = encodeArpPacket({
    operation: ARP_REQUEST,
    senderMac: client.mac,
    senderIp: client.ip4,
    targetMac: formatMac(new Uint8Array(6)),
    targetIp,
  });
  return frameTo(BROADCAST_MAC, ETHERTYPE_ARP, payload);
}

function solicitation(target: IpAddress): Uint8Array {
  const destination = solicitedNodeGroup(target);
  const ends = { source: client.ip6, sourceMac: client.mac, destination };
  const payload = encodeNeighborSolicitation({ ...ends, target });
  return frameTo(multicastMac(destination), ETHERTYPE_IPV6, payload);
}

function frameTo(destination: MacAddress, etherType: number, payload: Uint8Array): Uint8Array {
  return encodeEthernetFrame({ destination, source: client.mac, etherType, payload });
}
