/** The built-in kinds that this server serves, one line each. */
import { ALL_VERBS, type Resource } from "./resource.ts";
import { builtinSchema } from "./builtin-schema.ts";

// group/version: Kind plural scope [short names] {subresources} (categories)
const KINDS = `
v1: Namespace namespaces cluster [ns] {status,finalize}
v1: Node nodes cluster [no] {status}
v1: Service services namespaced [svc] {status} (all)
v1: Endpoints endpoints namespaced [ep]
v1: ConfigMap configmaps namespaced [cm]
v1: Secret secrets namespaced
v1: Pod pods namespaced [po] {status,log,eviction,binding} (all)
v1: ServiceAccount serviceaccounts namespaced [sa] {token}
v1: Event events namespaced [ev]
apps/v1: Deployment deployments namespaced [deploy] {status,scale} (all)
apps/v1: DaemonSet daemonsets namespaced [ds] {status} (all)
apps/v1: ReplicaSet replicasets namespaced [rs] {status,scale} (all)
apps/v1: ControllerRevision controllerrevisions namespaced
events.k8s.io/v1: Event events namespaced [ev]
discovery.k8s.io/v1: EndpointSlice endpointslices namespaced
coordination.k8s.io/v1: Lease leases namespaced
policy/v1: PodDisruptionBudget poddisruptionbudgets namespaced [pdb] {status}
rbac.authorization.k8s.io/v1: Role roles namespaced
rbac.authorization.k8s.io/v1: RoleBinding rolebindings namespaced
rbac.authorization.k8s.io/v1: ClusterRole clusterroles cluster
rbac.authorization.k8s.io/v1: ClusterRoleBinding clusterrolebindings cluster
apiextensions.k8s.io/v1: CustomResourceDefinition customresourcedefinitions cluster [crd,crds] {status} (api-extensions)
admissionregistration.k8s.io/v1: ValidatingWebhookConfiguration validatingwebhookconfigurations cluster [] {} (api-extensions)
admissionregistration.k8s.io/v1: MutatingWebhookConfiguration mutatingwebhookconfigurations cluster [] {} (api-extensions)
authentication.k8s.io/v1: TokenReview tokenreviews cluster
authentication.k8s.io/v1: SelfSubjectReview selfsubjectreviews cluster
authorization.k8s.io/v1: SubjectAccessReview subjectaccessreviews cluster
authorization.k8s.io/v1: SelfSubjectAccessReview selfsubjectaccessreviews cluster
authorization.k8s.io/v1: SelfSubjectRulesReview selfsubjectrulesreviews cluster
authorization.k8s.io/v1: LocalSubjectAccessReview localsubjectaccessreviews namespaced
`;

const LINE =
  /^(?:([^/: ]+)\/)?(\w+): (\w+) (\w+) (\w+)(?: \[([^\]]*)\])?(?: \{([^}]*)\})?(?: \((.*)\))?$/;

/** Kinds that are asked and answered, never stored. */
export function isReview(resource: Resource): boolean {
  return resource.kind.endsWith("Review");
}

export function builtinResources(): Resource[] {
  return KINDS.trim().split("\n").map(resourceOf);
}

function resourceOf(line: string): Resource {
  const match = LINE.exec(line);
  if (!match) throw new Error(`unreadable line in the table of kinds: ${line}`);
  const [, group = "", version = "", kind = "", plural = "", scope] = match;
  const words = (text: string | undefined) => (text ? text.split(",") : []);
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: scope === "namespaced",
    shortNames: words(match[6]),
    subresources: words(match[7]),
    categories: words(match[8]),
    schema: builtinSchema(group, kind),
    storageVersion: version,
    custom: false,
    verbs: kind.endsWith("Review") ? ["create"] : ALL_VERBS,
  };
}
