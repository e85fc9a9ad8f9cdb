/** From the legacy ConfigMap to custom resources. */
export { migrate, type Migration } from "./migrate.ts";
export type { Renaming } from "./notes.ts";
