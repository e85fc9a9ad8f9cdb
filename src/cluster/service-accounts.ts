/**
 * A `default` ServiceAccount in each namespace, and for each account a token in a Secret, the way
 * Kubernetes did before 1.24. Left out: tokens that expire or are bound to a pod.
 */
import { randomBytes } from "node:crypto";
import type { KubeObject, Secret } from "../kube/index.ts";
import { create, remove, type Action } from "./actions.ts";

export interface ServiceAccountView {
  readonly namespaces: readonly KubeObject[];
  readonly accounts: readonly KubeObject[];
  readonly secrets: readonly Secret[];
}

export interface TokenUser {
  name: string;
  groups: readonly string[];
}

const accountAnnotation = "kubernetes.io/service-account.name";
const tokenType = "kubernetes.io/service-account-token";

/** The name of the Secret with an account's token. */
export function tokenSecretName(accountName: string): string {
  return `${accountName}-token`;
}

export function planServiceAccounts(view: ServiceAccountView, ca: string): Action[] {
  const namespaces = view.namespaces.filter((n) => n.metadata.deletionTimestamp === undefined);
  return [
    ...namespaces
      .filter(({ metadata }) => !has(view.accounts, metadata.name, "default"))
      .map(({ metadata }) =>
        create("serviceaccounts", { metadata: { name: "default", namespace: metadata.name } }),
      ),
    ...view.accounts
      .filter(
        ({ metadata }) => !has(view.secrets, metadata.namespace, tokenSecretName(metadata.name)),
      )
      .map(({ metadata }) => create("secrets", tokenSecret(metadata.name, metadata.namespace, ca))),
    ...view.secrets
      .filter(({ type }) => type === tokenType)
      .filter(({ metadata }) => {
        const account = metadata.annotations?.[accountAnnotation] ?? "";
        return !has(view.accounts, metadata.namespace, account);
      })
      .map((secret) => remove("secrets", secret)),
  ];
}

/** Token to user, for every account: what the API server's authentication looks up. */
export function tokenUsers(secrets: readonly Secret[]): Record<string, TokenUser> {
  const users: Record<string, TokenUser> = {};
  for (const { type, data, metadata } of secrets) {
    const token = Buffer.from(data?.["token"] ?? "", "base64").toString();
    if (type !== tokenType || token === "") continue;
    const { namespace = "" } = metadata;
    users[token] = {
      name: `system:serviceaccount:${namespace}:${metadata.annotations?.[accountAnnotation]}`,
      groups: [
        "system:serviceaccounts",
        `system:serviceaccounts:${namespace}`,
        "system:authenticated",
      ],
    };
  }
  return users;
}

function has(objects: readonly KubeObject[], namespace: string | undefined, name: string): boolean {
  return objects.some(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
}

function tokenSecret(account: string, namespace = "default", ca = ""): Secret {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  return {
    metadata: {
      name: tokenSecretName(account),
      namespace,
      annotations: { [accountAnnotation]: account },
    },
    type: tokenType,
    data: {
      token: encode(randomBytes(24).toString("base64url")),
      "ca.crt": encode(ca),
      namespace: encode(namespace),
    },
  };
}
