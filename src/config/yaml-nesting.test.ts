import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileConfigMap } from "./from-configmap.ts";
import { findDeepNesting } from "./yaml-nesting.ts";

const problemOf = (text: string): string | undefined => {
  const compiled = compileConfigMap(text);
  return compiled.ok ? undefined : compiled.findings[0]?.message;
};

describe("YAML that would only cost time", () => {
  it("LC-2: brackets, dashes and blanks that open hundreds of levels are refused unread", () => {
    const blanks = Array.from({ length: 1300 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n");
    for (const text of ["[".repeat(1e6), "- ".repeat(5e5), "{a: ".repeat(2e5), blanks]) {
      assert.match(problemOf(text) ?? "", /nested too deeply/);
    }
  });

  it("LC-2: as deep as anybody writes is no fault, and closed brackets do not add up", () => {
    assert.equal(findDeepNesting("[[[1], [2]]]\n".repeat(1000)), undefined);
    assert.equal(findDeepNesting(`a: {b: [${"[1], ".repeat(5000)}]}`), undefined);
    assert.equal(findDeepNesting(`${" ".repeat(200)}- a: b`), undefined);
  });

  it("LC-1, LC-2: a document longer than a ConfigMap can hold is refused, naming length and limit", () => {
    const empty = "address-pools: []\n";
    assert.equal(problemOf(empty.padEnd(1024 * 1024, "#")), undefined);
    assert.match(problemOf(empty.padEnd(1024 * 1024 + 1, "#")) ?? "", /1048577 .*1 MiB/);
  });
});
