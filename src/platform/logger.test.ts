import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { createLogger, type Logger, type LoggerOptions } from "./logger.ts";

function collect(options: Omit<LoggerOptions, "write">): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger({ ...options, write: (line) => lines.push(line) }), lines };
}

describe("logger", () => {
  it("LC-44: a legacy line is JSON with ts, caller, then the event's keys, and no level", () => {
    const { logger, lines } = collect({ form: "legacy" });
    logger.info({ event: "ipAllocated", ip: "192.0.2.1" });
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.endsWith("}\n"));
    const line = JSON.parse(lines[0] ?? "") as Record<string, string>;
    assert.deepEqual(Object.keys(line), ["ts", "caller", "event", "ip"]);
    assert.match(line["ts"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    assert.match(line["caller"] ?? "", /^logger\.test\.ts:\d+$/);
  });

  it("LOG-1: a modern line has a level, whole seconds and sorted keys", () => {
    const { logger, lines } = collect({ form: "modern" });
    logger.warn({ op: "setConfig", a: 1 });
    const line = JSON.parse(lines[0] ?? "") as Record<string, string>;
    assert.deepEqual(Object.keys(line), ["a", "caller", "level", "op", "ts"]);
    assert.equal(line["level"], "warn");
    assert.match(line["ts"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("drops what is below the level, and all of it at none", () => {
    const { logger, lines } = collect({ form: "modern", level: "warn" });
    logger.info({});
    logger.error({});
    assert.equal(lines.length, 1);
    const none = collect({ form: "modern", level: "none" });
    none.logger.error({});
    assert.equal(none.lines.length, 0);
  });

  it("INS-10: with() adds fields, errors and big integers print as text, one line each", () => {
    const { logger, lines } = collect({ form: "legacy" });
    logger.with({ service: "a/b" }).error({ error: new Error("no\nluck"), count: 5n });
    assert.equal(lines[0]?.split("\n").length, 2);
    const line = JSON.parse(lines[0] ?? "") as Record<string, string>;
    assert.equal(line["service"], "a/b");
    assert.equal(line["error"], "no\nluck");
    assert.equal(line["count"], "5");
  });

  it("LOG-3: passwords and keys are replaced wherever they stand", () => {
    const { logger, lines } = collect({ form: "legacy" });
    logger.info({ peers: [{ address: "192.0.2.1", password: "s3cret" }], secretkey: "s3cret" });
    assert.ok(!lines[0]?.includes("s3cret"));
    assert.ok(lines[0]?.includes("<retracted>"));
  });

  it("LC-44: lines go to standard output, and a reader that goes away stops nothing", () => {
    const program = `import { createLogger } from "./src/platform/logger.ts";
      const logger = createLogger({ form: "legacy" });
      for (let line = 0; line < 20000; line++) logger.info({ line });
      setTimeout(() => { logger.info({}); console.error("still here"); }, 20);`;
    const command = `"${process.execPath}" --input-type=module-typescript -e '${program}' | head -1`;
    const { stdout, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
    assert.match(stdout, /^\{"ts":/);
    assert.match(stderr, /still here/);
  });
});
