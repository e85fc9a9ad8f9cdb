/**
 * The command line that runs a container's program: a private mount namespace with its volumes,
 * its user, and just the capabilities that its manifest leaves it.
 *
 * Left out: a root file system of its own (it sees the machine's), resource limits, seccomp, devices.
 */
import type { Container, Pod } from "./objects.ts";

export interface Mount {
  readonly from: string;
  readonly to: string;
}

export interface CommandParts {
  readonly pod: Pod;
  readonly container: Container;
  /** What the image stands for. */
  readonly program: readonly string[];
  readonly args: readonly string[];
  readonly mounts: readonly Mount[];
  /** Network namespace of the pod; absent: the node's. */
  readonly netns?: string;
  /** Whether other users than root exist here (not in a user namespace with one user). */
  readonly hasOtherUsers: boolean;
}

export function containerCommand(parts: CommandParts): string[] {
  const { netns, mounts, program, args } = parts;
  // "$@" is the program: nothing of the manifest is ever read by the shell.
  const script = [
    ...mounts.map(({ to }, index) => `mkdir -p '${to}'; mount --bind "$MOUNT${index}" '${to}'`),
    mounts.map((_, index) => `unset MOUNT${index}`).join("; "),
    'exec "$@"',
  ];
  const network = netns === undefined ? [] : ["ip", "netns", "exec", netns];
  const sources = mounts.map(({ from }, index) => `MOUNT${index}=${from}`);
  return [
    ...network,
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "env",
    ...sources,
    "sh",
    "-ec",
    script.filter(Boolean).join("\n"),
    "sh",
    ...privileges(parts),
    ...program,
    ...args,
  ];
}

function privileges({ pod, container, hasOtherUsers }: CommandParts): string[] {
  const { securityContext = {} } = container;
  const user = securityContext.runAsUser ?? pod.spec.securityContext?.runAsUser ?? 0;
  const asUser =
    user !== 0 && hasOtherUsers ? [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"] : [];
  const command = ["setpriv", "--no-new-privs", ...capabilities(securityContext), ...asUser];
  return securityContext.privileged ? [] : command;
}

function capabilities({
  capabilities: { drop = [], add = [] } = {},
}: NonNullable<Container["securityContext"]>): string[] {
  const isAllDropped = drop.some((name) => name.toUpperCase() === "ALL");
  const names = add.map((name) => `+${name.toLowerCase().replace(/^cap_/, "")}`);
  if (!isAllDropped) return [];
  const set = ["-all", ...names].join(",");
  return [`--bounding-set=${set}`, `--inh-caps=${set}`];
}

/** Mount paths that the script can make: elsewhere it would write to the machine's own folders. */
export function isMountable(path: string): boolean {
  return /^\/(etc|run|var\/run|var\/lib)\/[\w./-]+$/.test(path) && !path.includes("..");
}
