import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseGoFlags, type FlagResult } from "./go-flags.ts";

const specs = {
  port: { kind: "port", default: 7472, usage: "metrics port" },
  config: { kind: "string", default: "config", usage: "ConfigMap name" },
  host: { kind: "string", default: "", usage: "metrics address", env: "METALLB_HOST" },
  quiet: { kind: "bool", default: false, usage: "say less" },
  wait: { kind: "int", default: 3000, usage: "wait, in ms", env: "METALLB_WAIT" },
} as const;

function parse(argv: string[], env: Record<string, string> = {}): FlagResult<typeof specs> {
  return parseGoFlags("controller", specs, argv, env);
}

/** The values, of a command line that must be right. */
function values(argv: string[], env: Record<string, string> = {}): Record<string, unknown> {
  const result = parse(argv, env);
  assert.ok(result.ok, result.ok ? "" : result.text);
  return result.values;
}

describe("parseGoFlags", () => {
  it("LC-40, INS-3: one or two dashes, =value or the next word", () => {
    for (const argv of [["-port=80"], ["--port=80"], ["-port", "80"], ["--port", "80"]]) {
      assert.equal(values(argv)["port"], 80, argv.join(" "));
    }
    assert.equal(values(["--config=a=b"])["config"], "a=b");
    assert.equal(values(["--config="])["config"], "");
  });

  it("INS-3: a boolean takes a value only after =", () => {
    assert.equal(values(["-quiet"])["quiet"], true);
    assert.equal(values(["-quiet=false"])["quiet"], false);
    const result = parse(["-quiet", "false", "-port=1"]);
    assert.ok(result.ok);
    assert.equal(result.values.quiet, true);
    assert.equal(result.values.port, 7472, "a word without dash ends the flags");
  });

  it("FL-1: the command line beats the environment, the environment the default", () => {
    assert.equal(values([])["host"], "");
    assert.equal(values([], { METALLB_HOST: "192.0.2.1" })["host"], "192.0.2.1");
    const env = { METALLB_HOST: "192.0.2.1", METALLB_WAIT: "junk" };
    const argv = ["--host=192.0.2.2", "--wait=5"];
    assert.deepEqual([values(argv, env)["host"], values(argv, env)["wait"]], ["192.0.2.2", 5]);
    assert.equal(values([], { METALLB_WAIT: "10" })["wait"], 10);
  });

  it("says which flags stood on the command line", () => {
    const result = parse(["--port=7472"], { METALLB_HOST: "192.0.2.1" });
    assert.ok(result.ok);
    assert.deepEqual([...result.given], ["port"]);
  });

  const refused: [string, string[], RegExp][] = [
    [
      "an unknown flag",
      ["--colour"],
      /^flag provided but not defined: -colour\nUsage of controller:/,
    ],
    ["a port that is no number", ["--port=http"], /^invalid value "http" for flag -port: .*port/],
    ["a port that is no integer", ["--port=80.5"], /^invalid value "80.5" for flag -port/],
    ["a port too large", ["--port=65536"], /^invalid value "65536" for flag -port/],
    ["a boolean that is none", ["--quiet=maybe"], /^invalid value "maybe" for flag -quiet/],
    ["a flag without its value", ["--config"], /^flag needs an argument: -config/],
    ["three dashes", ["---port=1"], /^bad flag syntax: ---port=/],
    ["a secret in a bad word", ["---ml-secret-key=hunter2"], /^(?![^]*hunter2)bad flag syntax/],
    ["a name from every object's prototype", ["--toString"], /not defined: -toString/],
  ];
  for (const [name, argv, message] of refused) {
    it(`LC-40: ${name} gives usage and status 2`, () => {
      const result = parse(argv);
      assert.ok(!result.ok);
      assert.equal(result.exitCode, 2);
      assert.match(result.text, message);
      assert.match(result.text, /-port int\n\s+metrics port \(default 7472\)/);
    });
  }

  it("FL-2: a bad value in the environment gives status 1, naming the variable", () => {
    const result = parse([], { METALLB_WAIT: "long" });
    assert.ok(!result.ok);
    assert.equal(result.exitCode, 1);
    assert.match(result.text, /^invalid value "long" for variable METALLB_WAIT: [^\n]*\n$/);
  });

  it("LC-40: -h prints the usage with status 0", () => {
    for (const argv of [["-h"], ["--help"]]) {
      const result = parse(argv);
      assert.ok(!result.ok);
      assert.equal(result.exitCode, 0);
      assert.match(result.text, /^Usage of controller:/);
    }
  });
});
