import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Metric } from "./metric.ts";

describe("Metric", () => {
  it("shows help, type and its one series from the start when it has no labels", () => {
    const metric = new Metric({ type: "counter", name: "seen", help: "Things seen" });
    assert.equal(metric.expose(), "# HELP seen Things seen\n# TYPE seen counter\nseen 0\n");
    metric.inc();
    metric.inc(2);
    assert.match(metric.expose(), /^seen 3$/m);
    metric.reset();
    assert.match(metric.expose(), /^seen 0$/m);
  });

  it("shows labels in the declared order, and quotes what the format asks to quote", () => {
    const metric = new Metric({ type: "gauge", name: "g", help: "G", labelNames: ["a", "b"] });
    assert.doesNotMatch(metric.expose(), /^g/m);
    metric.set(1, { b: 'say "hi"', a: "C:\\x\ny" });
    assert.match(metric.expose(), /^g\{a="C:\\\\x\\ny",b="say \\"hi\\""\} 1$/m);
    metric.remove({ a: "C:\\x\ny", b: 'say "hi"' });
    assert.doesNotMatch(metric.expose(), /^g/m);
  });

  it("asks for values that are kept elsewhere at each exposition", () => {
    let value = 1;
    const collect = (metric: Metric): void => metric.set(value);
    const metric = new Metric({ type: "gauge", name: "g", help: "G", collect });
    assert.match(metric.expose(), /^g 1$/m);
    value = 2;
    assert.match(metric.expose(), /^g 2$/m);
  });
});
