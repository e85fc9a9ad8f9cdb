import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { runMembers } from "./members.ts";

const calm = {
  self: "n1",
  encryption: "AES-256",
  fastFailover: true,
  beatMs: 120,
  watchedBy: ["n2"],
  members: [
    { name: "n1", address: "192.0.2.1:7946", state: "alive", sinceSeconds: 61, isOurs: true },
    {
      name: "n2",
      address: "192.0.2.2:7946",
      state: "alive",
      sinceSeconds: 8000,
      isOurs: true,
      ackMs: 0.42,
      detector: { heardMsAgo: 20, silenceMs: 900.4, shortestMs: 400, lossPercent: 7.5 },
    },
    {
      name: "n3",
      address: "192.0.2.4:7946",
      state: "alive",
      sinceSeconds: 3,
      isOurs: true,
      says: { l2: "eth0!carrier:192.0.2.0/24;eth1" },
    },
    { name: "stock", address: "192.0.2.3:7946", state: "alive", sinceSeconds: 3, isOurs: false },
  ],
  changes: [
    { at: "2026-11-26T10:00:00.000Z", what: "leave", member: "n4", why: "found silent by n2" },
  ],
};

describe("metallb members", () => {
  const servers: { close(): unknown }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  const ask = async (page: unknown, ...words: string[]) => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/members" ? 200 : 404;
      response.end(JSON.stringify(page));
    });
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/members`;
    return run("--url", url, ...words);
  };
  const run = async (...words: string[]) => {
    let [out, err] = ["", ""];
    const output = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      hasColours: false,
    };
    const status = await runMembers(words, {}, output);
    return { status, out, err };
  };

  it("shows who is seen, how patiently each is watched, and what changed and why", async () => {
    const { status, out } = await ask(calm);
    assert.equal(status, 0);
    assert.match(out, /^n1 sees 4 members, 4 alive\n/);
    assert.match(out, /encryption: AES-256; fast failover: beats every 120 ms, watched by n2\n/);
    assert.match(
      out,
      /n2 +192\.0\.2\.2:7946 +alive +2h +0\.4 ms +900 ms \(widened\) +7\.5 % +metallb-ts\n/,
    );
    assert.match(out, /stock +192\.0\.2\.3:7946 +alive +3s +- +gossip's +- +stock\n/);
    assert.match(
      out,
      /\ninterfaces that answer:\n {2}n3 +eth0!carrier:192\.0\.2\.0\/24 {2}eth1\n\nlately:/,
    );
    assert.match(out, /leave +member=n4 why="found silent by n2"/);
  });

  it("shows which addresses moved, why, and how long each part took", async () => {
    const takeover = {
      at: "2026-11-26T10:00:00.000Z",
      service: "default/shop",
      ips: ["192.0.2.200"],
      from: "n4",
      to: "n1",
      because: "dead",
      foundBy: "n2",
      silentMs: 401,
      inquiryMs: 52,
      announcedMs: 1.5,
    };
    const { foundBy: _, silentMs: __, inquiryMs: ___, ...goodbye } = takeover;
    const moves = [takeover, { ...goodbye, because: "left" }];
    const { out } = await ask({ ...calm, moves });
    assert.match(
      out,
      /\nmoved lately:\n {2}2026-11-26T10:00:00\.000Z {2}default\/shop: 192\.0\.2\.200 moved from node "n4" to node "n1": /,
    );
    assert.match(
      out,
      /: node "n4" was silent for 401 ms \(noticed\), found dead after an inquiry of 52 ms/,
    );
    assert.match(out, /: the speaker of node "n4" said goodbye, first announcement 1\.5 ms later/);
  });

  it("takes moves between the same nodes for the same reason together, with the first one's times", async () => {
    const because = "left";
    const move = (index: number): object => {
      const [at, service] = [`2026-11-26T10:00:00.00${index}Z`, `default/s${index}`];
      return {
        at,
        service,
        ips: [`192.0.2.${index}`],
        from: "n4",
        to: "n1",
        because,
        announcedMs: index,
      };
    };
    const back = { ...move(9), from: "n1", to: "n4", because: "joined" };
    const { out } = await ask({ ...calm, moves: [back, ...[5, 4, 3, 2, 1].map(move)] });
    assert.match(
      out,
      /\n {2}2026-11-26T10:00:00\.001Z {2}default\/s1, default\/s2, default\/s3 and 2 more moved from node "n4" to node "n1": the speaker of node "n4" said goodbye, first announcement 1 ms later \(announced\)\n$/,
    );
    assert.match(out, /default\/s9: 192\.0\.2\.9 moved from node "n1" to node "n4": /);
  });

  it("gives the page as it is with -o json, and status 1 while somebody is suspect or dead", async () => {
    const [first, ...rest] = calm.members;
    const troubled = { ...calm, members: [first, { ...rest[0], state: "suspect" }] };
    const { status, out } = await ask(troubled, "-o", "json");
    assert.equal(status, 1);
    assert.deepEqual(JSON.parse(out), troubled);
  });

  it("says why gossip is off", async () => {
    const { status, out } = await ask({ off: "METALLB_ML_LABELS (--ml-labels) not set" });
    assert.equal(status, 0);
    assert.match(out, /^gossip is off: METALLB_ML_LABELS/);
  });

  it("shows control characters of a foreign name escaped", async () => {
    const { out } = await ask({ ...calm, self: "n\u202e1" });
    assert.match(out, /n\\u\{202e\}1 sees/);
  });

  it("says what to do where no speaker answers", async () => {
    const { status, err } = await run("--url", "http://127.0.0.1:1/members");
    assert.equal(status, 2);
    assert.match(
      err,
      /members: http:\/\/127\.0\.0\.1:1\/members: .*; run this where a speaker runs/,
    );
  });

  it("says how to name the page that was meant, rather than ask another", async () => {
    const { status, out, err } = await run("http://192.0.2.1:7472/members");
    assert.deepEqual({ status, out }, { status: 2, out: "" });
    assert.match(
      err,
      /"http:\/\/192\.0\.2\.1:7472\/members": the page of a speaker is given with --url/,
    );
  });
});
