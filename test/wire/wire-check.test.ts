/** Two speakers and a foreign machine on one LAN, with the kernel of the foreign one as the one that answers. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { lanObstacle } from "../kube/lan.ts";
import { type Json, until, WatchedLan } from "./watched-lan.ts";

const FOREIGN = "foreign";
/** The order of both addresses begins with n1, so the other one asks. */
const OWNER = "n1";
const ASKER = "n2";
/** A Service for each family. */
const families = [
  { family: "IPv4", service: "four", vip: "192.168.1.240" },
  { family: "IPv6", service: "six", vip: "fd00:1::242" },
] as const;

const skip = lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();

describe("the wire as speakers see it", { skip, timeout: 240_000 }, () => {
  let world: WatchedLan;
  const mac = (host: string): string => world.lan.mac(host);
  const ip = (host: string, command: string): string => world.ip(host, command);

  before(async () => {
    world = await WatchedLan.start({
      prefix: "wc",
      nodes: [OWNER, ASKER],
      others: [FOREIGN],
      services: Object.fromEntries(families.map(({ service, vip }) => [service, vip])),
    });
  });
  after(() => world?.remove());

  for (const { family, service, vip } of families) {
    const length = family === "IPv4" ? 32 : 128;

    describe(family, () => {
      it("the other speaker sees the owner answer, and says so on the owner's object and its page", async () => {
        const { message, status } = await world.condition(service, "Seen", "OwnerAnswers");
        assert.deepEqual([status, message], ["True", `${vip} is answered by ${mac(OWNER)}`]);
        const announced = await world.conditionOf(service, "Announced");
        assert.deepEqual(
          [announced.status, announced.message],
          ["True", `node "${OWNER}" announces it`],
        );
        const shown = JSON.parse(world.page(ASKER, "/wire"));
        const [check] = shown.checks.filter((one: Json) => one.ip === vip);
        assert.deepEqual([check.seen, check.owners], ["yes", [OWNER]]);
        const { wire } = JSON.parse(world.page(OWNER, "/status"));
        assert.deepEqual(
          wire.askedByOthers.find((one: Json) => one.ip === vip),
          { ip: vip, asker: ASKER },
        );
        assert.equal(await world.conditionOf(service, "Conflict"), undefined);
      });

      it("a foreign kernel that has the address too is named in an event, and taken back when it is gone", async () => {
        const stranger = mac(FOREIGN);
        // Without detection of duplicates nothing is sent: only who asks learns of it.
        ip(FOREIGN, `addr add ${vip}/${length} dev eth0${family === "IPv6" ? " nodad" : ""}`);
        const two = await world.condition(service, "Seen", "TwoAnswer");
        assert.equal(two.status, "False");
        assert.equal(
          two.message,
          `${mac(OWNER)} of node "${OWNER}" answers for ${vip}, and so does ${stranger}`,
        );
        const told = await world.event(service, "AddressConflict", stranger);
        assert.equal(told.type, "Warning");
        assert.match(told.message, /answers for it too/);
        assert.equal(told.source.host, ASKER);
        ip(FOREIGN, `addr del ${vip}/${length} dev eth0`);
        await world.condition(service, "Seen", "OwnerAnswers");
        await world.event(service, "AddressSeen", vip);
      });

      it("RFC 5227, RFC 4861: who only claims it is named by the owner, in an event and a condition", async () => {
        // A machine of its own, so that this is its first claim.
        const claimer = family === "IPv4" ? "02:00:00:00:04:99" : "02:00:00:00:06:99";
        const name = `mv${length}`;
        const first = family === "IPv4" ? claimer : "02:00:00:00:06:97";
        ip(FOREIGN, `link add ${name} link eth0 address ${first} type macvlan mode bridge`);
        ip(FOREIGN, `link set ${name} up`);
        if (family === "IPv4") {
          ip(FOREIGN, `addr add ${vip}/32 dev ${name}`);
          world.on(FOREIGN, "arping", "-U", "-c1", "-I", name, vip);
        } else {
          world.sysctl(FOREIGN, `ipv6/conf/${name}/ndisc_notify`, "1");
          ip(FOREIGN, `addr add ${vip}/128 dev ${name} nodad`);
          // The kernel then tells everybody of the new one.
          ip(FOREIGN, `link set ${name} address ${claimer}`);
        }
        ip(FOREIGN, `addr del ${vip}/${length} dev ${name}`);
        const told = await until(
          () => world.eventsOf(service, "AddressConflict"),
          (found) =>
            found.some(({ message, source }) => message.includes(claimer) && source.host === OWNER),
        );
        const own = told.filter(({ message }) => message.includes(claimer));
        assert.match(own.map(({ message }) => message).join(), /claims it for itself/);
        const conflict = await world.condition(service, "Conflict", "AnotherMachine");
        assert.match(conflict.message, new RegExp(`${claimer} claims ${vip}`));
        ip(FOREIGN, `link del ${name}`);
      });

      it("RFC 5227, RFC 4862: who asks whether it may use the address is named, too", async () => {
        const claimer = family === "IPv4" ? "02:00:00:00:04:98" : "02:00:00:00:06:98";
        const name = `dad${length}`;
        ip(FOREIGN, `link add ${name} link eth0 address ${claimer} type macvlan mode bridge`);
        ip(FOREIGN, `link set ${name} up`);
        if (family === "IPv4") {
          const probe = ["arping", "-D", "-c1", "-w1", "-I", name, vip];
          // Its exit status tells that somebody has the address.
          world.on(FOREIGN, "sh", "-c", `${probe.join(" ")} || true`);
        } else {
          ip(FOREIGN, `addr add ${vip}/128 dev ${name}`);
        }
        const told = await world.event(
          service,
          "AddressConflict",
          `${claimer} asks whether it may use it`,
        );
        assert.equal(told.source.host, OWNER);
        ip(FOREIGN, `link del ${name}`);
        const metrics = JSON.parse(world.page(OWNER, "/wire"));
        assert.ok(metrics.conflicts.some((one: Json) => one.mac === claimer && one.ip === vip));
      });
    });
  }

  it("RFC 5227 section 2.4: who only asks for others from an address of ours is named within five seconds", async () => {
    const [{ service, vip }] = families;
    const claimer = "02:00:00:00:04:97";
    ip(FOREIGN, `link add uses0 link eth0 address ${claimer} type macvlan mode bridge`);
    ip(FOREIGN, "link set uses0 up");
    ip(FOREIGN, `addr add ${vip}/32 dev uses0`);
    // Nobody has the other address, so that there is a question and no answer; the exit status says so.
    world.on(FOREIGN, "sh", "-c", "arping -c1 -w1 -I uses0 192.168.1.99 || true");
    ip(FOREIGN, `addr del ${vip}/32 dev uses0`);
    const told = await world.event(service, "AddressConflict", `${claimer} uses it as its own`);
    assert.equal(told.source.host, OWNER);
    ip(FOREIGN, "link del uses0");
  });

  it("an owner whose speaker hangs is not seen: nobody answers, though the node itself does; then it is again", async () => {
    world.speakers.get(OWNER)?.signal("SIGSTOP");
    for (const { service, vip } of families) {
      const silent = await world.condition(service, "Seen", "NobodyAnswers");
      assert.equal(silent.status, "False");
      assert.match(silent.message, new RegExp(`nobody answers for ${vip}`));
      const told = await world.event(service, "AddressNotSeen", vip);
      assert.equal(told.type, "Warning");
    }
    world.speakers.get(OWNER)?.signal("SIGCONT");
    for (const { service } of families) await world.condition(service, "Seen", "OwnerAnswers");
  });
});
