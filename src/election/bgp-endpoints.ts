/** Readiness as v0.9.5 sees it for BGP: by address, over all subsets (OLD-4). */
import type { Endpoints } from "../kube/index.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

/** An address counts as ready only if no subset lists it as not ready, not even for another port or node. */
export function legacyBgpEndpoints({ subsets }: Endpoints): ServiceEndpoint[] {
  const all = subsets ?? [];
  const notReady = new Set(
    all.flatMap(({ notReadyAddresses }) => (notReadyAddresses ?? []).map(({ ip }) => ip)),
  );
  const listed = all.flatMap(({ addresses, notReadyAddresses }) => [
    ...(addresses ?? []),
    ...(notReadyAddresses ?? []),
  ]);
  return listed.map(({ ip, nodeName }) => {
    const isReady = !notReady.has(ip);
    return { ...(nodeName && { nodeName }), isReady, canServe: isReady };
  });
}
