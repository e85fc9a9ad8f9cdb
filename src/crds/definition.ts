/** A CustomResourceDefinition of MetalLB from the few things in which its kinds differ (CRD-1). */
import type { Schema } from "../schema/index.ts";
import { text } from "./fields.ts";

interface PrinterColumn {
  name: string;
  type: "string" | "boolean" | "integer" | "date";
  jsonPath: string;
  /** 0, or absent: always shown; above: only with `-o wide`. */
  priority?: number;
}

export interface DefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema: { openAPIV3Schema: Schema };
  subresources: { status: Record<string, never> };
  additionalPrinterColumns?: readonly PrinterColumn[];
}

export interface CustomResourceDefinition {
  apiVersion: "apiextensions.k8s.io/v1";
  kind: "CustomResourceDefinition";
  metadata: { name: string };
  spec: {
    group: string;
    names: { kind: string; listKind: string; plural: string; singular: string };
    scope: "Namespaced";
    conversion?: object;
    versions: readonly DefinitionVersion[];
  };
}

/** How one version of a kind differs from those of others. */
interface VersionPlan {
  name?: string;
  description: string;
  spec?: Schema;
  status: Schema;
  required?: string[];
  columns?: readonly PrinterColumn[];
  /** The warning that each request of a deprecated version is answered with. */
  deprecationWarning?: string;
}

/** The last version is the stored one. */
export function definition(
  kind: string,
  plural: string,
  versions: readonly VersionPlan[],
  conversion?: object,
): CustomResourceDefinition {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.metallb.io` },
    spec: {
      ...(conversion ? { conversion } : {}),
      group: "metallb.io",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: "Namespaced",
      versions: versions.map((one) => definitionVersion(one, one === versions.at(-1))),
    },
  };
}

function definitionVersion(plan: VersionPlan, storage: boolean): DefinitionVersion {
  const { name = "v1beta1", columns, deprecationWarning } = plan;
  return {
    name,
    served: true,
    storage,
    ...(deprecationWarning ? { deprecated: true, deprecationWarning } : {}),
    ...(columns ? { additionalPrinterColumns: columns } : {}),
    schema: { openAPIV3Schema: objectSchema(plan) },
    subresources: { status: {} },
  };
}

function objectSchema({ description, spec, status, required }: VersionPlan): Schema {
  return {
    type: "object",
    description,
    properties: {
      apiVersion: text("The group and the version in which the object is written."),
      kind: text("The kind of the object."),
      metadata: { type: "object" },
      ...(spec ? { spec } : {}),
      status,
    },
    ...(required ? { required } : {}),
  };
}

/** A column of `kubectl get`. */
export function column(
  name: string,
  jsonPath: string,
  type: PrinterColumn["type"] = "string",
  priority?: number,
): PrinterColumn {
  return { name, type, jsonPath, ...(priority === undefined ? {} : { priority }) };
}
