import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planInterfaces } from "../layer2/index.ts";
import { silentLogger } from "../platform/index.ts";
import { describeOwnKind, readOwnKind } from "../ring/index.ts";
import { link } from "../testing/fake-announcer-sockets.ts";
import { LinkReport } from "./link-report.ts";
import { macsText, macWord, memberMacs } from "./member-macs.ts";

const mac = (last: number): string => `02:00:00:00:00:${last.toString(16).padStart(2, "0")}`;

describe("MAC addresses that members say are theirs", () => {
  const ringOf = (texts: Readonly<Record<string, string>>) => ({
    alive: () => Object.keys(texts).values(),
    ownKind: (name: string) =>
      readOwnKind(describeOwnKind(200, new Map([[macWord, texts[name] ?? ""]]))),
  });

  it("are read again as they were said, eight at most", () => {
    const all = Array.from({ length: 12 }, (_, index) => mac(index));
    const text = macsText([...all.slice(0, 2), ...all]);
    assert.equal(text.length, 103);
    const read = memberMacs(ringOf({ a: text, b: macsText([mac(20), mac(0)]) }));
    const expected = [...all.slice(0, 8).map((one) => [one, "a"]), [mac(20), "b"]];
    assert.deepEqual([...read], expected);
  });

  it("that are none are passed over", () => {
    const read = memberMacs(ringOf({ a: "x,020000000001,02000000000g,", b: "" }));
    assert.deepEqual([...read], [[mac(1), "a"]]);
  });

  it("are said once, after what the interfaces can answer, and again when they change", () => {
    const said: string[] = [];
    const report = new LinkReport({
      tellsLinks: true,
      logger: silentLogger,
      onNews: () => said.push("l2"),
      onMacs: (text) => said.push(text),
    });
    const own = { addresses: ["fe80::1", "192.168.1.1"], subnets: ["192.168.1.0/24"] };
    const take = (...indexes: number[]): void => {
      const links = indexes.map((index) => link(index, own));
      report.setInterfaces(planInterfaces(links, /^eth2$/));
    };
    take(1, 2);
    take(1, 2);
    assert.deepEqual(said, ["l2", "525400000001"]);
    take(1, 3);
    assert.equal(said.at(-1), "525400000001,525400000003");
    report.close();
  });
});
