/** The TCP MD5 password of a BGPPeer, given in place or by a Secret (CFG-23). */
import type { Secret } from "../kube/index.ts";
import type { Peer } from "./config.ts";
import type { Fields } from "./resource-fields.ts";

export interface SecretKnowledge {
  /** By name. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Whether secrets can be seen at all. */
  readonly knowsSecrets: boolean;
  /** Whether only names of secrets are passed on. */
  readonly passesSecrets: boolean;
}

/** No password and nothing of a Secret's content ever reaches a finding. */
export function compilePassword(
  spec: Fields,
  knowledge: SecretKnowledge,
): Pick<Peer, "password" | "passwordSecret"> {
  const password = spec.text("password");
  // The namespace that may be given there is ignored.
  const name = spec.inner("passwordSecret").text("name");
  if (name === "") return { password };
  if (password !== "") {
    const message = "both password and passwordSecret are given";
    const fix = "remove one of the two, best the password";
    spec.report.add({ code: "CFG-23", path: spec.pathOf("passwordSecret"), message, fix });
  }
  if (knowledge.passesSecrets) return { password, passwordSecret: name };
  if (!knowledge.knowsSecrets) return { password };
  return { password: password || readSecret(name, knowledge.secrets.get(name), spec) };
}

const type = "kubernetes.io/basic-auth";

function readSecret(name: string, secret: Secret | undefined, spec: Fields): string {
  const password = secret?.data?.["password"];
  const problem = problemOf(name, secret);
  if (problem === undefined) return Buffer.from(String(password), "base64").toString();
  const fix = `give MetalLB's namespace a Secret "${name}" of type ${type} with the key "password"`;
  const isTransient = secret === undefined && { isTransient: true };
  const at = { code: "CFG-23", path: spec.pathOf("passwordSecret.name"), value: name };
  spec.report.add({ ...at, message: problem, fix, ...isTransient });
  return "";
}

function problemOf(name: string, secret: Secret | undefined): string | undefined {
  if (secret === undefined) return `there is no Secret "${name}"`;
  if (secret.type !== type) return `the Secret "${name}" is not of type ${type}`;
  const hasPassword = typeof secret.data?.["password"] === "string";
  return hasPassword ? undefined : `the Secret "${name}" has no key "password"`;
}
