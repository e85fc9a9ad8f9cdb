/** Collects findings while objects are compiled, in the order of the compilation (CFG-2). */
import type { KubeObject } from "../kube/index.ts";
import type { Finding } from "./finding.ts";
import type { ConfigKind } from "./resource-set.ts";

/** A finding without the object that it is about; an error unless it says otherwise. */
export type Problem = Omit<Finding, "severity" | "object"> & Partial<Pick<Finding, "severity">>;

/** What is wrong with one object, at one stage of the compilation. */
export class Report {
  readonly object: string;
  readonly problems: Problem[] = [];

  constructor(object: string) {
    this.object = object;
  }

  add(problem: Problem): void {
    this.problems.push(problem);
  }
}

export class FindingList {
  readonly #namespace: string;
  readonly #reports: { readonly about: KubeObject; readonly report: Report }[] = [];

  /** The namespace stands for that of objects that name none. */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** What is added to this report later still comes before the reports that are begun later. */
  begin(kind: ConfigKind, object: KubeObject): Report {
    const { name, namespace } = metaOf(object);
    const report = new Report(`${kind} ${namespace || this.#namespace}/${name}`);
    this.#reports.push({ about: object, report });
    return report;
  }

  /** What two stages find wrong with one object is told once, at the earlier. */
  toFindings(): Finding[] {
    const told = new Map<KubeObject, Set<string>>();
    return this.#reports.flatMap(({ about, report: { object, problems } }) => {
      const known = told.get(about) ?? new Set<string>();
      told.set(about, known);
      const isNew = ({ code, path, message }: Problem): boolean => {
        const before = known.size;
        return known.add(JSON.stringify([code, path, message])).size > before;
      };
      return problems
        .filter(isNew)
        .map(({ code, severity = "error", ...rest }) => ({ code, severity, object, ...rest }));
    });
  }
}

/** Name and namespace, empty where the object has no such text. */
function metaOf(object: KubeObject): { name: string; namespace: string } {
  const { name, namespace } = (object?.metadata ?? {}) as { name?: unknown; namespace?: unknown };
  return {
    name: typeof name === "string" ? name : "",
    namespace: typeof namespace === "string" ? namespace : "",
  };
}

export function nameOf(object: KubeObject): string {
  return metaOf(object).name;
}
