import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { before, describe, it } from "node:test";
import { assemble } from "../bpf/assembler.ts";
import { at, exit, load, move, r0, r1, r2, type Step } from "../bpf/instruction.ts";
import { requireKernelPrograms } from "../testing/kernel-rights.ts";
import { attachToIngress, loadProgram, mustHaveTcx } from "./bpf-program.ts";

const passing = assemble([move(r0, -1), exit()]);

describe("BPF program", () => {
  before(() => requireKernelPrograms());

  it("is loaded, and the kernel has TCX", () => {
    const program = loadProgram(passing, "test_pass");
    mustHaveTcx(program);
    program.close();
  });

  const refused: [what: string, program: Step[], log: RegExp][] = [
    ["reads a register that holds nothing", [move(r0, r2), exit()], /R2 !read_ok/],
    [
      "reads beyond the packet's description",
      [load(r0, 32, at(r1, 4096)), exit()],
      /invalid bpf_context access off=4096/,
    ],
  ];
  for (const [what, program, log] of refused) {
    it(`one that ${what} is refused with the verifier's words`, () => {
      assert.throws(
        () => loadProgram(assemble(program), "test_bad"),
        (error: Error & { code?: string }) =>
          error.name === "BpfError" &&
          /^cannot load the BPF program test_bad: E(ACCES|INVAL): the kernel's verifier says:\n/.test(
            error.message,
          ) &&
          log.test(error.message),
      );
    });
  }

  it("one that is not a program is refused without words", () => {
    assert.throws(() => loadProgram(new Uint8Array(0), "test_empty"), {
      name: "BpfError",
      message: /^cannot load the BPF program test_empty: E2BIG$/,
    });
  });

  it("an interface that does not exist is named", () => {
    const program = loadProgram(passing, "test_pass");
    const missing = { index: 999_999, name: "missing0" };
    assert.throws(() => attachToIngress(program, missing), {
      code: "ENODEV",
      message: /attach the BPF program to the interface missing0 \(index 999999\): ENODEV/,
    });
    program.close();
  });

  it("is loaded also while signals arrive, which make the verifier give up", async (context) => {
    const taken = context.mock.fn();
    process.on("SIGWINCH", taken);
    const command = `while kill -WINCH ${process.pid}; do sleep 0.001; done`;
    const sender = spawn("setpriv", ["--pdeathsig", "KILL", "--", "sh", "-c", command]);
    context.after(() => {
      sender.kill("SIGKILL");
      process.off("SIGWINCH", taken);
    });
    await once(process, "SIGWINCH");
    const long = assemble([...Array.from({ length: 3000 }, () => move(r0, -1)), exit()]);
    for (let times = 0; times < 300; times++) loadProgram(long, "test_long").close();
  });
});
