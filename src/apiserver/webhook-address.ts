/** Where a webhook is: its URL as given, or a ready endpoint of the service that it names. */
import type { ApiObject } from "./api-object.ts";
import type { Store } from "./store.ts";

export interface ClientConfig {
  url?: string;
  caBundle?: string;
  service?: { namespace: string; name: string; path?: string; port?: number };
}

interface Endpoint {
  addresses: string[];
  conditions?: { ready?: boolean };
}

/** Where the service leads to; an ExternalName by its own name. `serverName` is what the certificate must be for. Throws when the service has no ready endpoint. */
export function webhookUrl(
  store: Store,
  config: ClientConfig,
): { url: string; serverName?: string } {
  if (config.url) return { url: config.url };
  const { service } = config;
  if (!service) throw new Error("clientConfig has neither url nor service");
  const { namespace, name, path = "", port = 443 } = service;
  const found = store.get("/services", namespace, name);
  if (!found) throw new Error(`service "${name}" not found in namespace "${namespace}"`);
  const serverName = `${name}.${namespace}.svc`;
  if (found.spec.type === "ExternalName") {
    return {
      url: `https://${found.spec.externalName}:${port}/${path.replace(/^\//, "")}`,
      serverName,
    };
  }
  const slices = store
    .list("discovery.k8s.io/endpointslices", namespace)
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name);
  for (const slice of slices) {
    const target = readyTarget(slice, found, port);
    if (!target) continue;
    return {
      url: `https://${target}/${path.replace(/^\//, "")}`,
      serverName,
    };
  }
  throw new Error(`no endpoints available for service "${name}"`);
}

function readyTarget(slice: ApiObject, service: ApiObject, port: number): string | undefined {
  const ports = service.spec.ports as { name?: string; port: number }[];
  const portName = ports.find((one) => one.port === port)?.name ?? "";
  const target = (slice.ports as { name?: string; port: number }[]).find(
    (one) => (one.name ?? "") === portName,
  );
  const ready = (slice.endpoints as Endpoint[]).find((one) => one.conditions?.ready !== false);
  const address = ready?.addresses[0];
  if (!address || !target) return undefined;
  return `${address.includes(":") ? `[${address}]` : address}:${target.port}`;
}
