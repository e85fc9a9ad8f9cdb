/**
 * The one sealed world that a lab lives in: a user (without root), mount, network and PID namespace.
 *
 * The PID namespace is what makes cleaning up certain: when its first process ends, however it ends,
 * the kernel ends every other process in it, and with the last one go all network namespaces, links
 * and mounts. Nothing has a name that another lab could collide with.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export class LabError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const sealed = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** The start of a command line that runs the rest of it as first process of a new sealed world. */
export function unshareCommand(): string[] {
  const asRoot = ["unshare", ...sealed, "--propagation", "private", "--"];
  const asUser = ["unshare", "--user", "--map-root-user", ...asRoot.slice(1)];
  const refusals: string[] = [];
  for (const command of process.getuid?.() === 0 ? [asRoot, asUser] : [asUser]) {
    const attempt = spawnSync(command[0] ?? "", [...command.slice(1), "true"], {
      encoding: "utf8",
    });
    if (attempt.status === 0) return command;
    refusals.push(attempt.error?.message ?? attempt.stderr.trim());
  }
  throw new LabError(
    "ERR_LAB_PRIVILEGE",
    `the lab needs namespaces of its own, and the kernel refuses them (${refusals.join("; ")}): ` +
      "run as root, or allow user namespaces (sysctl user.max_user_namespaces=10000, " +
      "on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0)",
  );
}

/** The start of a command line that runs the rest of it in the world whose first process is `pid`. */
export function enterCommand(pid: number): string[] {
  const user = sameUserNamespace(pid) ? [] : ["--user", "--preserve-credentials"];
  return ["nsenter", "--target", String(pid), ...user, "--mount", "--net", "--pid"];
}

function sameUserNamespace(pid: number): boolean {
  const [own, other] = ["self", pid].map((id) => readFileSync(`/proc/${id}/uid_map`, "utf8"));
  return own === other;
}

/** The first process inside, as seen from outside: the only child of the `unshare` process. */
export function firstProcessInside(unsharePid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${unsharePid}/task/${unsharePid}/children`, "utf8");
    return Number.parseInt(children, 10) || undefined;
  } catch {
    return undefined;
  }
}
