import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Finding } from "../wire/index.ts";
import { conflictStory, findingStory, WireEvents } from "./wire-events.ts";

const mac = "02:00:00:00:00:99";
const about = { owners: ["n1"], node: undefined, self: "n2" };

describe("events about the wire", () => {
  it("names the address, its owner, the other machine, who heard it, and the mend", () => {
    for (const [ip, kind, words] of [
      ["192.168.1.240", "answers", "answers for it too"],
      ["fd00::240", "claims", "claims it for itself"],
      ["192.168.1.240", "probes", "asks whether it may use it (duplicate address detection)"],
      ["fd00::240", "instead", "answers for it, and the owner does not"],
    ] as const) {
      const { message } = conflictStory({ ip, mac, on: "eth0", kind }, about);
      const start = `${ip} is announced by node "n1", but ${mac} ${words}`;
      assert.equal(message.slice(0, start.length), start);
      assert.match(message, /\(heard on eth0 of node "n2"\); give that machine another address/);
    }
    const conflict = { ip: "192.168.1.240", mac, on: "eth0", kind: "claims" } as const;
    const known = conflictStory(conflict, { ...about, node: "n3" });
    assert.match(known.message, new RegExp(`${mac} of node "n3" claims .* metallb members`));
  });

  it("says that nobody answers, and that somebody does again; strangers are told otherwise", () => {
    const finding: Finding = { seen: "nobody", answers: [], strangers: [] };
    const silent = findingStory("192.168.1.240", ["n1"], finding, "n2");
    assert.equal(silent?.reason, "AddressNotSeen");
    assert.match(silent.message, /^nobody answers for 192\.168\.1\.240, though node "n1" .*"n2"/);
    const answers = [{ mac, on: "eth0" }];
    const again = findingStory("fd00::240", ["n1"], { ...finding, seen: "yes", answers }, "n2");
    assert.equal(again?.message, `fd00::240 is answered by ${mac}`);
    const two = { ...finding, seen: "two", strangers: answers } as const;
    assert.equal(findingStory("fd00::240", ["n1"], two, "n2"), undefined);
    const nameless = findingStory("fd00::240", ["n1"], { ...two, strangers: [] }, "n2");
    assert.equal(nameless?.reason, "AddressConflict");
    assert.match(nameless.message, /others, each time with another MAC address/);
  });

  it("writes few however many are told, and says how many it did not write", () => {
    const events = new WireEvents();
    const objects = Array.from({ length: 1000 }, (_, index) => ({ name: `s${index}` }));
    const story = { reason: "AddressConflict", message: "told" } as const;
    const notes = events.notes(story, objects, 0);
    assert.equal(notes.length, 50);
    assert.equal(notes[0]?.type, "Warning");
    const [late] = events.notes({ reason: "AddressSeen", message: "told" }, [{}], 10_000);
    assert.deepEqual(
      [late?.type, late?.message],
      ["Normal", "told (950 events before were not written)"],
    );
  });
});
