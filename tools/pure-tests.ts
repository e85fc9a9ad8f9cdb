/** Which tests share nothing, so that one process does for all of them: those beside pure code, and the tidy test. */
import { globSync } from "node:fs";
import { dirname } from "node:path";

const root = dirname(import.meta.dirname);
const beside = [
  "src/{ip,bpf,kube,schema,crds,config,allocator,election,layer2,memberlist,ring}/**/*.test.ts",
  "src/{status,assignment,admission,migrate,lint,plan,wire}/**/*.test.ts",
  "src/controller/*.test.ts",
  "src/speaker/*.test.ts",
  "test/tidy.test.ts",
];
// These start servers and whole programs.
const without = [
  "src/controller/main.test.ts",
  "src/controller/{modern-program,pool-status-writer,webhook-*}.test.ts",
  "src/speaker/{cluster-watch,condition-writer,ring-program,service-status-writer}.test.ts",
];

/** Paths of their files from the root, in order. */
export function pureTests(): string[] {
  return globSync(beside, { cwd: root, exclude: without }).sort();
}
