/** Field errors of a whole object: its metadata, its schema, and the rules of its kind. */
import { parseAddress } from "../ip/index.ts";
import { matchesLabels } from "../kube/index.ts";
import {
  type Cause,
  equal,
  fieldError,
  validateObject,
  hasRules,
  hidesRules,
  type Schema,
  unless,
  unlessSame,
} from "../schema/index.ts";
import { invalid } from "./api-error.ts";
import { type ApiObject } from "./api-object.ts";
import { definitionErrors } from "./custom-resource-errors.ts";
import { metadataErrors } from "./object-metadata.ts";
import type { PolicyRule } from "./rbac.ts";
import type { Resource } from "./resource.ts";
import { serviceErrors } from "./service-rules.ts";

const { required, duplicate } = fieldError;

type Check = (object: ApiObject, old?: ApiObject) => Cause[];

/** Throws 422 with every cause found. */
export function validate(object: ApiObject, resource: Resource, old?: ApiObject): void {
  const own = resource.custom
    ? customErrors(object, resource.schema ?? {}, old)
    : (CHECKS[resource.kind]?.(object, old) ?? []);
  const causes = [...metadataErrors(object, resource, old), ...own];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

const UNCHECKED =
  "some validation rules were not checked because the object was invalid; " +
  "correct the existing errors to complete validation";

function customErrors(object: ApiObject, schema: Schema, old?: ApiObject): Cause[] {
  const causes = validateObject(object, schema, "", old);
  const isUnchecked = causes.some(hidesRules) && hasRules(schema);
  return isUnchecked ? [...causes, fieldError.invalid("<nil>", null, UNCHECKED)] : causes;
}

const CHECKS: Record<string, Check> = {
  Service: serviceErrors,
  Pod: (object) => containerErrors(object.spec, "spec"),
  Deployment: workloadErrors,
  DaemonSet: workloadErrors,
  ReplicaSet: workloadErrors,
  ConfigMap: dataErrors,
  Secret: (object, old) => [
    ...dataErrors(object, old),
    ...(old ? unlessSame("type", object.type, old.type) : []),
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

function containerErrors(spec: ApiObject["spec"], path: string): Cause[] {
  const containers = (spec?.containers ?? []) as { name?: string; image?: string }[];
  if (containers.length === 0) return [required(`${path}.containers`)];
  return containers.flatMap((container, at) => {
    const field = `${path}.containers[${at}]`;
    const first = containers.findIndex((one) => one.name === container.name);
    return [
      ...unless(container.name, required(`${field}.name`)),
      ...unless(container.image, required(`${field}.image`)),
      ...unless(first === at, duplicate(`${field}.name`, container.name)),
    ];
  });
}

function workloadErrors({ spec = {} }: ApiObject, old?: ApiObject): Cause[] {
  const { selector, template = {} } = spec;
  const labels = template.metadata?.labels ?? {};
  const unlike = "`selector` does not match template `labels`";
  return [
    ...unless(selector, required("spec.selector")),
    ...unless(
      matchesLabels(selector ?? {}, labels),
      fieldError.invalid("spec.template.metadata.labels", labels, unlike),
    ),
    ...containerErrors(template.spec, "spec.template.spec"),
    ...(old ? unlessSame("spec.selector", selector, old.spec.selector) : []),
  ];
}

const KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  " +
  "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function keyErrors(data: Record<string, unknown>, field: string): Cause[] {
  const wrong = Object.keys(data).filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key));
  return wrong.map((key) => fieldError.invalid(`${field}[${key}]`, key, KEY));
}

/** Of ConfigMaps and Secrets. */
function dataErrors(object: ApiObject, old?: ApiObject): Cause[] {
  const { data = {}, binaryData = {} } = object;
  const twice = Object.keys(binaryData).filter((key) => key in data);
  const why = "duplicate of key present in binaryData";
  return [
    ...keyErrors(data, "data"),
    ...keyErrors(binaryData, "binaryData"),
    ...twice.map((key) => fieldError.invalid(`data[${key}]`, key, why)),
    ...frozenErrors(object, old),
  ];
}

function frozenErrors(object: ApiObject, old?: ApiObject): Cause[] {
  if (!old?.immutable) return [];
  const why = "field is immutable when `immutable` is set";
  if (!object.immutable) return [fieldError.forbidden("immutable", why)];
  return unless(equal(object.data, old.data), fieldError.forbidden("data", why));
}

const FAMILIES: Record<string, number> = { IPv4: 4, IPv6: 6 };

function sliceErrors({ addressType, endpoints = [] }: ApiObject, old?: ApiObject): Cause[] {
  if (!addressType) return [required("addressType")];
  if (old && old.addressType !== addressType)
    return unlessSame("addressType", addressType, old.addressType);
  const family = FAMILIES[addressType];
  const isGood = (text: string) => family === undefined || parseAddress(text)?.family === family;
  const why = `must be a valid ${addressType} address`;
  return (endpoints as { addresses: string[] }[]).flatMap(({ addresses }, at) =>
    addresses.flatMap((text, which) =>
      unless(isGood(text), fieldError.invalid(`endpoints[${at}].addresses[${which}]`, text, why)),
    ),
  );
}

function eventErrors({ involvedObject, metadata }: ApiObject): Cause[] {
  const { namespace = "" } = involvedObject ?? {};
  const why = "does not match event.namespace";
  return unless(
    (namespace || "default") === metadata.namespace,
    fieldError.invalid("involvedObject.namespace", namespace, why),
  );
}

function ruleErrors({ rules = [] }: ApiObject): Cause[] {
  return (rules as PolicyRule[]).flatMap((rule, at) => {
    const needed = (field: "verbs" | "apiGroups" | "resources", why: string) =>
      unless(rule[field]?.length, required(`rules[${at}].${field}`, why));
    const verbs = needed("verbs", "verbs must contain at least one value");
    if (verbs.length > 0 || rule.nonResourceURLs?.length) return verbs;
    return [
      ...needed("apiGroups", "resource rules must supply at least one api group"),
      ...needed("resources", "resource rules must supply at least one resource"),
    ];
  });
}

function roleRefErrors({ roleRef }: ApiObject, old?: ApiObject): Cause[] {
  return old ? unlessSame("roleRef", roleRef, old.roleRef, "cannot change roleRef") : [];
}

interface WebhookPart {
  sideEffects?: string;
  clientConfig?: { url?: string };
  admissionReviewVersions?: string[];
}

function webhookErrors({ webhooks = [] }: ApiObject): Cause[] {
  const https = "'https' is the only allowed URL scheme; desired format: https://host[/path]";
  return (webhooks as WebhookPart[]).flatMap((webhook, at) => {
    const field = `webhooks[${at}]`;
    const { sideEffects, admissionReviewVersions: versions } = webhook;
    const url = webhook.clientConfig?.url;
    return [
      ...unless(
        sideEffects,
        required(`${field}.sideEffects`, "must specify one of None, NoneOnDryRun"),
      ),
      ...unless(
        versions?.length,
        required(`${field}.admissionReviewVersions`, "must specify one of v1, v1beta1"),
      ),
      ...unless(
        url?.startsWith("https://") ?? true,
        fieldError.invalid(`${field}.clientConfig.url`, url, https),
      ),
    ];
  });
}
