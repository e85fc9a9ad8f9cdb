/** Which kinds the API server has, by its own word. */

import { resourcePath, type KubeClient, type ResourceRef } from "../platform/index.ts";

/** Those of `wanted` whose kind is served now; where the server does not answer, none. */
export async function findServed<T extends { readonly ref: ResourceRef }>(
  client: KubeClient,
  wanted: readonly T[],
): Promise<T[]> {
  const answers = new Map<string, Promise<ReadonlySet<string>>>();
  const found = await Promise.all(
    wanted.map(async (one) => {
      const path = versionPath(one.ref);
      const answer = answers.get(path) ?? servedUnder(client, path);
      answers.set(path, answer);
      return (await answer).has(one.ref.plural);
    }),
  );
  return wanted.filter((_, index) => found[index]);
}

async function servedUnder(client: KubeClient, path: string): Promise<ReadonlySet<string>> {
  try {
    const answer = await client.getPath<{ resources?: { name: string }[] }>(path);
    return new Set((answer.resources ?? []).map(({ name }) => name));
  } catch {
    return new Set(); // No such group or version, or no server: the next try may know more.
  }
}

function versionPath({ group, version, plural }: ResourceRef): string {
  return resourcePath({ group, version, plural }).replace(/\/[^/]+$/, "");
}
