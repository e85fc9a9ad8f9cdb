/** MetalLB's custom resources as the API server gets to know them; manifests/crds/ is written from here. */
export { customResourceDefinitions } from "./custom-resources.ts";
export type { CustomResourceDefinition, DefinitionVersion } from "./definition.ts";
