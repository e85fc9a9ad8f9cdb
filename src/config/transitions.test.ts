/** When a new configuration is refused because somebody still holds an address. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { Config } from "./config.ts";
import { compileConfigMap } from "./from-configmap.ts";
import { findStrandedAddress } from "./transitions.ts";

function config(pools: string): Config {
  const result = compileConfigMap(`address-pools: [${pools}]`);
  assert.ok(result.ok);
  return result.config;
}

const emptyConfig = config("");
const held = ["192.0.2.4", "192.0.2.255"].map((text, index) => ({
  service: `default/s${index}`,
  address: parseAddress(text) as IpAddress,
  pool: "lan",
}));

describe("a change of configuration", () => {
  it("LC-21, TV-23: is refused when a held address loses its pool, with names and mend", () => {
    const refusal = findStrandedAddress(emptyConfig, held);
    assert.deepEqual(
      [refusal?.service, refusal?.address, refusal?.pool],
      ["default/s0", "192.0.2.4", "lan"],
    );
    assert.match(
      refusal?.message ?? "",
      /service "default\/s0" holds 192\.0\.2\.4 of pool "lan".*keep 192\.0\.2\.4 in a pool, or delete/,
    );
  });

  it("LC-21: is refused when the pool shrinks", () => {
    const shrunk = config("{name: lan, protocol: bgp, addresses: [192.0.2.0/25]}");
    assert.equal(findStrandedAddress(shrunk, held)?.address, "192.0.2.255");
  });

  it("LC-21, TV-24: is accepted when pools grow, split, are renamed or change protocol", () => {
    const split =
      "{name: lo, protocol: bgp, addresses: [192.0.2.0/25]}, {name: hi, protocol: layer2, addresses: [192.0.2.128/25]}";
    assert.equal(findStrandedAddress(config(split), held), undefined);
    const grown = config("{name: lan, protocol: layer2, addresses: [192.0.2.0/24, 10.0.0.0/8]}");
    assert.equal(findStrandedAddress(grown, held), undefined);
    assert.equal(findStrandedAddress(emptyConfig, []), undefined);
  });

  it("LC-21, LC-29: avoid-buggy-ips strands an address for the controller, not for the speaker", () => {
    const avoiding = config(
      "{name: lan, protocol: bgp, addresses: [192.0.2.0/24], avoid-buggy-ips: true}",
    );
    assert.match(
      findStrandedAddress(avoiding, held)?.message ?? "",
      /192\.0\.2\.255.*avoid-buggy-ips/,
    );
    assert.equal(findStrandedAddress(avoiding, held, { ignoreAvoided: true }), undefined);
    assert.equal(
      findStrandedAddress(emptyConfig, held, { ignoreAvoided: true })?.service,
      "default/s0",
    );
  });
});
