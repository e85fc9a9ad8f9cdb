/** What a Service brings when it asks the allocator for addresses (IPAM-6). */
import type { Assignment, Claim } from "../allocator/index.ts";
import type { ServiceView } from "../kube/index.ts";

export function claimOf(view: ServiceView, sharingKey: string): Claim {
  return {
    service: view.key,
    namespace: view.namespace,
    labels: view.labels,
    ports: view.ports.map(({ protocol = "TCP", port }) => `${protocol}/${port}`),
    sharingKey,
    backendKey: backendKey(view),
  };
}

/** Only services that send to the same local pods may share an address. */
function backendKey({ externalTrafficPolicy, selector }: ServiceView): string {
  if (externalTrafficPolicy !== "Local") return "";
  const pairs = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  return pairs.sort().join();
}

/** Puts the field that holds the refused value in front of the refusal. */
export function nameField(field: string, assignment: Assignment): Assignment {
  if (assignment.ok) return assignment;
  const { refusal } = assignment;
  return { ok: false, refusal: { ...refusal, problem: `${field}: ${refusal.problem}` } };
}
