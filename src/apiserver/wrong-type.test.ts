import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { builtinSchema } from "./builtin-schema.ts";
import { wrongType } from "./wrong-type.ts";

describe("schemas", () => {
  it("of built-in kinds know their lists, defaults and types", () => {
    const service = builtinSchema("", "Service")!;
    const ports = service.properties!.spec!.properties!.ports!;
    assert.deepEqual(ports["x-kubernetes-list-map-keys"], ["port", "protocol"]);
    assert.equal(ports["x-kubernetes-patch-merge-key"], "port");
    const wrong = wrongType({ spec: { ports: [{ port: "80" }] } }, service, "Service");
    assert.match(
      wrong ?? "",
      /cannot unmarshal string into Go struct field Service.spec.ports.port of type int32/,
    );
    assert.equal(
      wrongType({ metadata: { creationTimestamp: null } }, service, "Service"),
      undefined,
    );
  });
});
