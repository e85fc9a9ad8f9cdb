/** Takes down what a migration changes and what it cannot do. */
import type { Finding } from "../config/index.ts";
import { kubernetesName } from "./kubernetes-name.ts";

/** A pool or profile that has another name as an object. */
export interface Renaming {
  readonly kind: "IPAddressPool" | "BFDProfile";
  readonly from: string;
  readonly to: string;
}

export class Notes {
  readonly findings: Finding[] = [];
  readonly #renamings = new Map<string, Renaming>();
  /** The ConfigMap, as in findings. */
  readonly #object: string;

  constructor(object: string) {
    this.#object = object;
  }

  get renamings(): readonly Renaming[] {
    return [...this.#renamings.values()];
  }

  refuse(
    code: string,
    { path, value }: { readonly path: string; readonly value: unknown },
    message: string,
    fix: string,
  ): void {
    const object = this.#object;
    this.findings.push({ code, severity: "error", object, path, value, message, fix });
  }

  /** The name as an object (MIG-6); one that cannot be made is refused. */
  rename(kind: Renaming["kind"], from: string, path: string): string {
    const to = kubernetesName(from);
    if (to === undefined) {
      const fix = "give it a name with a letter";
      this.refuse("MIG-6", { path, value: from }, `"${from}" cannot be the name of an object`, fix);
      return from;
    }
    if (to !== from) this.#renamings.set(`${kind} ${from}`, { kind, from, to });
    return to;
  }
}
