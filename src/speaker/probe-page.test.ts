import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../ip/index.ts";
import { RequestRefused } from "../platform/index.ts";
import { openReply, probeKey, sealRequest } from "../program/index.ts";
import { probePage } from "./probe-page.ts";

const key = probeKey("the secret of this test") as Uint8Array;
const request = {
  nonce: "n",
  at: 1000,
  do: "probe",
  addresses: ["192.0.2.1", "2001:DB8::1"],
} as const;

function pageWith(secret: string): ReturnType<typeof probePage> {
  return probePage({
    key: probeKey(secret),
    nodeName: "a",
    nowMs: () => 1000,
    probes: {
      where: () => ({ kind: "here" }),
      ask: async (ip) => {
        return formatAddress(ip) === "192.0.2.1" ? { kind: "free" } : { kind: "ours" };
      },
    },
  });
}

describe("the page on which addresses are asked for", () => {
  it("answers for each address, and proves that it holds the secret", async () => {
    const page = pageWith("the secret of this test");
    assert.deepEqual(openReply(key, "n", await page(sealRequest(key, request))), {
      node: "a",
      answers: { "192.0.2.1": { kind: "free" }, "2001:db8::1": { kind: "ours" } },
    });
    const where = { ...request, addresses: ["192.0.2.1"], do: "where" } as const;
    assert.deepEqual(openReply(key, "n", await page(sealRequest(key, where))), {
      node: "a",
      answers: { "192.0.2.1": { kind: "here" } },
    });
  });

  it("asks for nobody who does not hold the secret, nor where there is none", async () => {
    const refused = (status: number) => (error: unknown) =>
      error instanceof RequestRefused && error.status === status;
    const page = pageWith("the secret of this test");
    const stranger = probeKey("another") as Uint8Array;
    await assert.rejects(page(sealRequest(stranger, request)), refused(401));
    await assert.rejects(page("{}"), refused(401));
    await assert.rejects(page(sealRequest(key, { ...request, at: 1_000_000 })), refused(401));
  });

  it("tells a stranger alike that the secret is another one, and that there is none", async () => {
    const said = await Promise.all(
      ["another secret", ""].map(async (secret) => {
        const answer = pageWith(secret)(sealRequest(key, request));
        const error = await answer.then(
          () => undefined,
          (refusal: unknown) => refusal,
        );
        assert.ok(error instanceof RequestRefused);
        return [error.status, error.message];
      }),
    );
    assert.equal(said[0]?.[0], 401);
    assert.deepEqual(said[1], said[0]);
  });
});
