/** The pod that we run in: what MetalLB's own objects belong to (ST-10, ST-20). */

import type { KubeObject } from "../kube/index.ts";
import type { KubeClient } from "../platform/index.ts";

/** Reads it. Throws where it cannot: without an owner, objects would stay behind for ever (FL-2). */
export async function readOwnPod(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<KubeObject> {
  if (name === "") {
    throw new Error(
      "our own pod is unknown: set METALLB_POD_NAME (from metadata.name) or --pod-name; or give --config to run as v0.9.5 did",
    );
  }
  try {
    return await client.get({ group: "", version: "v1", plural: "pods", namespace }, name);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `cannot read our own pod ${namespace}/${name}: ${why}; check METALLB_POD_NAME or --pod-name`;
    throw new Error(text, { cause });
  }
}
