import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { failed, readAdmissionReview, writeAdmissionReview } from "./admission-review.ts";

const review = (request: unknown, apiVersion = "admission.k8s.io/v1") =>
  JSON.stringify({ apiVersion, kind: "AdmissionReview", request });

describe("admission review", () => {
  it("WH-8: a request is answered under its uid, in its version", () => {
    for (const version of ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]) {
      const read = readAdmissionReview(review({ uid: "u-1", operation: "CREATE" }, version));
      assert.ok(read.ok);
      const answer = JSON.parse(writeAdmissionReview({ allowed: true }, read.review));
      assert.deepEqual(answer, {
        apiVersion: version,
        kind: "AdmissionReview",
        response: { uid: "u-1", allowed: true },
      });
    }
  });

  it("WH-8: what is no review gets a reason, and a refusal with code 400", () => {
    const wrong = [
      "",
      "garbage",
      "[]",
      "null",
      "{}",
      review(undefined),
      review(null),
      review({}),
      review({ uid: 7 }),
      review({ uid: "u" }, "admission.k8s.io/v9"),
      '{"kind":"AdmissionReview","apiVersion":{"toString":1}}',
      "[".repeat(1_000_000),
      `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`,
    ];
    for (const text of wrong) {
      const read = readAdmissionReview(text);
      assert.ok(!read.ok, text.slice(0, 60));
      const answer = JSON.parse(writeAdmissionReview(failed(400, read.error)));
      assert.equal(answer.response.status.code, 400);
      assert.equal(answer.response.allowed, false);
      assert.ok(answer.response.status.message.length < 500);
    }
  });

  it("brackets in strings are no depth", () => {
    const text = review({ uid: "u", note: `\\"${"[{".repeat(1000)}"` });
    assert.ok(readAdmissionReview(text).ok);
  });

  it("never throws, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (request) => {
        const read = readAdmissionReview(review(request));
        if (read.ok) JSON.parse(writeAdmissionReview({ allowed: true }, read.review));
      }),
    );
  });
});
