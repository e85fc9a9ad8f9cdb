/** What the tutorial takes for granted in a cluster: kube-proxy's objects, and Grafana behind a NodePort. */
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { hasStatus, type KubeClient, type ResourceRef } from "../platform/index.ts";
import type { KubeObject } from "../kube/index.ts";

/** kube-proxy belongs to every lab; Grafana only to the tutorial's. */
export type TutorialFile = "kube-proxy" | "grafana";

export function tutorialObjects(file: TutorialFile): KubeObject[] {
  const text = readFileSync(new URL(`tutorial/${file}.yaml`, import.meta.url), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** Creates the objects that do not exist yet. */
export async function seed(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    try {
      await client.create(placeOf(object), object);
    } catch (error) {
      if (!hasStatus(error, 409)) throw error;
    }
  }
}

function placeOf({ apiVersion = "v1", kind = "", metadata }: KubeObject): ResourceRef {
  const [version = "v1", group = ""] = apiVersion.split("/").reverse();
  const ref = { group, version, plural: pluralOf(kind) };
  return metadata.namespace === undefined ? ref : { ...ref, namespace: metadata.namespace };
}

function pluralOf(kind: string): string {
  return kind === "Endpoints" ? "endpoints" : `${kind.toLowerCase()}s`;
}
