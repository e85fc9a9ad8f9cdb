/** What a ConfigurationState says of one process's configuration, and who it belongs to (ST-10 to ST-14). */
import { findingText, type ConfigOutcome } from "../config/index.ts";
import type {
  Condition,
  ConfigurationState,
  KubeObject,
  Labels,
  ObjectMeta,
} from "../kube/index.ts";

/** The process that an object tells of. */
export type ConfigurationStateOwner =
  | { readonly component: "controller" }
  | { readonly component: "speaker"; readonly node: string };

/** A refused apply must not grow with the configuration; the log has the whole text. */
const longestMessage = 8_192;

/** Of a finding that says nothing about the configuration, but that it could not be judged. */
export const unknownErrorCode = "UnknownError";

/** Who owns the condition in the object's `managedFields`. */
export function fieldOwner({ component }: ConfigurationStateOwner): string {
  return component === "controller" ? "poolReconciler" : "configReconciler";
}

/** ST-10: the object as it is created, without a status. `pod` is the process's own. */
export function configurationStateOf(
  owner: ConfigurationStateOwner,
  namespace: string,
  pod: KubeObject,
): ConfigurationState {
  const isController = owner.component === "controller";
  const labels: Labels = {
    "metallb.io/component-type": owner.component,
    ...(isController ? {} : { "metallb.io/node-name": owner.node }),
  };
  const { name, uid = "" } = pod.metadata;
  return {
    apiVersion: "metallb.io/v1beta1",
    kind: "ConfigurationState",
    metadata: {
      name: isController ? "controller" : `speaker-${owner.node}`,
      namespace,
      labels,
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }],
    },
  };
}

/** Whether labels and owner are as `wanted`, whatever others added. */
export function isLabelledAs(object: KubeObject, wanted: KubeObject): boolean {
  const labels = object.metadata.labels ?? {};
  const isLabelled = Object.entries(wanted.metadata.labels ?? {}).every(
    ([key, value]) => labels[key] === value,
  );
  const [owner] = wanted.metadata.ownerReferences ?? [];
  const owners = object.metadata.ownerReferences ?? [];
  return isLabelled && owners.some(({ uid }) => uid === owner?.uid);
}

/**
 * The merge patch that makes it so. Other owners stay: in a rolling update two controllers would take the object from
 * each other for ever, and Kubernetes' garbage collector takes out those that are gone.
 */
export function labelPatch(
  object: KubeObject,
  wanted: KubeObject,
): { readonly metadata: Partial<ObjectMeta> } {
  const { labels = {}, ownerReferences = [] } = wanted.metadata;
  const ours = new Set(ownerReferences.map(({ uid }) => uid));
  const others = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !ours.has(uid));
  return { metadata: { labels, ownerReferences: [...others, ...ownerReferences] } };
}

/**
 * ST-12, ST-13: the condition that one look at the configuration leads to; `now` is RFC 3339 with whole seconds.
 * Undefined where there is nothing to tell: no ConfigMap, and no resources either.
 */
export function conditionOf(
  owner: ConfigurationStateOwner,
  outcome: ConfigOutcome,
  now: string,
): Condition | undefined {
  const type = owner.component === "controller" ? "poolReconcilerValid" : "configReconcilerValid";
  if (outcome.kind === "missing") return undefined;
  if (outcome.kind !== "refused") {
    const message = "";
    return { type, status: "True", reason: "Reconciled", message, lastTransitionTime: now };
  }
  const [first] = outcome.findings;
  const cause = first === undefined ? "refused" : findingText(first);
  const isUnknown = first?.code === unknownErrorCode;
  const message = (isUnknown ? cause : `configuration error: ${cause}`).slice(0, longestMessage);
  const reason = isUnknown ? unknownErrorCode : "ConfigurationError";
  return { type, status: "False", reason, message, lastTransitionTime: now };
}

/** ST-14: the verdict of all conditions together. */
export function resultOf(conditions: readonly Condition[]): {
  readonly result: "Valid" | "Invalid" | "Unknown";
  readonly errorSummary: string;
} {
  const messages = conditions
    .filter(({ status, reason }) => status === "False" && reason === "ConfigurationError")
    .map(({ message }) => message);
  const errorSummary = messages.join("\n");
  if (conditions.length === 0) return { result: "Unknown", errorSummary };
  return { result: messages.length > 0 ? "Invalid" : "Valid", errorSummary };
}
