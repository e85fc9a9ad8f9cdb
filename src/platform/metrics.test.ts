import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serveHealth, serveMetrics } from "./http-server.ts";
import { Metrics, type PoolUsageRow } from "./metrics.ts";
import { serveProfiles } from "./profiler.ts";

const lan: PoolUsageRow = {
  pool: "lan",
  capacity: 10n,
  capacityV4: 10n,
  capacityV6: 0n,
  inUse: 0n,
  inUseV4: 0n,
  inUseV6: 0n,
};

/** The lines of `/metrics` that begin with `prefix`. */
function lines(metrics: Metrics, prefix: string): string[] {
  const { text } = metrics.expose();
  return text.split("\n").filter((line) => line.startsWith(prefix));
}

describe("Metrics", () => {
  it("MET-12, MET-17, MET-18: the client's counters and gauges exist with 0 from the start", async () => {
    const metrics = new Metrics();
    metrics.client();
    assert.deepEqual(lines(metrics, "metallb_k8s"), [
      "metallb_k8s_client_updates_total 0",
      "metallb_k8s_client_update_errors_total 0",
      "metallb_k8s_client_config_loaded_bool 0",
      "metallb_k8s_client_config_stale_bool 0",
    ]);
  });

  it("MET-11, MET-13, MET-14, MET-15, MET-22, MET-24: a pool's series come and go; services_allocated is declared and never set", async () => {
    const metrics = new Metrics();
    let usage = [lan];
    metrics.allocator(() => usage, false);
    assert.deepEqual(lines(metrics, "metallb_allocator"), [
      'metallb_allocator_addresses_total{pool="lan"} 10',
      'metallb_allocator_addresses_in_use_total{pool="lan"} 0',
    ]);
    usage = [];
    assert.deepEqual(lines(metrics, "metallb_allocator"), []);
    const types = lines(metrics, "# TYPE metallb_allocator");
    assert.equal(types.length, 3);
    assert.ok(types.every((line) => line.endsWith(" gauge")));
  });

  it("MET-16, MET-10: v0.16 shows each family too, with all digits of a saturated count", async () => {
    const metrics = new Metrics();
    const max = 2n ** 63n - 1n;
    const dual = { ...lan, capacity: max, capacityV6: max, inUse: 3n, inUseV4: 1n, inUseV6: 2n };
    metrics.allocator(() => [dual], true);
    const shown = lines(metrics, "metallb_allocator").map((line) =>
      line.replace("metallb_allocator_", ""),
    );
    assert.deepEqual(shown, [
      'addresses_total{pool="lan"} 9223372036854775807',
      'addresses_in_use_total{pool="lan"} 3',
      'ipv4_addresses_total{pool="lan"} 10',
      'ipv4_addresses_in_use_total{pool="lan"} 1',
      'ipv6_addresses_total{pool="lan"} 9223372036854775807',
      'ipv6_addresses_in_use_total{pool="lan"} 2',
    ]);
    const help = lines(metrics, "# HELP");
    assert.ok(
      help.every((line) => line.split(" ").length > 3),
      "MET-21: each has a help text",
    );
  });

  it("MET-19, MET-20, L2-140, L2-141, L2-142, L2-143, L2-144: the speaker's series have these names, no added _total", async () => {
    const metrics = new Metrics();
    const speaker = metrics.speaker();
    const announced = { service: "a/b", protocol: "layer2", node: "n1", ip: "192.0.2.1" };
    speaker.announced.set(1, announced);
    speaker.requestsReceived.inc(1, { ip: "192.0.2.1" });
    speaker.responsesSent.inc(1, { ip: "192.0.2.1" });
    speaker.gratuitousSent.inc(2, { ip: "192.0.2.1" });
    assert.deepEqual(lines(metrics, "metallb_"), [
      'metallb_speaker_announced{service="a/b",protocol="layer2",node="n1",ip="192.0.2.1"} 1',
      'metallb_layer2_requests_received{ip="192.0.2.1"} 1',
      'metallb_layer2_responses_sent{ip="192.0.2.1"} 1',
      'metallb_layer2_gratuitous_sent{ip="192.0.2.1"} 2',
    ]);
  });

  it("withheld addresses are counted by pool while there are any, and probes by their answer", () => {
    const metrics = new Metrics();
    let withheld = [{ pool: "lan" }, { pool: "lan" }, { pool: "dmz" }];
    metrics.assignmentProbes(() => withheld).inc(1, { answer: "used" });
    assert.deepEqual(lines(metrics, "metallb_controller"), [
      'metallb_controller_probe_withheld_addresses{pool="lan"} 2',
      'metallb_controller_probe_withheld_addresses{pool="dmz"} 1',
      'metallb_controller_probes_total{answer="used"} 1',
    ]);
    withheld = [];
    assert.equal(lines(metrics, "metallb_controller_probe_withheld").length, 0);
  });

  it("MET-23: process metrics are read when scraped", async () => {
    const text = lines(new Metrics(), "process_").join("\n");
    for (const name of ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"]) {
      assert.match(text, new RegExp(`^process_${name} [1-9.]|^process_${name} 0\\.`, "m"));
    }
  });
});

