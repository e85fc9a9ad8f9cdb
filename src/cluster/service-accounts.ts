/** A `default` ServiceAccount in each namespace. (The API server issues the accounts' tokens.) */
import type { KubeObject } from "../kube/index.ts";
import { create, type Action } from "./actions.ts";

export function planServiceAccounts(view: {
  readonly namespaces: readonly KubeObject[];
  readonly accounts: readonly KubeObject[];
}): Action[] {
  const isThere = (namespace: string) =>
    view.accounts.some((o) => o.metadata.namespace === namespace && o.metadata.name === "default");
  return view.namespaces
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined && !isThere(metadata.name))
    .map(({ metadata }) =>
      create("serviceaccounts", { metadata: { name: "default", namespace: metadata.name } }),
    );
}
