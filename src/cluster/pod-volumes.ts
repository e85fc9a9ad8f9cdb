/** Writes a pod's volumes and its service-account token below the pod's own folder. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMountable, type Mount } from "./container-command.ts";
import { ContainerConfigError, type References } from "./container-environment.ts";
import type { Container, Pod, Volume } from "./objects.ts";
import { tokenSecretName } from "./service-accounts.ts";

const tokenFolder = "/run/secrets/kubernetes.io/serviceaccount";

/**
 * Writes everything and returns what to mount into one container. Contents are those of this moment:
 * later changes of a ConfigMap reach the pod when it is made again (the real kubelet renews them).
 */
export function prepareMounts(
  pod: Pod,
  container: Container,
  { folder, references }: { folder: string; references: References },
): Mount[] {
  const volumes = new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const mounts = (container.volumeMounts ?? [])
    .filter(({ mountPath }) => !mountPath.endsWith("/kubernetes.io/serviceaccount"))
    .map(({ name, mountPath }) => {
      const volume = volumes.get(name);
      if (volume === undefined || !isMountable(mountPath)) {
        const why =
          volume === undefined
            ? "no such volume"
            : "the lab mounts only below /etc, /run and /var/lib";
        throw new ContainerConfigError(`cannot mount "${name}" on ${mountPath}: ${why}`);
      }
      const from = join(folder, "volumes", name);
      writeFiles(from, volumeFiles(volume, pod, references));
      return { from, to: mountPath };
    });
  return [...mounts, tokenMount(pod, folder, references)];
}

function tokenMount(pod: Pod, folder: string, references: References): Mount {
  const { namespace = "default" } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? "default";
  const secret = references.secret(namespace, tokenSecretName(account));
  if (!secret?.data) {
    throw new ContainerConfigError(`service account ${namespace}/${account} has no token yet`);
  }
  const from = join(folder, "token");
  writeFiles(from, decode(secret.data));
  return { from, to: tokenFolder };
}

function volumeFiles(volume: Volume, pod: Pod, references: References): Record<string, Buffer> {
  const source = volume.secret ?? volume.configMap;
  if (source === undefined) return {};
  const all = sourceFiles(volume, pod.metadata.namespace ?? "default", references);
  if (all === undefined) {
    if (source.optional) return {};
    const { secretName, name } = { secretName: undefined, name: undefined, ...source };
    const what = volume.secret ? `secret "${secretName}"` : `configmap "${name}"`;
    const message = `MountVolume.SetUp failed for volume "${volume.name}": ${what} not found`;
    throw new ContainerConfigError(message, "ContainerCreating");
  }
  if (source.items === undefined) return all;
  return Object.fromEntries(
    source.items.flatMap(({ key, path }) => (all[key] ? [[path, all[key]]] : [])),
  );
}

/** The data of the volume's Secret or ConfigMap; undefined when it does not exist. */
function sourceFiles(
  { secret, configMap }: Volume,
  namespace: string,
  references: References,
): Record<string, Buffer> | undefined {
  if (secret) {
    const found = references.secret(namespace, secret.secretName);
    return found && decode(found.data ?? {});
  }
  const found = references.configMap(namespace, configMap?.name ?? "");
  const texts = Object.entries(found?.data ?? {});
  return found && Object.fromEntries(texts.map(([key, text]) => [key, Buffer.from(text)]));
}

function decode(data: Readonly<Record<string, string>>): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64")]),
  );
}

function writeFiles(folder: string, files: Record<string, Buffer>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