describe("serveMetrics", () => {
  it("LC-42, INS-12: /metrics over plain HTTP without a token, and nothing else", async () => {
    const metrics = new Metrics();
    metrics.client();
    const server = await serveMetrics(metrics, { host: "127.0.0.1", port: 0 });
    try {
      const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
      assert.match(await answer.text(), /^metallb_k8s_client_config_loaded_bool 0$/m);
      for (const path of ["/healthz", "/readyz", "/"]) {
        const other = await fetch(`http://127.0.0.1:${server.port}${path}`);
        assert.equal(other.status, 404, `INS-11: ${path}`);
      }
    } finally {
      await server.close();
    }
  });

  it("LC-42: without a host it answers on every address", async () => {
    const server = await serveMetrics(new Metrics(), { port: 0 });
    try {
      for (const host of ["127.0.0.1", "127.0.0.9"]) {
        assert.equal((await fetch(`http://${host}:${server.port}/metrics`)).status, 200);
      }
    } finally {
      await server.close();
    }
  });

  it("an address in use is refused with the address and the mend", async () => {
    const first = await serveMetrics(new Metrics(), { host: "127.0.0.1", port: 0 });
    try {
      await assert.rejects(
        serveMetrics(new Metrics(), { host: "127.0.0.1", port: first.port }),
        /cannot serve metrics on 127\.0\.0\.1, port \d+ \(EADDRINUSE\): choose another --port/,
      );
    } finally {
      await first.close();
    }
  });
});

describe("serveHealth", () => {
  it("MET-2: /healthz and /readyz answer 200 ok over plain HTTP, and nothing else", async () => {
    const server = await serveHealth({ host: "127.0.0.1", port: 0 });
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    try {
      const named = ["/healthz/healthz", "/readyz/readyz", "/healthz/", "/readyz/"];
      for (const path of ["/healthz", "/readyz", "/readyz?verbose", ...named]) {
        const answer = await get(path);
        assert.deepEqual([answer.status, await answer.text()], [200, "ok"], path);
      }
      for (const path of ["/metrics", "/healthz/readyz", "/livez", "/"]) {
        assert.equal((await get(path)).status, 404, path);
      }
    } finally {
      await server.close();
    }
  });

  it("MET-2: a speaker's answers on its own address only", async () => {
    const server = await serveHealth({ host: "127.0.0.1", port: 0 });
    try {
      await assert.rejects(fetch(`http://127.0.0.9:${server.port}/healthz`));
    } finally {
      await server.close();
    }
  });
});

describe("serveProfiles", () => {
  it("MET-3: /debug/pprof/ says what there is, and a CPU profile is given", async () => {
    const server = await serveProfiles("127.0.0.1:0");
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}/debug/pprof/${path}`);
    try {
      assert.match(await (await get("")).text(), /profile\?seconds=N/);
      const profile = (await (await get("profile?seconds=0.01")).json()) as { nodes: unknown[] };
      assert.ok(profile.nodes.length > 0);
      assert.equal((await get("heap")).status, 404);
    } finally {
      await server.close();
    }
  });

  it("MET-3: an address that is none is refused with the flag's name", async () => {
    await assert.rejects(serveProfiles("localhost"), /--pprof-bind-address=localhost: .*HOST:PORT/);
    await assert.rejects(serveProfiles(":70000"), /HOST:PORT or :PORT/);
  });
});
