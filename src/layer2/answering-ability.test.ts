import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parsePrefix, type Prefix } from "../ip/index.ts";
import {
  type AnsweringAbility,
  type AnsweringInterface,
  canAnswerNow,
  formatAbility,
  parseAbility,
  unknownAbility,
} from "./answering-ability.ts";

const prefixes = (...texts: string[]): Prefix[] => texts.map((text) => parsePrefix(text)!);

const subnet = fc.constantFrom(
  ...prefixes("192.168.1.0/24", "10.0.0.0/8", "2001:db8::/64", "2001:db8:1:2::/64"),
);
const oneInterface: fc.Arbitrary<AnsweringInterface> = fc.record(
  {
    name: fc.string({ minLength: 1, maxLength: 15, unit: "grapheme" }),
    link: fc.constantFrom("up", "settling", "carrier", "down", "gone"),
    families: fc.constantFrom([4, 6], [4], [6]),
    subnets: fc.uniqueArray(subnet, { maxLength: 3 }),
  },
  { noNullPrototype: true },
);
const anyAbility: fc.Arbitrary<AnsweringAbility> = fc.record(
  {
    tellsLinks: fc.boolean(),
    interfaces: fc
      .uniqueArray(oneInterface, { selector: ({ name }) => name, maxLength: 12 })
      .map((list) => new Map(list.map((one) => [one.name, one]))),
    others: fc.constant("none"),
  },
  { noNullPrototype: true },
);

describe("the text about what a node can answer", () => {
  it("is short and can be read by people", () => {
    const interfaces: AnsweringInterface[] = [
      {
        name: "eth0",
        link: "up",
        families: [4, 6],
        subnets: prefixes("192.168.1.0/24", "2001:db8::/64"),
      },
      { name: "eth1", link: "carrier", families: [4, 6], subnets: prefixes("10.0.0.0/8") },
      { name: "eth2", link: "settling", families: [4], subnets: [] },
    ];
    const text = formatAbility(
      {
        tellsLinks: true,
        interfaces: new Map(interfaces.map((one) => [one.name, one])),
        others: "none",
      },
      256,
    );
    assert.equal(text, "eth0:192.168.1.0/24,2001:db8::/64;eth1!carrier:10.0.0.0/8;eth2?/4");
  });

  it("says everything where there is room, whatever the interfaces are called", () => {
    fc.assert(
      fc.property(anyAbility, (ability) => {
        const text = formatAbility(ability, 10_000);
        assert.match(text, /^[!-~]*$/);
        assert.deepEqual(parseAbility(text), { ...ability, interfaces: sorted(ability) });
      }),
    );
  });

  it("is never too long, and says that there is more where something is left out that could answer", () => {
    fc.assert(
      fc.property(anyAbility, fc.integer({ min: 5, max: 200 }), (ability, mostChars) => {
        const text = formatAbility(ability, mostChars);
        assert.ok(text.length <= mostChars);
        const read = parseAbility(text);
        const left = [...ability.interfaces.values()].filter(
          ({ name }) => !read.interfaces.has(name),
        );
        const expected = left.some(({ subnets }) => subnets.length > 0)
          ? "any"
          : left.some(canAnswerNow)
            ? "without-subnets"
            : "none";
        assert.equal(read.others, expected);
        assert.equal(read.tellsLinks, ability.tellsLinks);
      }),
    );
  });

  it("leaves out last what answers and has a subnet", () => {
    const list: AnsweringInterface[] = Array.from({ length: 20 }, (_, index) => ({
      name: `eno${index}`,
      link: index % 2 === 0 ? "up" : "down",
      families: [4, 6],
      subnets: index === 18 ? prefixes("192.168.1.0/24") : [],
    }));
    const interfaces = new Map(list.map((one) => [one.name, one]));
    const text = formatAbility({ tellsLinks: true, interfaces, others: "none" }, 40);
    assert.match(text, /eno18:192\.168\.1\.0\/24/);
    assert.match(text, /;\*$/);
  });

  it("that makes no sense means that nothing is known, and never throws", () => {
    for (const text of ["eth0:x", "eth0!tired", "%zz", ":", "eth0/5", "eth0:192.168.1.0", "a b"]) {
      assert.deepEqual(parseAbility(text), unknownAbility, text);
    }
    fc.assert(fc.property(fc.string(), (text) => void parseAbility(text)));
  });
});

function sorted({ interfaces }: AnsweringAbility): ReadonlyMap<string, AnsweringInterface> {
  return new Map([...interfaces].sort(([a], [b]) => (a < b ? -1 : 1)));
}
