import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BpfError } from "../platform/index.ts";
import { FakeKernel } from "../testing/fake-announcer-sockets.ts";
import { chooseWay } from "./layer2-way.ts";

const kernel = new FakeKernel();
const refusal = new BpfError("make the BPF map l2_interfaces", "EPERM");
const openKernel = () => kernel;
const refuse = () => {
  throw refusal;
};
const mustNotOpen = () => assert.fail("the kernel was asked");
const choose = (choice: string, open: () => FakeKernel, logsRequests = false) =>
  chooseWay({ choice, logsRequests, openKernel: open });

describe("the way to answer layer 2", () => {
  it("auto: the kernel where it can", () => {
    const { way, reason, explanation, kernel: opened } = choose("auto", openKernel);
    assert.deepEqual([way, reason, opened], ["kernel", "possible", kernel]);
    assert.match(explanation, /Linux 6\.6/);
  });

  it("L2-163 auto: packet sockets where it cannot, with the code of the error and its mend", () => {
    const { way, reason, explanation, kernel: opened } = choose("auto", refuse);
    assert.deepEqual([way, reason, opened], ["packet", "EPERM", undefined]);
    assert.match(explanation, /CAP_BPF and CAP_NET_ADMIN.*capabilities\.add/);
  });

  it("auto: packet sockets where each request is to be logged, and says how to go without", () => {
    const { way, reason, explanation } = choose("auto", mustNotOpen, true);
    assert.deepEqual([way, reason], ["packet", "log-level"]);
    assert.match(explanation, /--layer2-responder=kernel/);
  });

  it("packet: packet sockets, and the kernel is not asked", () => {
    const { way, reason } = choose("packet", mustNotOpen);
    assert.deepEqual([way, reason], ["packet", "forced"]);
  });

  it("kernel: the kernel, also where requests are to be logged, and says that they are not", () => {
    assert.doesNotMatch(choose("kernel", openKernel).explanation, /not logged/);
    const { way, reason, explanation } = choose("kernel", openKernel, true);
    assert.deepEqual([way, reason], ["kernel", "forced"]);
    assert.match(explanation, /not logged/);
  });

  it("L2-163 kernel: an error that names the flag, the cause and both mends where it cannot", () => {
    assert.throws(() => choose("kernel", refuse), {
      message:
        /^--layer2-responder=kernel: cannot make the BPF map l2_interfaces: EPERM: .*capabilities\.add.*; mend that, or let --layer2-responder=auto/,
      cause: refusal,
    });
  });
});
