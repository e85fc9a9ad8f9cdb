import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeProtobuf } from "./protobuf.ts";

function field(tag: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([tag * 8 + 2, bytes.length]), bytes]);
}

describe("protobuf bodies", () => {
  const typeMeta = field(1, Buffer.concat([field(1, "v1"), field(2, "Secret")]));
  const body = (raw: Buffer) => Buffer.concat([Buffer.from("k8s\0"), typeMeta, field(2, raw)]);

  it("become the JSON that they stand for, without Go's empty texts", () => {
    const metadata = field(
      1,
      Buffer.concat([field(1, "memberlist"), field(2, ""), field(3, "metallb-system")]),
    );
    const data = field(2, Buffer.concat([field(1, "secretkey"), field(2, "s3cret")]));
    assert.deepEqual(decodeProtobuf(body(Buffer.concat([metadata, data]))), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "memberlist", namespace: "metallb-system" },
      data: { secretkey: Buffer.from("s3cret").toString("base64") },
    });
  });

  it("are refused when cut short or without their prefix", () => {
    const whole = body(field(3, "Opaque"));
    assert.throws(() => decodeProtobuf(whole.subarray(0, -2)), { code: 400 });
    assert.throws(() => decodeProtobuf(Buffer.from("{}")), { code: 400 });
  });
});
