import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { Metrics } from "../platform/index.ts";
import { FakeKernel, FakeNode, link } from "../testing/fake-announcer-sockets.ts";
import { showLayer2Counts } from "./layer2-counts.ts";

const SOLICITATION =
  "3333ff00024000112233445586dd6000000000203afffe80000000000000021122fffe334455" +
  "ff0200000000000000000001ff0002408700ab6900000000fd000001000000000000000000000240" +
  "0101001122334455";

describe("layer 2 metrics", () => {
  it("L2-140 L2-141 L2-142 L2-144: both families count by address in one metric, and drops by protocol and reason", () => {
    const node = new FakeNode();
    const metrics = new Metrics();
    const speaker = metrics.speaker();
    metrics.onScrape(() => showLayer2Counts(speaker, node.announcer));
    node.setInterfaces([link(1), link(2, { addresses: [] })]);
    for (const text of ["192.168.1.240", "fd00:1::240"]) {
      node.announcer.announce("shop/web", parseAddress(text)!, "all");
    }
    const [socket] = node.opened(1, 0x86dd);
    socket?.receive(SOLICITATION);
    socket?.receive(SOLICITATION.replace("ab69", "ab68"));
    metrics.expose();
    const { text } = metrics.expose();
    node.announcer.close();
    for (const line of [
      'metallb_layer2_requests_received{ip="192.168.1.240"} 0',
      'metallb_layer2_requests_received{ip="fd00:1::240"} 1',
      'metallb_layer2_responses_sent{ip="fd00:1::240"} 1',
      'metallb_layer2_gratuitous_sent{ip="192.168.1.240"} 4',
      'metallb_layer2_gratuitous_sent{ip="fd00:1::240"} 1',
      'metallb_speaker_layer2_dropped_total{protocol="ndp",reason="checksum"} 1',
      'metallb_speaker_layer2_dropped_total{protocol="ndp",reason="no-source-lla"} 0',
      'metallb_speaker_layer2_dropped_total{protocol="arp",reason="not-a-request"} 0',
      'metallb_speaker_layer2_responders{protocol="arp"} 2',
      'metallb_speaker_layer2_responders{protocol="ndp"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
    }
  });

  it("L2-140 L2-141 L2-144: an answer in the kernel counts as both, what it passed on apart, as user space counts it too", () => {
    const kernel = new FakeKernel();
    const way = { way: "kernel", reason: "possible", explanation: "", kernel } as const;
    const node = new FakeNode({ way });
    const metrics = new Metrics();
    const speaker = metrics.speaker();
    speaker.announced.set(1, { ip: "fd00:1::240" });
    metrics.onScrape(() => showLayer2Counts(speaker, node.announcer));
    node.setInterfaces([link(1)]);
    node.announcer.announce("shop/web", parseAddress("fd00:1::240")!, "all");
    node.opened(1, 0x86dd)[0]?.receive(SOLICITATION);
    kernel.answered.set("fd00:1::240", 41);
    kernel.passed["unusual-solicitation"] = 1;
    kernel.passed["checksum"] = 5;
    metrics.expose();
    const { text } = metrics.expose();
    for (const line of [
      'metallb_speaker_announced{service="",protocol="",node="",ip="fd00:1::240"} 1',
      'metallb_layer2_requests_received{ip="fd00:1::240"} 42',
      'metallb_layer2_responses_sent{ip="fd00:1::240"} 42',
      'metallb_layer2_gratuitous_sent{ip="fd00:1::240"} 1',
      'metallb_speaker_layer2_dropped_total{protocol="ndp",reason="checksum"} 0',
      'metallb_speaker_layer2_kernel_passed_total{reason="unusual-solicitation"} 1',
      'metallb_speaker_layer2_kernel_passed_total{reason="checksum"} 5',
      'metallb_speaker_layer2_kernel_troubles_total{kind="no-room"} 0',
      'metallb_speaker_layer2_responder_info{way="kernel",reason="possible"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
    }
    kernel.failure = new Error("ENOMEM");
    const after = metrics.expose().text;
    node.announcer.close();
    const infos = after
      .split("\n")
      .filter((line) => line.startsWith("metallb_speaker_layer2_responder_info"));
    const gaveUp = 'metallb_speaker_layer2_responder_info{way="packet",reason="gave-up"} 1';
    assert.deepEqual(infos, [gaveUp]);
    assert.ok(after.includes('metallb_layer2_responses_sent{ip="fd00:1::240"} 42\n'));
  });

  it("L2-114 L2-115 L2-119: every reason of a drop has a series from the start, so that its rate can be watched", () => {
    const { announcer } = new FakeNode();
    const shown = announcer.counts().map(({ protocol, drops }) => [protocol, ...drops.keys()]);
    const common =
      "error ethernet-destination not-announced interface-not-matched own-frame other-vlan";
    const ours = ["not-sent", "unasked-not-sent", "not-read"];
    assert.deepEqual(shown, [
      ["arp", ...common.split(" "), "not-arp", "not-a-request", ...ours],
      [
        "ndp",
        ...common.split(" "),
        "not-ndp",
        "message-type",
        "checksum",
        "hop-limit",
        "no-source-lla",
        ...ours,
      ],
    ]);
  });
});
