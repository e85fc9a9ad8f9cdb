/** Field errors of a whole object: its metadata, its schema, and the rules of its kind. */
import { fieldError, invalid, type Cause } from "./api-error.ts";
import { equal, type ApiObject } from "./api-object.ts";
import { parseAddress } from "../ip/index.ts";
import { metadataErrors } from "./object-metadata.ts";
import type { Resource } from "./resource.ts";
import { definitionErrors } from "./custom-resource-errors.ts";
import { schemaErrors } from "./schema-validation.ts";
import { matchesLabelSelector } from "./selectors.ts";
import { serviceErrors } from "./service-rules.ts";

type Check = (object: ApiObject, old?: ApiObject) => Cause[];

/** Throws 422 with every cause found. */
export function validate(object: ApiObject, resource: Resource, old?: ApiObject): void {
  const causes: Cause[] = metadataErrors(object, resource, old);
  if (resource.custom) causes.push(...schemaErrors(object, resource.schema ?? {}, "", old));
  else causes.push(...(CHECKS[resource.kind]?.(object, old) ?? []));
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

const CHECKS: Record<string, Check> = {
  Service: serviceErrors,
  Pod: (object) => containerErrors(object.spec, "spec"),
  Deployment: workloadErrors,
  DaemonSet: workloadErrors,
  ReplicaSet: workloadErrors,
  ConfigMap: configMapErrors,
  Secret: (object, old) => [
    ...keyErrors(object.data ?? {}, "data"),
    ...secretTypeErrors(object, old),
    ...frozenErrors(object, old),
  ],
  EndpointSlice: sliceErrors,
  Event: eventErrors,
  Role: ruleErrors,
  ClusterRole: ruleErrors,
  RoleBinding: roleRefErrors,
  ClusterRoleBinding: roleRefErrors,
  CustomResourceDefinition: definitionErrors,
  ValidatingWebhookConfiguration: webhookErrors,
  MutatingWebhookConfiguration: webhookErrors,
};

function containerErrors(spec: ApiObject["spec"], field: string): Cause[] {
  const containers = (spec?.containers ?? []) as { name?: string; image?: string }[];
  if (containers.length === 0) return [fieldError.required(`${field}.containers`)];
  return containers.flatMap((container, at) => [
    ...(container.name ? [] : [fieldError.required(`${field}.containers[${at}].name`)]),
    ...(container.image ? [] : [fieldError.required(`${field}.containers[${at}].image`)]),
    ...(containers.findIndex((one) => one.name === container.name) < at
      ? [fieldError.duplicate(`${field}.containers[${at}].name`, container.name)]
      : []),
  ]);
}

function workloadErrors({ spec = {} }: ApiObject, old?: ApiObject): Cause[] {
  const { selector, template = {} } = spec;
  const labels = template.metadata?.labels ?? {};
  const moved = old && !equal(selector, old.spec.selector);
  const unlike = "`selector` does not match template `labels`";
  return [
    ...(selector ? [] : [fieldError.required("spec.selector")]),
    ...(matchesLabelSelector(selector, labels)
      ? []
      : [fieldError.invalid("spec.template.metadata.labels", labels, unlike)]),
    ...containerErrors(template.spec, "spec.template.spec"),
    ...(moved ? [fieldError.invalid("spec.selector", selector, "field is immutable")] : []),
  ];
}

function configMapErrors(object: ApiObject, old?: ApiObject): Cause[] {
  const { data = {}, binaryData = {} } = object;
  const twice = Object.keys(binaryData).filter((key) => key in data);
  return [
    ...keyErrors(data, "data"),
    ...keyErrors(binaryData, "binaryData"),
    ...twice.map((key) =>
      fieldError.invalid(`data[${key}]`, key, "duplicate of key present in binaryData"),
    ),
    ...frozenErrors(object, old),
  ];
}

const FAMILIES: Record<string, number> = { IPv4: 4, IPv6: 6 };

function sliceErrors(object: ApiObject, old?: ApiObject): Cause[] {
  const { addressType } = object;
  if (!addressType) return [fieldError.required("addressType")];
  if (old && old.addressType !== addressType) {
    return [fieldError.invalid("addressType", addressType, "field is immutable")];
  }
  const family = FAMILIES[addressType];
  const endpoints = (object.endpoints ?? []) as { addresses: string[] }[];
  const why = `must be a valid ${addressType} address`;
  return endpoints.flatMap(({ addresses }, at) =>
    addresses.flatMap((text, which) =>
      family === undefined || parseAddress(text)?.family === family
        ? []
        : [fieldError.invalid(`endpoints[${at}].addresses[${which}]`, text, why)],
    ),
  );
}

function eventErrors(object: ApiObject): Cause[] {
  const { namespace = "" } = object.involvedObject ?? {};
  if (
    namespace === object.metadata.namespace ||
    (!namespace && object.metadata.namespace === "default")
  )
    return [];
  return [
    fieldError.invalid("involvedObject.namespace", namespace, "does not match event.namespace"),
  ];
}

const KEY = /^[-._a-zA-Z0-9]+$/;

function keyErrors(data: Record<string, unknown>, field: string): Cause[] {
  return Object.keys(data)
    .filter((key) => !KEY.test(key) || key.length > 253)
    .map((key) =>
      fieldError.invalid(
        `${field}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  " +
          "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

function frozenErrors(object: ApiObject, old?: ApiObject): Cause[] {
  if (!old?.immutable) return [];
  const why = "field is immutable when `immutable` is set";
  if (!object.immutable) return [fieldError.forbidden("immutable", why)];
  return equal(object.data, old.data) ? [] : [fieldError.forbidden("data", why)];
}

function secretTypeErrors(object: ApiObject, old?: ApiObject): Cause[] {
  if (!old || object.type === old.type) return [];
  return [fieldError.invalid("type", object.type, "field is immutable")];
}

function ruleErrors(object: ApiObject): Cause[] {
  const rules = (object.rules ?? []) as {
    verbs?: string[];
    apiGroups?: string[];
    resources?: string[];
    nonResourceURLs?: string[];
  }[];
  return rules.flatMap((rule, at) => {
    const field = `rules[${at}]`;
    if (!rule.verbs?.length)
      return [fieldError.required(`${field}.verbs`, "verbs must contain at least one value")];
    if (rule.nonResourceURLs?.length) return [];
    const causes: Cause[] = [];
    if (!rule.apiGroups?.length) {
      causes.push(
        fieldError.required(
          `${field}.apiGroups`,
          "resource rules must supply at least one api group",
        ),
      );
    }
    if (!rule.resources?.length) {
      causes.push(
        fieldError.required(
          `${field}.resources`,
          "resource rules must supply at least one resource",
        ),
      );
    }
    return causes;
  });
}

function roleRefErrors(object: ApiObject, old?: ApiObject): Cause[] {
  if (!old || equal(object.roleRef, old.roleRef)) return [];
  return [fieldError.invalid("roleRef", object.roleRef, "cannot change roleRef")];
}

interface WebhookPart {
  sideEffects?: string;
  clientConfig?: { url?: string };
  admissionReviewVersions?: string[];
}

function webhookErrors(object: ApiObject): Cause[] {
  return ((object.webhooks ?? []) as WebhookPart[]).flatMap((webhook, at) => {
    const field = `webhooks[${at}]`;
    const url = webhook.clientConfig?.url;
    const causes: Cause[] = [];
    if (!webhook.sideEffects) {
      const why = "must specify one of None, NoneOnDryRun";
      causes.push(fieldError.required(`${field}.sideEffects`, why));
    }
    if (!webhook.admissionReviewVersions?.length) {
      const why = "must specify one of v1, v1beta1";
      causes.push(fieldError.required(`${field}.admissionReviewVersions`, why));
    }
    if (url !== undefined && !url.startsWith("https://")) {
      const why = "'https' is the only allowed URL scheme; desired format: https://host[/path]";
      causes.push(fieldError.invalid(`${field}.clientConfig.url`, url, why));
    }
    return causes;
  });
}
