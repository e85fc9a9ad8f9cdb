import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { libc } from "./libc.ts";

describe("libc", () => {
  it("L2-210: where no native package fits, the error names it and the mend", (context) => {
    const arch = Object.getOwnPropertyDescriptor(process, "arch")!;
    context.after(() => Object.defineProperty(process, "arch", arch));
    Object.defineProperty(process, "arch", { ...arch, value: "vax" });
    const expected = {
      code: "ERR_NO_NATIVE_CALLS",
      message: /koffi-linux-vax.*npm ci.*x64 or arm64/,
    };
    assert.throws(() => libc(), expected);
  });

  it("L2-210: a failed call tells why by its symbolic name", () => {
    assert.equal(libc().close(-1), -1);
    assert.equal(libc().errorCode(), "EBADF");
  });
});
