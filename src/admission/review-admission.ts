/** May this object be created, changed or deleted? The answer of each validating webhook (WH-3..WH-8). */

import {
  compileResources,
  emptyResourceSet,
  findingText,
  isError,
  withoutTransient,
  type ResourceSet,
} from "../config/index.ts";
import type { KubeObject } from "../kube/index.ts";
import {
  denied,
  failed,
  type AdmissionRequest,
  type AdmissionResponse,
} from "./admission-review.ts";
import type { JsonObject } from "./json-text.ts";
import { shapeFault } from "./object-shape.ts";
import type { ValidatingWebhook } from "./validating-webhooks.ts";

export interface AdmissionOptions {
  /** MetalLB's own: configuration lives nowhere else. */
  readonly namespace: string;
  /** As in METALLB_BGP_TYPE. */
  readonly bgpType: string | undefined;
}

/** So that the answer stays readable, whatever is wrong. */
const findingsShown = 20;

const listOf = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "peers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
} as const;

/** `existing` holds what `webhook.reads` names, as it is in the API at this moment. */
export function reviewAdmission(
  webhook: ValidatingWebhook,
  request: AdmissionRequest,
  existing: ResourceSet,
  options: AdmissionOptions,
): AdmissionResponse {
  if (request.kind !== webhook.kind) {
    return failed(400, `${webhook.path} reviews ${webhook.kind} objects, not ${request.kind}`);
  }
  const field = request.operation === "DELETE" ? "oldObject" : "object";
  const submitted = request[field];
  if (submitted === undefined) return failed(400, `the request has no ${field} to review`);
  const fault = shapeFault(webhook.kind, submitted);
  if (fault !== undefined) return failed(400, `${webhook.kind}: ${fault}`);
  const object = asKubeObject(submitted, request.namespace);
  const warnings = warningsFor(webhook, request, submitted);
  return {
    ...verdict({ webhook, request, object, existing }, options),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

interface Case {
  readonly webhook: ValidatingWebhook;
  readonly request: AdmissionRequest;
  readonly object: KubeObject;
  readonly existing: ResourceSet;
}

function verdict(review: Case, options: AdmissionOptions): AdmissionResponse {
  const { webhook, request, object } = review;
  const { kind } = webhook;
  const { operation } = request;
  const { name, namespace } = object.metadata;
  if (operation === "CREATE" && namespace !== options.namespace) {
    const text = `resource must be created in ${options.namespace} namespace`;
    return denied(`${kind} ${namespace}/${name}: ${text}`);
  }
  if (kind === "BFDProfile")
    return operation === "DELETE" ? whileUnused(review) : { allowed: true };
  return operation === "DELETE" ? { allowed: true } : asPartOfAll(review, options);
}

/** WH-6: a profile that a peer names must stay. */
function whileUnused({ object, existing }: Case): AdmissionResponse {
  const { name, namespace } = object.metadata;
  const users = existing.peers.filter(({ spec }) => spec?.bfdProfile === name);
  if (users.length === 0) return { allowed: true };
  const names = users.slice(0, findingsShown).map(({ metadata }) => metadata.name);
  const more = users.length > names.length ? ` and ${users.length - names.length} more` : "";
  return denied(
    `BFDProfile ${namespace}/${name} cannot be deleted: used by BGPPeer ${names.join(", ")}${more}; take it out of their spec.bfdProfile first`,
  );
}

/** WH-4: compiled together with the rest, less what another object may still mend. */
function asPartOfAll({ webhook, object, existing }: Case, options: AdmissionOptions) {
  const { findings } = compileResources(
    withoutTransient(submittedAmong(webhook, object, existing)),
    {
      ...options,
      scope: "everything",
    },
  );
  const errors = findings.filter(isError).map(findingText);
  if (errors.length === 0) return { allowed: true };
  const shown = errors.slice(0, findingsShown);
  if (errors.length > shown.length) shown.push(`and ${errors.length - shown.length} more`);
  return denied(shown.join("\n"));
}

/** The kinds that this webhook reads (WH-5), the submitted object in the place of its older self. */
function submittedAmong(
  { kind, reads }: ValidatingWebhook,
  object: KubeObject,
  existing: ResourceSet,
): ResourceSet {
  const set: Record<string, unknown> = { ...emptyResourceSet };
  for (const read of reads) {
    const field = read === "Node" ? "nodes" : listOf[read];
    set[field] = existing[field];
  }
  const others = existing[listOf[kind]].filter(
    ({ metadata }) => metadata.name !== object.metadata.name,
  );
  set[listOf[kind]] = [...others, object];
  return set as unknown as ResourceSet;
}

/** WH-7. [Q] In the reference this warning ends the checks; here it does not. */
function warningsFor(
  { kind }: ValidatingWebhook,
  { operation }: AdmissionRequest,
  { spec }: JsonObject,
): string[] {
  const isAsked = kind === "BGPPeer" && operation === "CREATE";
  return isAsked && (spec as JsonObject | null | undefined)?.disableMP === true
    ? ["spec.disableMP is deprecated and has no effect: what it asked for is the default now"]
    : [];
}

/** Its name may still have to be generated, and its namespace may stand in the request only. */
function asKubeObject(object: JsonObject, requestNamespace: string): KubeObject {
  const { metadata } = object as unknown as KubeObject;
  return {
    ...object,
    metadata: {
      ...metadata,
      name: (metadata.name ?? "") || (metadata.generateName ?? ""),
      namespace: metadata.namespace ?? requestNamespace,
    },
  };
}
