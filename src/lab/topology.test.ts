import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { networkCommands, planTopology } from "./topology.ts";

describe("the plan of the LAN", () => {
  it("gives every host an address of its own and a MAC that shows it", () => {
    const { nodes, client } = planTopology();
    const hosts = [...nodes, client].map(({ name, address, address6, mac }) =>
      [name, address, address6, mac].join(" "),
    );
    assert.deepEqual(hosts, [
      "kmaster 192.168.1.10 fd00:1::10 02:00:00:00:00:10",
      "knode1 192.168.1.11 fd00:1::11 02:00:00:00:00:11",
      "knode2 192.168.1.12 fd00:1::12 02:00:00:00:00:12",
      "client 192.168.1.50 fd00:1::50 02:00:00:00:00:50",
    ]);
  });

  it("has no cable to anything but the lab's own switch", () => {
    const made = networkCommands(planTopology()).filter((line) => line.includes("link add"));
    assert.ok(made.every((line) => /type (veth|bridge)/.test(line)));
  });
});
