import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lanTimings } from "../memberlist/index.ts";
import { parseTimings, readTimingsFile } from "./timings-file.ts";

const complete = {
  TCPTimeout: "10s",
  IndirectChecks: 3,
  RetransmitMult: 4,
  SuspicionMult: 4,
  SuspicionMaxTimeoutMult: 6,
  PushPullInterval: "30s",
  ProbeTimeout: "500ms",
  ProbeInterval: "1s",
  DisableTcpPings: false,
  AwarenessMaxMultiplier: 8,
  GossipNodes: 3,
  GossipInterval: "200ms",
  GossipToTheDeadTime: "30s",
  GossipVerifyIncoming: true,
  GossipVerifyOutgoing: true,
  EnableCompression: true,
  HandoffQueueDepth: 1024,
  UDPBufferSize: 1400,
  QueueCheckInterval: "30s",
};

describe("the file of memberlist's numbers", () => {
  it("ML-131: holds all of them, durations in Go's notation; what is unknown is ignored", () => {
    assert.deepEqual(parseTimings(JSON.stringify({ ...complete, Later: "x" })), lanTimings);
    const quick = { ...complete, ProbeInterval: "1.5s", GossipNodes: 5 };
    const { probeIntervalMs, gossipNodes } = parseTimings(JSON.stringify(quick));
    assert.deepEqual([probeIntervalMs, gossipNodes], [1500, 5]);
  });

  it("ML-132: is refused where a key of any kind is missing, so that encryption is never switched off by a gap", () => {
    for (const key of Object.keys(complete)) {
      const { [key as keyof typeof complete]: _gone, ...rest } = complete;
      assert.throws(
        () => parseTimings(JSON.stringify(rest)),
        new RegExp(`^Error: ${key} is missing`),
      );
    }
  });

  it("is refused where a value is of another type, or no duration above zero", () => {
    const wrong: [keyof typeof complete, unknown, RegExp][] = [
      ["ProbeInterval", 1000, /ProbeInterval: 1000 must be a duration above zero, such as "200ms"/],
      ["ProbeInterval", "0s", /ProbeInterval: "0s" must be a duration/],
      ["ProbeInterval", "-1s", /must be a duration/],
      ["GossipNodes", "3", /GossipNodes: "3" must be a whole number/],
      ["GossipNodes", -1, /GossipNodes: -1 must be a whole number/],
      ["EnableCompression", "true", /EnableCompression: "true" must be true or false/],
    ];
    for (const [key, value, message] of wrong) {
      assert.throws(() => parseTimings(JSON.stringify({ ...complete, [key]: value })), message);
    }
    assert.throws(() => parseTimings("[]"), /must hold a JSON object/);
    assert.throws(() => parseTimings("{"), SyntaxError);
  });

  it("is not needed", () => {
    assert.equal(readTimingsFile("/nowhere/config.json"), undefined);
  });
});
