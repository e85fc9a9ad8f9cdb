/** Bundles both programs and the CLI into one file, dist/metallb.mjs, without install scripts. */
import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const require = createRequire(import.meta.url);
const platformPackage = `@esbuild/${process.platform}-${process.arch}`;
// The package named `esbuild` only finds this binary, by an install script that we do not want.
const esbuild = join(dirname(require.resolve(`${platformPackage}/package.json`)), "bin", "esbuild");

const output = join(root, "dist", "metallb.mjs");
mkdirSync(dirname(output), { recursive: true });
// Another build may run at this moment: each writes its own file and moves it into place.
const draft = join(dirname(output), `.metallb-${process.pid}.mjs`);
// Dependencies in CommonJS call require(), which an ES module does not have by itself.
const banner =
  `import { createRequire as createRequireForBundle } from "node:module";` +
  `const require = createRequireForBundle(import.meta.url);`;

const result = spawnSync(
  esbuild,
  [
    join(root, "src/cli/main.ts"),
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--target=node24",
    "--external:@koromix/*",
    "--external:playwright-core",
    "--legal-comments=none",
    "--log-level=warning",
    `--banner:js=${banner}`,
    `--outfile=${draft}`,
  ],
  { stdio: ["ignore", "inherit", "inherit"] },
);
if (result.status !== 0) process.exit(result.status ?? 1);
renameSync(draft, output);
