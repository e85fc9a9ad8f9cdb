/**
 * Which speaker asks for each service's addresses: never the owner, one in a network with it where there is one, and the
 * same one for everybody who knows the same.
 */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import { watchersOf, watchesBefore } from "../ring/index.ts";

/** A service with an owner. */
export interface Subject {
  /** `namespace/name` */
  readonly service: string;
  /** The first one says who asks, so that services on the same address have one asker. Never empty. */
  readonly ips: readonly IpAddress[];
  readonly owner: string;
  /** Names that its advertisements list; undefined: all interfaces. */
  readonly interfaces: ReadonlySet<string> | undefined;
  /** What besides MetalLB's order makes the owner the owner, as a condition's reason and in words; absent: nothing. */
  readonly standing?: readonly [reason: string, words: string];
}

interface Assigned {
  readonly subject: Subject;
  /** The owner itself where there is no other speaker. */
  readonly asker: string;
}

const nobody: readonly Subject[] = [];

/** Where each node's place does not depend on the others, only what a lost one asked for goes elsewhere. */
export class Assignments {
  readonly #self: string;
  readonly #services = new Map<string, Assigned>();
  /** Lists, because nearly all have one entry, and ten thousand maps take more memory than all the rest. */
  readonly #byIp = new Map<string, readonly Subject[]>();
  readonly #neighboursOf: (node: string) => ReadonlySet<string>;
  #speakers: ReadonlySet<string>;
  /** By owner, from whom its askers were chosen last. */
  #choices = new Map<string, ReadonlySet<string>>();
  /** By neighbours, those of them that live: owners of one network share a set. */
  #living = new Map<ReadonlySet<string>, ReadonlySet<string>>();

  /** `neighboursOf`: speakers known to be in a network with the node, itself among them perhaps. */
  constructor(self: string, neighboursOf: (node: string) => ReadonlySet<string>) {
    this.#self = self;
    this.#neighboursOf = neighboursOf;
    this.#speakers = new Set([self]);
  }

  /** How many addresses have an owner. */
  get addressCount(): number {
    return this.#byIp.size;
  }

  /** Services on the address, whoever asks. */
  usersOf(ip: string): readonly Subject[] {
    return this.#byIp.get(ip) ?? nobody;
  }

  subjectOf(service: string): Subject | undefined {
    return this.#services.get(service)?.subject;
  }

  /** Whether we ask for the address, for one of its services at least. */
  isOurs(ip: string): boolean {
    return this.usersOf(ip).some(
      ({ service }) => this.#services.get(service)?.asker === this.#self,
    );
  }

  /** Addresses that the node owns, each with who asks for it: the node itself where there is no other speaker. */
  *ownedBy(node: string): IterableIterator<readonly [ip: string, asker: string]> {
    for (const [ip, users] of this.#byIp) {
      const user = users.find(({ owner }) => owner === node);
      if (user !== undefined) yield [ip, this.askerOf(user.service) ?? node];
    }
  }

  /** Who asks for the service's addresses; its owner where there is no other speaker. */
  askerOf(service: string): string | undefined {
    return this.#services.get(service)?.asker;
  }

  setSubject(subject: Subject): void {
    this.removeSubject(subject.service);
    const asker = this.#askerFor(subject);
    this.#services.set(subject.service, { subject, asker });
    for (const ip of subject.ips) {
      const text = formatAddress(ip);
      this.#byIp.set(text, [...this.usersOf(text), subject]);
    }
  }

  removeSubject(service: string): void {
    for (const ip of this.#services.get(service)?.subject.ips ?? []) {
      const text = formatAddress(ip);
      const others = this.usersOf(text).filter((user) => user.service !== service);
      if (others.length === 0) this.#byIp.delete(text);
      else this.#byIp.set(text, others);
    }
    this.#services.delete(service);
  }

  /**
   * Speakers that can ask; `isMoved`: neighbours are others now too. The result are the services that we ask for now and
   * did not before.
   */
  setSpeakers(speakers: ReadonlySet<string>, isMoved = false): Subject[] {
    const before = this.#speakers;
    const isSame = speakers.size === before.size && [...speakers].every((one) => before.has(one));
    this.#speakers = isSame ? this.#speakers : speakers;
    return isSame && !isMoved ? [] : this.chooseAgain();
  }

  /** Neighbours are others now. The result as of `setSpeakers`. */
  chooseAgain(): Subject[] {
    const before = this.#choices;
    this.#choices = new Map();
    this.#living = new Map();
    const gained: Subject[] = [];
    const added = new AddedNames();
    for (const [service, { subject, asker }] of this.#services) {
      const choice = this.#choiceFor(subject.owner);
      const old = before.get(subject.owner);
      const isKept = old !== undefined && asker !== subject.owner && choice.has(asker);
      const now = isKept
        ? firstOf(subject, asker, added.since(old, choice))
        : this.#askerFor(subject);
      if (now === asker) continue;
      this.#services.set(service, { subject, asker: now });
      if (now === this.#self) gained.push(subject);
    }
    return gained;
  }

  #askerFor(subject: Subject): string {
    const others = [...this.#choiceFor(subject.owner)].filter((name) => name !== subject.owner);
    return watchersOf(keyOf(subject), others)[0] ?? subject.owner;
  }

  /** Living neighbours of the owner, or all speakers where it has none: one of those may hear it all the same. */
  #choiceFor(owner: string): ReadonlySet<string> {
    const known = this.#choices.get(owner);
    if (known !== undefined) return known;
    const near = this.#neighboursOf(owner);
    const living =
      this.#living.get(near) ?? new Set([...near].filter((one) => this.#speakers.has(one)));
    this.#living.set(near, living);
    const isAny = living.size > (living.has(owner) ? 1 : 0);
    const choice = isAny ? living : this.#speakers;
    this.#choices.set(owner, choice);
    return choice;
  }
}

/** With a thousand nodes and ten thousand services all places are not worked out anew for one that came. */
function firstOf(subject: Subject, asker: string, added: readonly string[]): string {
  let first = asker;
  const key = keyOf(subject);
  for (const name of added) {
    if (name !== subject.owner && watchesBefore(name, first, key)) first = name;
  }
  return first;
}

/** Names in a set that were not in another one; worked out once for each pair of sets. */
class AddedNames {
  readonly #known = new Map<ReadonlySet<string>, Map<ReadonlySet<string>, readonly string[]>>();

  since(before: ReadonlySet<string>, now: ReadonlySet<string>): readonly string[] {
    if (before === now) return [];
    const ofBefore = this.#known.get(before) ?? new Map<ReadonlySet<string>, readonly string[]>();
    this.#known.set(before, ofBefore);
    const added = ofBefore.get(now) ?? [...now].filter((name) => !before.has(name));
    ofBefore.set(now, added);
    return added;
  }
}

function keyOf({ ips: [first] }: Subject): string {
  return first === undefined ? "" : formatAddress(first);
}
