import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { speakerStatus } from "../speaker/speaker-status.ts";
import { FakeKernel, FakeNode, link } from "../testing/fake-announcer-sockets.ts";
import { runStatus } from "./status.ts";

const unwatched = { off: "--wire-check is false" };
const QUESTION =
  "ffffffffffff00112233445508060001080006040001001122334455c0000232000000000000c0000201";

describe("metallb status", () => {
  const servers: { close(): unknown }[] = [];
  const nodes: FakeNode[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const { announcer } of nodes.splice(0)) announcer.close();
  });

  const serve = async (page: unknown): Promise<string> => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/status" ? 200 : 404;
      response.end(JSON.stringify(page));
    });
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/status`;
  };
  const ask = async (page: unknown, ...words: string[]) =>
    run("--url", await serve(page), ...words);
  const run = async (...words: string[]) => {
    let [out, err] = ["", ""];
    const output = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      hasColours: false,
    };
    const status = await runStatus(words, {}, output);
    return { status, out, err };
  };

  /** A speaker with two interfaces, one of them without IPv6, that answered 41 questions in the kernel and one itself. */
  function answering(kernel = new FakeKernel()) {
    const way = { way: "kernel", reason: "possible", explanation: "it can", kernel } as const;
    const node = new FakeNode({ way, patienceMs: () => 440 });
    nodes.push(node);
    kernel.troubles.push({ name: "eth2", error: new Error("no such device") });
    node.setInterfaces([link(1), link(2, { addresses: [] })]);
    for (const text of ["192.0.2.1", "192.0.2.2", "fd00:1::1"]) {
      node.announcer.announce("shop/web", parseAddress(text)!, "all");
    }
    node.opened(1, 0x0806)[0]?.receive(QUESTION);
    node.opened(1, 0x0806)[0]?.receive(QUESTION.replace("c0000201", "c0000209"));
    kernel.answered.set("192.0.2.1", 41);
    kernel.passed["not-announced"] = 2;
    return node.announcer;
  }

  it("shows the way and why, the heartbeat, interfaces, addresses, answers and drops of each protocol", async () => {
    const { status, out } = await ask(speakerStatus("n1", answering(), unwatched));
    assert.equal(status, 0);
    assert.equal(
      out,
      [
        "speaker of node n1",
        "  layer 2: answered in the kernel, packet sockets behind it",
        "    why: it can",
        "    kernel's interfaces: eth1",
        "    heartbeat: holds 440 ms, last 0 ms ago",
        "    left to user space: eth2: no such device",
        "    passed on to user space: not-announced 2",
        "",
        "  PROTOCOL  ADDRESSES  ANSWERS  IN THE KERNEL  INTERFACES",
        "  ARP       2          42       41             eth1, eth2",
        "  NDP       1          0        0              eth1",
        "  ARP without an answer: not-announced 1",
        "",
        "  on the wire: not looked at: --wire-check is false",
        "",
      ].join("\n"),
    );
  });

  it("shows packet sockets alone and why, with status 1 where the kernel gave up", async () => {
    const kernel = new FakeKernel();
    const announcer = answering(kernel);
    announcer.kernelCounts();
    kernel.failure = new Error("cannot write to the BPF map l2_ipv4: ENOMEM");
    const { status, out } = await ask(speakerStatus("n1", announcer, unwatched));
    assert.equal(status, 1);
    assert.match(out, /layer 2: answered by packet sockets\n {4}why: cannot write .*ENOMEM\n\n/);
    assert.match(out, /ARP +2 +42 +41 +eth1, eth2\n/);
    assert.doesNotMatch(out, /heartbeat/);
  });

  it("shows several speakers, and gives their pages as a list with -o json", async () => {
    const pages = [
      speakerStatus("n1", answering(), unwatched),
      speakerStatus("n2", new FakeNode().announcer, unwatched),
    ];
    const urls: string[] = [];
    for (const page of pages) urls.push("--url", await serve(page));
    const { status, out } = await run(...urls, "-o", "json");
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(pages)));
    const text = (await run(...urls)).out;
    assert.match(
      text,
      /node n1\n[^]*\n\nspeaker of node n2\n {2}layer 2: answered by packet sockets/,
    );
  });

  it("shows the speakers that answer, and says what to do about one that does not", async () => {
    const url = await serve(speakerStatus("n1", answering(), unwatched));
    const { status, out, err } = await run("--url", url, "--url", "http://127.0.0.1:1/status");
    assert.equal(status, 2);
    assert.match(out, /speaker of node n1/);
    assert.match(err, /status: http:\/\/127\.0\.0\.1:1\/status: .*; run this where a speaker runs/);
  });

  it("shows who announces each address and what is seen of it, with status 1 where something is wrong", async () => {
    const yes = { ip: "192.0.2.2", owners: ["n2"], seen: "yes", strangers: [] };
    const answers = [{ mac: "02:00:00:00:00:02", on: "eth0" }];
    const two = { ...yes, ip: "192.0.2.3", seen: "two", answers };
    const stranger = { mac: "02:00:00:00:00:99", on: "eth0" };
    const wire = {
      seen: { yes: 1, nobody: 0, wrong: 0, two: 0, unknown: 0 },
      checks: [{ ...yes, answers }],
      askedByOthers: [{ ip: "192.0.2.1", asker: "n2" }],
      conflicts: [],
    };
    const calm = await ask(speakerStatus("n1", answering(), wire));
    assert.equal(calm.status, 0);
    const lines = [
      "  on the wire: seen of those it asks for: yes 1",
      "  ADDRESS    ANNOUNCED BY  SEEN             ANSWERED BY",
      "  192.0.2.2  n2            yes              02:00:00:00:00:02",
      "  192.0.2.1  n1            asked for by n2",
    ];
    assert.ok(calm.out.endsWith(`\n\n${lines.join("\n")}\n`), calm.out);
    const trouble = await ask(
      speakerStatus("n1", answering(), {
        ...wire,
        checks: [{ ...two, strangers: [stranger] }],
        conflicts: [{ ip: two.ip, kind: "answers", ...stranger }],
      }),
    );
    assert.equal(trouble.status, 1);
    assert.match(trouble.out, /192\.0\.2\.3 +n2 +two +02:00:00:00:00:02, 02:00:00:00:00:99\n/);
    assert.match(
      trouble.out,
      /conflict: 02:00:00:00:00:99 answers 192\.0\.2\.3 \(heard on eth0\)\n$/,
    );
    const many = Array.from({ length: 40 }, (_, at) => ({ ...yes, ip: `192.0.2.${at}`, answers }));
    const long = await ask(speakerStatus("n1", answering(), { ...wire, checks: many }));
    assert.match(long.out, /and 11 more; see -o json\n$/);
  });

  it("shows control characters of a foreign page escaped, and what is missing not at all", async () => {
    const { out } = await ask({ self: "n\u202e1" });
    assert.equal(out, "speaker of node n\\u{202e}1\n");
    assert.equal((await ask("text")).status, 2);
  });

  it("says how to name the page that was meant, rather than ask another", async () => {
    const { status, out, err } = await run("http://192.0.2.1:7472/status");
    assert.deepEqual({ status, out }, { status: 2, out: "" });
    assert.match(
      err,
      /"http:\/\/192\.0\.2\.1:7472\/status": the page of a speaker is given with --url/,
    );
  });
});
