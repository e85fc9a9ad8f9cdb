/** Credentials that a program named in the kubeconfig hands out (client.authentication.k8s.io), as clouds and SSO do. */

import { spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";

/** The `exec` section of a kubeconfig's user. */
export interface ExecSection {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
}

export interface ExecContext {
  /** Path of the kubeconfig: a relative command is beside it. */
  readonly path: string;
  /** The words that name the context and the file in a message. */
  readonly where: string;
  /** What the program is told of the cluster, if it asks to be. */
  readonly cluster: Readonly<Record<string, unknown>>;
  /** Whether somebody sits at the terminal who could answer the program. */
  readonly hasTerminal: boolean;
}

export interface ExecCredential {
  readonly token?: (options?: { renew?: boolean }) => string | undefined;
  readonly cert?: string;
  readonly key?: string;
}

interface CredentialStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

const versions = [
  "client.authentication.k8s.io/v1",
  "client.authentication.k8s.io/v1beta1",
] as const;
const longestAnswerMs = 60_000;
/** A token is renewed a little before its end, so that no request meets the end on its way. */
const renewAheadMs = 10_000;

/**
 * Runs the program once now, and again when its token ends or `renew` asks. The event loop waits for it: this is made
 * for command lines. What the program prints never reaches an error message. Throws an `Error` with the mend.
 */
export function execCredential(section: ExecSection, context: ExecContext): ExecCredential {
  let status = runPlugin(section, context);
  const token = ({ renew = false } = {}): string | undefined => {
    if (renew || isEnding(status)) status = renewed() ?? status;
    return status.token;
  };
  /** A program that fails later leaves the old token in use: the server's refusal tells the rest. */
  const renewed = (): CredentialStatus | undefined => {
    try {
      return runPlugin(section, context);
    } catch {
      return undefined;
    }
  };
  return {
    ...(status.token !== undefined && { token }),
    ...(status.clientCertificateData !== undefined && { cert: status.clientCertificateData }),
    ...(status.clientKeyData !== undefined && { key: status.clientKeyData }),
  };
}

function isEnding({ expirationTimestamp }: CredentialStatus): boolean {
  const endMs = expirationTimestamp === undefined ? NaN : Date.parse(expirationTimestamp);
  return endMs - Date.now() < renewAheadMs;
}

function runPlugin(section: ExecSection, context: ExecContext): CredentialStatus {
  const { where } = context;
  const { command = "", args, installHint } = section;
  if (command === "") throw new Error(`the exec plugin of ${where} has no command: name a program`);
  const apiVersion = checkVersion(section, where);
  const interactive = checkTerminal(section, context);
  const spec = { interactive, ...(section.provideClusterInfo && { cluster: context.cluster }) };
  const request = JSON.stringify({ kind: "ExecCredential", apiVersion, spec });
  const program = command.includes("/") ? resolve(dirname(context.path), command) : command;
  const run = spawnSync(program, args ?? [], {
    encoding: "utf8",
    env: { ...process.env, ...environmentOf(section), KUBERNETES_EXEC_INFO: request },
    stdio: [interactive ? "inherit" : "ignore", "pipe", "inherit"],
    ...(!interactive && { timeout: longestAnswerMs }),
  });
  if (run.error === undefined && run.status === 0) {
    return readStatus(run.stdout, apiVersion) ?? refuseAnswer(command, where, apiVersion);
  }
  const mend = installHint ?? "run it by hand to see what is wrong";
  throw new Error(`the exec plugin "${command}" of ${where} failed (${whyOf(run)}): ${mend}`);
}

function environmentOf({ env }: ExecSection): Record<string, string> {
  return Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
}

function checkVersion({ apiVersion = "" }: ExecSection, where: string): string {
  if (versions.some((known) => known === apiVersion)) return apiVersion;
  const mend = `use ${versions.join(" or ")}`;
  throw new Error(`the exec plugin of ${where} has apiVersion "${apiVersion}": ${mend}`);
}

/** Whether the program may ask questions. */
function checkTerminal(section: ExecSection, { hasTerminal, where }: ExecContext): boolean {
  const { command, interactiveMode = "IfAvailable" } = section;
  if (interactiveMode === "Always" && !hasTerminal) {
    const mend = "run this in a terminal, or sign in first";
    throw new Error(`the exec plugin "${command}" of ${where} asks questions: ${mend}`);
  }
  return hasTerminal && interactiveMode !== "Never";
}

function whyOf({ error, status }: { error?: Error; status: number | null }): string {
  if (error !== undefined) return "code" in error ? String(error.code) : error.message;
  return status === null ? "killed" : `exit status ${status}`;
}

function readStatus(text: string, apiVersion: string): CredentialStatus | undefined {
  try {
    const answer = JSON.parse(text) as { apiVersion?: string; status?: CredentialStatus } | null;
    const status = answer?.apiVersion === apiVersion ? answer.status : undefined;
    const isUsable = status?.token ?? (status?.clientCertificateData && status.clientKeyData);
    return isUsable ? status : undefined;
  } catch {
    return undefined;
  }
}

function refuseAnswer(command: string, where: string, apiVersion: string): never {
  throw new Error(
    `the exec plugin "${command}" of ${where} did not answer with an ExecCredential of ${apiVersion} that has a token, or a certificate and its key: update it`,
  );
}
