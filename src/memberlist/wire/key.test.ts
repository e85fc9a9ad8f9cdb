import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gossipKey, gossipKeys } from "./key.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("keys from the secret", () => {
  it("ML-51: a long secret is cut, a short one filled up with the hash of nothing", () => {
    const long = "a secret of more than thirty-two bytes";
    assert.deepEqual(gossipKey(bytesOf(long), 16), bytesOf(long.slice(0, 16)));
    assert.deepEqual(gossipKey(bytesOf(long), 32), bytesOf(long.slice(0, 32)));
    const short = Buffer.from(gossipKey(bytesOf("ab"), 16)).toString("hex");
    assert.equal(short, "6162e3b0c44298fc1c149afbf4c8996f");
  });

  it("ML-52: white space and line ends count", () => {
    assert.notDeepEqual(gossipKey(bytesOf("ab\n"), 16), gossipKey(bytesOf("ab"), 16));
  });

  it("ML-55: the ring also opens what the other generation sends", () => {
    const secret = bytesOf("gossip");
    const [old, modern] = [gossipKey(secret, 16), gossipKey(secret, 32)];
    assert.deepEqual(gossipKeys(secret, 16), [old, modern]);
    assert.deepEqual(gossipKeys(secret, 32), [modern, old]);
    assert.deepEqual(gossipKeys(bytesOf(""), 32), []);
  });
});
