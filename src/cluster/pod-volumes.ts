/** Writes a pod's volumes and its service-account token below the pod's own folder. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMountable, type Mount } from "./container-command.ts";
import { ContainerConfigError, contentOf, type References } from "./container-environment.ts";
import type { Container, Pod, Volume } from "./objects.ts";

const tokenFolder = "/run/secrets/kubernetes.io/serviceaccount";

type Files = Record<string, string | Buffer>;

/**
 * Writes everything and returns what to mount into one container. Contents are those of this moment:
 * later changes of a ConfigMap reach the pod when it is made again (the real kubelet renews them).
 */
export function prepareMounts(
  pod: Pod,
  container: Container,
  { folder, references, account }: { folder: string; references: References; account: Files },
): Mount[] {
  const mounts = (container.volumeMounts ?? [])
    .filter(({ mountPath }) => !mountPath.endsWith("/kubernetes.io/serviceaccount"))
    .map(({ name, mountPath: to }): Mount => {
      const volume = pod.spec.volumes?.find((candidate) => candidate.name === name);
      const refuse = (why: string) =>
        new ContainerConfigError(`cannot mount "${name}" on ${to}: ${why}`);
      if (!volume) throw refuse("no such volume");
      if (!isMountable(to)) throw refuse("the lab mounts only below /etc, /run and /var/lib");
      return { from: writeFiles(join(folder, "volumes", name), filesOf(volume, references)), to };
    });
  return [...mounts, { from: writeFiles(join(folder, "token"), account), to: tokenFolder }];
}

function filesOf({ name, secret, configMap }: Volume, references: References): Files {
  const source = secret ?? configMap;
  if (source === undefined) return {};
  const [kind, wanted] = secret
    ? (["secret", secret.secretName] as const)
    : (["configmap", configMap?.name ?? ""] as const);
  const all = contentOf(kind, wanted, references);
  if (all === undefined && !source.optional) {
    const message = `MountVolume.SetUp failed for volume "${name}": ${kind} "${wanted}" not found`;
    throw new ContainerConfigError(message, "ContainerCreating");
  }
  const items = source.items ?? Object.keys(all ?? {}).map((key) => ({ key, path: key }));
  return Object.fromEntries(
    items.flatMap(({ key, path }) => (all?.[key] ? [[path, all[key]]] : [])),
  );
}

/** Returns the folder, which exists afterwards even when there is nothing to write. */
function writeFiles(folder: string, files: Files): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}
