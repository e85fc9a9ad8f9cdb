/** Makes the secret that encrypts the speakers' gossip, when a manifest asks for it (FL-5). */

import type { KubeObject, Secret } from "../kube/index.ts";
import { hasStatus, type KubeClient, type ResourceRef } from "../platform/index.ts";

export interface SecretWish {
  readonly namespace: string;
  readonly name: string;
  /** The Deployment that the secret belongs to and goes away with; empty: not known. */
  readonly deployment: string;
}

/** The Secret: key `secretkey` holds the unpadded base64 text of 16 random bytes, 22 characters. */
export function memberlistSecret(wish: SecretWish, ownerUid: string, random: Uint8Array): Secret {
  const text = Buffer.from(random.subarray(0, 16)).toString("base64").replace(/=+$/, "");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: wish.name,
      namespace: wish.namespace,
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "Deployment", name: wish.deployment, uid: ownerUid },
      ],
    },
    data: { secretkey: Buffer.from(text).toString("base64") },
  };
}

/**
 * Creates the secret unless one of that name exists; an existing one stays as it is. Existence is asked by a list
 * with a name selector, which is all that the role allows. Two controllers may race: the first one's secret stays.
 */
export async function ensureMemberlistSecret(
  client: KubeClient,
  wish: SecretWish,
  random: Uint8Array,
): Promise<"exists" | "created"> {
  const { namespace, name, deployment } = wish;
  const secrets: ResourceRef = { group: "", version: "v1", plural: "secrets", namespace };
  const found = await client.list<Secret>(secrets, { fieldSelector: `metadata.name=${name}` });
  if (found.items.length > 0) return "exists";
  // Only now: whoever made the secret by hand need not name a Deployment.
  if (deployment === "") {
    throw new Error(
      `--ml-secret-name=${name} needs --deployment: the one that will own the secret`,
    );
  }
  const deployments = { group: "apps", version: "v1", plural: "deployments", namespace };
  const owner = await client.get<KubeObject>(deployments, deployment);
  try {
    await client.create(secrets, memberlistSecret(wish, owner.metadata.uid ?? "", random));
    return "created";
  } catch (error) {
    if (hasStatus(error, 409)) return "exists";
    throw error;
  }
}
