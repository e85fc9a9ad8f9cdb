/** A ring of real processes on one bridge: members of ours and of the real library, each on a host of its own. */
import { defaultBeatMs } from "../../src/ring/index.ts";
import { LineProgram } from "../../src/testing/line-program.ts";
import type { MemberLine, MemberSettings } from "../../src/testing/ring-member.ts";
import { BridgedHosts } from "./bridged-hosts.ts";
import { goMemberProgram } from "./go-member.ts";

export type Kind = "ours" | "old" | "go" | "new";

const versions = { old: "v0.1.7", go: "v0.5.1", new: "v0.7.0" } as const;

export type RingSettings = Partial<Omit<MemberSettings, "name" | "address" | "port" | "peers">>;

const ourProgram = [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  new URL("../../src/testing/ring-member.ts", import.meta.url).pathname,
];
const port = 7946;
const usual: Required<RingSettings> = {
  key: "",
  label: "",
  compress: true,
  rejoinMs: 1000,
  beatMs: defaultBeatMs,
  stateSize: 0,
  probeIntervalMs: 0,
  probeTimeoutMs: 0,
  gossipToTheDeadMs: 0,
  pushPullIntervalMs: 0,
};

/** One life of a member; its lines so far, and those to come. */
export class Member {
  readonly #program: LineProgram;

  constructor(kind: Kind, on: readonly string[], settings: MemberSettings) {
    const program = kind === "ours" ? ourProgram : [goMemberProgram(versions[kind])];
    this.#program = new LineProgram([...on, ...program, JSON.stringify(settings)]);
  }

  get lines(): readonly MemberLine[] {
    return this.#program.lines.map((line) => JSON.parse(line) as MemberLine);
  }

  /** Who it says is there. */
  get members(): readonly string[] {
    const last = this.#program.lines.at(-1);
    return last === undefined ? [] : (JSON.parse(last) as MemberLine).members;
  }

  command(line: string): void {
    this.#program.write(line);
  }

  /** The first line that fits, from position `from` on. */
  async line(fits: (line: MemberLine) => boolean, from = 0): Promise<MemberLine> {
    const text = await this.#program.line((one) => fits(JSON.parse(one) as MemberLine), from);
    return JSON.parse(text) as MemberLine;
  }

  /** Waits until it sees these, and only these. */
  async sees(names: readonly string[]): Promise<void> {
    const wanted = JSON.stringify([...names].sort());
    while (JSON.stringify(this.members) !== wanted) {
      await this.#program.line(() => true, this.#program.lines.length);
    }
  }

  /** Waits for words in its log, where the real library says what it does. */
  async logs(pattern: RegExp): Promise<void> {
    await this.#program.complaint(pattern);
  }

  async kill(): Promise<void> {
    await this.#program.stop("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  async leave(): Promise<void> {
    this.command("leave");
    await this.#program.ended();
  }
}

/** A stock ring needs 28 s for a death in the worst case (ML-106); a busy machine more. */
const longestWaitMs = 150_000;

export class MixedRing {
  readonly hosts: BridgedHosts;
  readonly #settings: Required<RingSettings>;
  readonly #kinds = new Map<string, Kind>();
  readonly #indices = new Map<string, number>();
  readonly #running = new Map<string, Member>();
  readonly #lives: { readonly name: string; readonly member: Member; seen: number }[] = [];
  #nextIndex = 1;

  private constructor(settings: RingSettings, family: 4 | 6) {
    this.hosts = new BridgedHosts(family);
    this.#settings = { ...usual, ...settings };
  }

  /** Hosts for so many of each kind; `startAll` starts the members. Names are the kind and a number. */
  static async prepare(
    kinds: Readonly<Partial<Record<Kind, number>>>,
    settings: RingSettings = {},
    family: 4 | 6 = 4,
  ): Promise<MixedRing> {
    const ring = new MixedRing(settings, family);
    const names = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
      Array.from({ length: kinds[kind]! }, (_, at) => [`${kind}${at}`, kind] as const),
    );
    for (const [name, kind] of names) {
      const index = ring.#nextIndex++;
      ring.#kinds.set(name, kind);
      ring.#indices.set(name, index);
      await ring.hosts.add(name, index);
    }
    return ring;
  }

  get names(): string[] {
    return [...this.#kinds.keys()];
  }

  get running(): string[] {
    return [...this.#running.keys()].sort();
  }

  get port(): number {
    return port;
  }

  member(name: string): Member {
    const member = this.#running.get(name);
    if (member === undefined) throw new Error(`${name} does not run`);
    return member;
  }

  address(name: string): string {
    return this.hosts.address(this.#indices.get(name)!);
  }

  startAll(): void {
    for (const name of this.names) this.start(name);
  }

  /** Starts a member, which joins all others. */
  start(name: string, settings: RingSettings = {}): Member {
    const others = this.names.filter((other) => other !== name);
    const member = new Member(this.#kinds.get(name)!, this.hosts.on(name), {
      ...this.#settings,
      ...settings,
      name,
      address: this.address(name),
      port,
      peers: others.map((other) => this.address(other)),
    });
    this.#running.set(name, member);
    this.#lives.push({ name, member, seen: 0 });
    return member;
  }

  /** Without a word, as by a power cut. */
  async kill(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#take(name).kill()));
  }

  async leave(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#take(name).leave()));
  }

  /** Its host, and so the member when it starts again, has an address that nobody had. */
  move(name: string): void {
    const index = this.#nextIndex++;
    this.#indices.set(name, index);
    this.hosts.move(name, index);
  }

  /** Waits until each of these sees these, and only these; by default all that run. */
  async agree(names: readonly string[] = this.running): Promise<void> {
    await this.soon(Promise.all(names.map((name) => this.member(name).sees(names))));
  }

  /** Waits until all others see all but this one. */
  async agreeWithout(gone: string): Promise<void> {
    await this.agree(this.running.filter((name) => name !== gone));
  }

  /** What is awaited; where it takes for ever, an error that shows what the members said. */
  async soon<T>(awaited: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      const give = (): void => reject(new Error(`this does not come:\n${this.show()}`));
      timer = setTimeout(give, longestWaitMs);
    });
    try {
      return await Promise.race([awaited, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** From now on only what comes is told by `falseDeaths`. */
  forgetDeaths(): void {
    for (const life of this.#lives) life.seen = life.member.lines.length;
  }

  /** Each time that one said another to have gone, who is none of these: deaths of members that lived. */
  falseDeaths(...gone: readonly string[]): string[] {
    return this.#lives.flatMap(({ name, member, seen }) =>
      member.lines.slice(seen).flatMap(({ event, node = "" }) => {
        const isFalse = event === "leave" && node !== name && !gone.includes(node);
        return isFalse ? `${node} by ${name}` : [];
      }),
    );
  }

  /** What every member has said lately, for a test that fails. */
  show(): string {
    return this.#lives
      .map(({ name, member }) => {
        const last = member.lines
          .slice(-6)
          .map((line) => `  ${JSON.stringify(line).slice(0, 300)}`);
        return [name, ...last].join("\n");
      })
      .join("\n");
  }

  async remove(): Promise<void> {
    await this.kill(...this.running);
    await this.hosts.remove();
  }

  #take(name: string): Member {
    const member = this.member(name);
    this.#running.delete(name);
    return member;
  }
}
