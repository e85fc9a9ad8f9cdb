/** Services as the API server has them, as far as we know, and which of its news are only echoes of our own writes. */
import type { Service } from "../kube/index.ts";

/** More of our own writes than this the watch is never behind. */
const echoesAtMost = 8;

export class KnownServices {
  readonly #services = new Map<string, Service>();
  /** Versions that we stored, until the watch tells of one that we did not. */
  readonly #echoes = new Map<string, string[]>();

  get(key: string): Service | undefined {
    return this.#services.get(key);
  }

  has(key: string): boolean {
    return this.#services.has(key);
  }

  keys(): IterableIterator<string> {
    return this.#services.keys();
  }

  /** What the watch tells; undefined: deleted. False: it is no news. */
  tell(key: string, service: Service | undefined): boolean {
    if (service !== undefined && this.#isEcho(key, service)) return false;
    this.#echoes.delete(key);
    if (service === undefined) this.#services.delete(key);
    else this.#services.set(key, service);
    return true;
  }

  /** Unless the watch was faster, this is the newest that we know: judging the old one would free the address. */
  stored(key: string, from: Service, stored: Service): void {
    if (!isSameVersion(this.#services.get(key), from)) return;
    this.#services.set(key, stored);
    const version = stored.metadata.resourceVersion ?? "";
    this.#echoes.set(key, [...(this.#echoes.get(key) ?? []).slice(-echoesAtMost), version]);
  }

  /** The watch tells late of what we stored: the versions before the one that we know would take us back. */
  #isEcho(key: string, service: Service): boolean {
    if (isSameVersion(this.#services.get(key), service)) return true;
    return this.#echoes.get(key)?.includes(service.metadata.resourceVersion ?? "") ?? false;
  }
}

export function isSameVersion(a: Service | undefined, b: Service): boolean {
  const version = b.metadata.resourceVersion;
  return a !== undefined && version !== undefined && a.metadata.resourceVersion === version;
}
