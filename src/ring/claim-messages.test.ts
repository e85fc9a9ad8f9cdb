import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { addressFromBytes, formatAddress } from "../ip/index.ts";
import { decodeBeatMessage, encodeBeatMessage } from "./beat-messages.ts";
import { claimMessages, decodeClaims, encodeClaims } from "./claim-messages.ts";
import type { Claim } from "./claims.ts";

const anyAddress = fc
  .oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  .map((bytes) => formatAddress(addressFromBytes(bytes)!));
const anyClaim = fc.record({
  address: anyAddress,
  owner: fc.constantFrom("node1", "worker-2.example.org", "näme"),
  term: fc.integer({ min: 1, max: 0xffff_ffff }),
});
const sorted = (claims: readonly Claim[]): string[] =>
  claims.map((one) => JSON.stringify(one)).sort();

describe("claims as bytes", () => {
  it("come back as they went, in one piece and in packets", () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 400 }), (claims) => {
        const whole = encodeClaims(claims);
        if (claims.length > 0) assert.deepEqual(sorted(decodeClaims(whole)!), sorted(claims));
        else assert.equal(whole.length, 0);
        const messages = claimMessages(claims);
        const told = messages.flatMap((message) => decodeClaims(message)!);
        assert.deepEqual(sorted(told), sorted(claims));
        for (const { length } of messages) assert.ok(length <= 1150, `${length} bytes`);
      }),
    );
  });

  it("of ten thousand addresses are 80 kB, or 200 kB for IPv6", () => {
    const of = (prefix: string, base: number) =>
      Array.from({ length: 10_000 }, (_, index) => {
        const address =
          base === 16 ? `${prefix}${index.toString(16)}` : `10.0.${index >> 8}.${index & 255}`;
        return { address, owner: `node${index % 50}`, term: 1 };
      });
    assert.ok(encodeClaims(of("", 10)).length < 81_000);
    assert.ok(encodeClaims(of("2001:db8::", 16)).length < 201_000);
  });

  it("of many owners share packets", () => {
    const claims = Array.from({ length: 300 }, (_, index) => {
      return { address: `10.0.${index >> 8}.${index & 255}`, owner: `node${index >> 1}`, term: 1 };
    });
    const messages = claimMessages(claims);
    // 150 owners of 12 bytes and less, and 300 claims of 8 bytes.
    assert.equal(messages.length, 4);
    assert.deepEqual(sorted(messages.flatMap((one) => decodeClaims(one)!)), sorted(claims));
  });

  it("are never read from anything else, and what is cut or broken is refused whole", () => {
    const bytes = encodeClaims([
      { address: "192.0.2.1", owner: "node1", term: 1 },
      { address: "2001:db8::1", owner: "node1", term: 2 },
    ]);
    for (let length = 5; length < bytes.length; length++) {
      assert.equal(decodeClaims(bytes.subarray(0, length)), undefined);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (junk) => {
        assert.equal(decodeClaims(junk), undefined);
        decodeClaims(Uint8Array.of(...bytes.subarray(0, 4), ...junk));
      }),
    );
  });

  it("are no beat, and no beat is a claim; a beat says which ones its sender knows", () => {
    const beat = {
      kind: "beat",
      name: "node1",
      seq: 7,
      view: 9,
      isLast: false,
      isHail: false,
    } as const;
    assert.equal(decodeClaims(encodeBeatMessage(beat)), undefined);
    const bytes = encodeClaims([{ address: "192.0.2.1", owner: "node1", term: 1 }]);
    assert.equal(decodeBeatMessage(bytes), undefined);
    assert.deepEqual(decodeBeatMessage(encodeBeatMessage(beat)), beat);
    const withClaims = { ...beat, claims: 0xfedc_ba98 };
    assert.deepEqual(decodeBeatMessage(encodeBeatMessage(withClaims)), withClaims);
    assert.equal(encodeBeatMessage(withClaims).length, encodeBeatMessage(beat).length + 4);
  });
});
