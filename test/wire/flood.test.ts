/** A LAN full of questions, good and bad: beats, watches and other addresses must get through meanwhile. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { enterPrivateNetwork, LineProgram } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";
import { lanObstacle } from "../kube/lan.ts";
import { type Json, NODE, until, WatchedLan } from "./watched-lan.ts";

const FLOOD = fileURLToPath(new URL("../../src/testing/flood-program.ts", import.meta.url));
/** So many frames without an answer each speaker must have seen before the flood may end. */
const ENOUGH = 20_000;
const nodes = ["n1", "n2"];
const services = { four: "192.168.1.240", six: "fd00:1::242" };
/** Announced while the flood lasts. */
const later = { "later-four": "192.168.1.245", "later-six": "fd00:1::245" };

const skip = lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();

for (const way of ["packet", "kernel"]) {
  describe(`a flood of questions, answered by way of ${way}`, { skip, timeout: 120_000 }, () => {
    let world: WatchedLan;
    let flood: LineProgram;

    before(async () => {
      if (way === "kernel") requireKernelPrograms();
      world = await WatchedLan.start({
        prefix: way === "kernel" ? "fk" : "fp",
        nodes,
        others: ["client", "flooder"],
        services,
        flags: [`--layer2-responder=${way}`],
        hasRing: true,
      });
    });
    after(async () => {
      await flood?.stop("SIGKILL");
      await world?.remove();
    });

    const layer2Of = (node: string): Json => JSON.parse(world.page(node, "/status")).layer2;
    /** Frames of both protocols that got no answer. */
    const dropsOf = (node: string): number[] =>
      layer2Of(node).protocols.map(({ drops }: Json) =>
        Object.values(drops as Record<string, number>).reduce((sum, count) => sum + count, 0),
      );

    it("stops neither beats nor watches nor answers, and ends without a trace", async () => {
      const targets = [...Object.values(services), "192.168.1.200", "fd00:1::200"];
      flood = new LineProgram([...world.lan.on("flooder"), ...NODE, FLOOD, ...targets]);
      await flood.line((line) => line === "flooding");
      for (const node of nodes) {
        const before = dropsOf(node);
        await until(
          () => dropsOf(node),
          (drops) => drops.every((count, index) => count >= (before[index] ?? 0) + ENOUGH),
        );
      }
      // The watches of the API server bring it, timers and gossip agree on it, and it is answered.
      for (const [service, vip] of Object.entries(later)) {
        await world.addService(service, vip);
        const macs = nodes.map((node) => world.lan.mac(node));
        const answers = await until(
          () => world.lan.whoHas("client", vip),
          (found) => found.length > 0,
        );
        assert.ok(answers.length === 1 && macs.includes(answers[0] ?? ""), answers.join());
      }
      assert.equal(flood.exitCode, null, "it lasted until here");
      await flood.stop();
      for (const node of nodes) {
        const { members } = JSON.parse(world.page(node, "/members"));
        assert.deepEqual(
          members.map(({ name, state }: Json) => `${name} ${state}`).sort(),
          nodes.map((name) => `${name} alive`),
        );
        assert.equal(layer2Of(node).way, way);
        assert.equal(world.speakers.get(node)?.exitCode, null);
      }
      const { body } = await world.cluster.request("GET", "/api/v1/namespaces/default/events");
      const deaths = body.items.filter(({ reason }: Json) => reason === "SpeakerDead");
      assert.deepEqual(deaths, []);
      for (const service of Object.keys({ ...services, ...later })) {
        await world.condition(service, "Seen", "OwnerAnswers");
      }
    });
  });
}
