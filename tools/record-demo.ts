/** Runs the demo and keeps what a reader of docs/ wants to see: its transcript and the browser's picture. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const picture = join(root, "docs", "demo-grafana.png");
const demo = [join(root, "src/cli/main.ts"), "demo", "--screenshot", picture];
const result = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...demo], {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
});
if (result.status !== 0) {
  process.stderr.write(`the demo failed with status ${result.status}; nothing was recorded\n`);
  process.exit(1);
}
const transcript = result.stdout.toString().replaceAll(`${root}/`, "");
writeFileSync(
  join(root, "docs", "demo-transcript.md"),
  `# A transcript of \`npm run demo\`

Recorded by \`tools/record-demo.ts\`; times are of a machine with two cores.

\`\`\`text
${transcript.trimEnd()}
\`\`\`

What Chromium on the client shows:

![The login page of the stand-in for Grafana](demo-grafana.png)
`,
);
