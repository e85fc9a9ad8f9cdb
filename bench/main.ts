/** `npm run -s bench -- NAME [flags]`: runs one row of the benchmark table, JSON lines on stdout. */
import { readdirSync } from "node:fs";

interface Benchmark {
  run: (args: string[]) => Promise<void>;
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "main.ts" && !file.startsWith("lib-"))
  .map((file) => file.slice(0, -".ts".length))
  .sort();

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  process.stderr.write(
    `usage: npm run -s bench -- NAME [flags]; NAME is one of: ${names.join(", ")}\n`,
  );
  process.exit(name === undefined ? 0 : 2);
}
const { run } = (await import(`./${name}.ts`)) as Benchmark;
await run(args);
