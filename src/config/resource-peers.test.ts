/** BGPPeers: AS numbers, timers, addresses, passwords, BFD profiles. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../ip/index.ts";
import type { Secret } from "../kube/index.ts";
import { bfd, configOf, faultsOf, findingsOf, inZone, peer } from "../testing/resources.ts";
import type { Peer } from "./config.ts";

type Spec = Parameters<typeof peer>[1];

const compiled = (spec: Spec): Peer => configOf({ peers: [peer("p", spec)] }).peers[0] as Peer;
const faults = (spec: object): string[] =>
  faultsOf({ peers: [peer("p", spec)] }).map((fault) => fault.replace("BGPPeer p ", ""));

describe("a BGPPeer", () => {
  it("CRD-13: the least of it gets port 179, all nodes, no timers and no password", () => {
    const { address, ...rest } = compiled({});
    assert.equal(address && formatAddress(address), "192.0.2.1");
    assert.deepEqual(rest, {
      name: "p",
      localAsn: 64600,
      peerAsn: 64700,
      port: 179,
      nodeSelectors: [[]],
      password: "",
      ebgpMultiHop: false,
    });
  });

  it("CRD-13: all of it is taken over", () => {
    const { routerId, sourceAddress, address, ...rest } = compiled({
      peerASN: 0,
      dynamicASN: "external",
      localASN: 64601,
      peerAddress: "2001:DB8::1",
      sourceAddress: "192.0.2.9",
      peerPort: 1179,
      connectTime: "10s",
      routerID: "10.0.0.1",
      nodeSelectors: [inZone("a")],
      password: "secret",
      enableGracefulRestart: true,
      ebgpMultiHop: true,
      vrf: "red",
      dualStackAddressFamily: true,
    });
    const texts = [routerId, sourceAddress, address].map((one) => one && formatAddress(one));
    assert.deepEqual(texts, ["10.0.0.1", "192.0.2.9", "2001:db8::1"]);
    assert.deepEqual(rest, {
      name: "p",
      localAsn: 64600,
      peerAsn: 0,
      dynamicAsn: "external",
      shownAsn: 64601,
      port: 1179,
      connectTimeSeconds: 10,
      nodeSelectors: [[{ key: "zone", operator: "In", values: ["a"] }]],
      password: "secret",
      ebgpMultiHop: true,
      gracefulRestart: true,
      vrf: "red",
      dualStackAddressFamily: true,
    });
    assert.equal(compiled({ peerAddress: "", interface: "eth3" }).interface, "eth3");
    assert.equal(compiled({ peerPort: 0 }).port, 179);
  });

  for (const [id, spec, expected] of [
    ["CFG-20, TV-29: my AS number is 0", { myASN: 0 }, ["CFG-20 spec.myASN"]],
    ["CFG-20, TV-30: neither AS number nor dynamic", { peerASN: 0 }, ["CFG-20 spec.peerASN"]],
    ["CFG-20: both", { dynamicASN: "internal" }, ["CFG-20 spec.dynamicASN"]],
    ["CFG-20: an unknown kind", { peerASN: 0, dynamicASN: "any" }, ["CFG-20 spec.dynamicASN"]],
    [
      "CFG-20: multi-hop to an internal peer",
      { peerASN: 64600, ebgpMultiHop: true },
      ["CFG-20 spec.ebgpMultiHop"],
    ],
    [
      "CFG-20: multi-hop to a dynamic internal peer is not looked at",
      { peerASN: 0, dynamicASN: "internal", ebgpMultiHop: true },
      [],
    ],
    [
      "CFG-22, TV-33: neither address nor interface",
      { peerAddress: "" },
      ["CFG-22 spec.peerAddress"],
    ],
    ["CFG-22: both", { interface: "eth3" }, ["CFG-22 spec.peerAddress"]],
    ["CFG-22, TV-34: no address", { peerAddress: "198.18.300.1" }, ["CFG-22 spec.peerAddress"]],
    ["CFG-22: a name", { peerAddress: "router.example" }, ["CFG-22 spec.peerAddress"]],
    ["CFG-25: router ID", { routerID: "rtr" }, ["CFG-25 spec.routerID"]],
    ["CFG-25: source address", { sourceAddress: "192.0.2" }, ["CFG-25 spec.sourceAddress"]],
    [
      "CFG-25: a node selector twice",
      { nodeSelectors: [inZone("a"), inZone("a")] },
      ["CFG-40 spec.nodeSelectors[1]"],
    ],
    [
      "CFG-25: an invalid node selector",
      { nodeSelectors: [{ matchLabels: { "a/b/c": "" } }] },
      ["CRD-3 spec.nodeSelectors[0].matchLabels.a/b/c"],
    ],
  ] as const) {
    it(id, () => assert.deepEqual(faults(spec), expected));
  }

  it("CFG-2: the first of several faults is the one that MetalLB would report", () => {
    const spec = { myASN: 0, peerAddress: "x", holdTime: "1s", routerID: "y", bfdProfile: "none" };
    assert.deepEqual(faults(spec), [
      "CFG-20 spec.myASN",
      "CFG-21 spec.holdTime",
      "CFG-22 spec.peerAddress",
      "CFG-25 spec.routerID",
      "CFG-24 spec.bfdProfile",
    ]);
  });

  it("CRD-13: a field of a wrong type is told once, and not missed once more", () => {
    const spec = { myASN: "64600", peerASN: -1, peerAddress: 5, holdTime: 90, peerPort: 65_536 };
    const paths = ["myASN", "peerASN", "peerAddress", "holdTime", "peerPort"];
    assert.deepEqual(
      faults(spec),
      paths.map((key) => `CRD-13 spec.${key}`),
    );
    assert.deepEqual(faults({ peerAddress: "", interface: {} }), ["CRD-13 spec.interface"]);
  });

  it("CFG-25: two equal peers of one name are refused; one content under two names is fine", () => {
    assert.deepEqual(faultsOf({ peers: [peer("p"), peer("p")] }), ["CFG-25 BGPPeer p "]);
    assert.deepEqual(faultsOf({ peers: [peer("p"), peer("q")] }), []);
  });
});

describe("the timers of a BGPPeer", () => {
  const timersOf = (spec: Spec) => {
    const { holdTimeSeconds, keepaliveTimeSeconds } = compiled(spec);
    return [holdTimeSeconds, keepaliveTimeSeconds];
  };
  for (const [id, spec, expected] of [
    ["CFG-21: none given, none set", {}, [undefined, undefined]],
    ["CFG-21: a third of the hold time", { holdTime: "1m30s" }, [90, 30]],
    ["CFG-21: three times the keepalive time", { keepaliveTime: "20s" }, [60, 20]],
    ["CFG-21, TV-32: equal", { holdTime: "30s", keepaliveTime: "30s" }, [30, 30]],
    ["CFG-21: zero", { holdTime: "0s", keepaliveTime: "0s" }, [0, 0]],
    ["CFG-21: a fraction is kept", { holdTime: "3.75s" }, [3.75, 1.25]],
    ["CFG-21: below a second counts as 0, and stays", { holdTime: "900ms" }, [0.9, 0.3]],
  ] as const) {
    it(id, () => assert.deepEqual(timersOf(spec), expected));
  }

  for (const [id, spec, path] of [
    ["CFG-21, TV-31: a hold time of 2 s", { holdTime: "2s" }, "holdTime"],
    ["CFG-21: 2.9 s, cut to 2", { holdTime: "2.9s" }, "holdTime"],
    ["CFG-21: negative", { holdTime: "-3s" }, "holdTime"],
    [
      "CFG-21: a keepalive time that makes a short hold time",
      { keepaliveTime: "0.5s" },
      "keepaliveTime",
    ],
    ["CFG-21: keepalive above hold", { holdTime: "3s", keepaliveTime: "3.1s" }, "keepaliveTime"],
    ["CFG-21: no unit", { holdTime: "90" }, "holdTime"],
    ["CFG-21: no duration", { keepaliveTime: "soon" }, "keepaliveTime"],
    ["CFG-21: empty", { holdTime: "" }, "holdTime"],
    ["CFG-21: a malformed connect time", { connectTime: "1 s" }, "connectTime"],
  ] as const) {
    it(`${id} is refused`, () => {
      const [only, ...others] = findingsOf({ peers: [peer("p", spec)] });
      assert.deepEqual([only?.code, only?.path], ["CFG-21", `spec.${path}`]);
      assert.equal(only?.value, (spec as Record<string, string>)[path]);
      assert.deepEqual(others, []);
    });
  }
});

describe("the password of a BGPPeer", () => {
  const passwordSecret = { name: "pw", namespace: "elsewhere" };
  const type = "kubernetes.io/basic-auth";
  const withSecret = (secret: Partial<Secret> | undefined) => ({
    peers: [peer("p", { passwordSecret })],
    secrets: new Map(secret ? [["pw", { metadata: { name: "pw" }, ...secret }]] : []),
  });
  const good = { type, data: { password: Buffer.from("s3cret").toString("base64") } };

  it("CFG-23: comes out of the Secret, whose namespace is MetalLB's whatever the peer says", () => {
    assert.equal(configOf(withSecret(good)).peers[0]?.password, "s3cret");
  });

  it("CFG-23, TV-35: a Secret without the key, or of another type, is refused", () => {
    for (const secret of [{ type, data: {} }, { type }, { ...good, type: "Opaque" }]) {
      const [only] = findingsOf(withSecret(secret));
      assert.deepEqual([only?.code, only?.path], ["CFG-23", "spec.passwordSecret.name"]);
      assert.equal(only?.isTransient, undefined);
    }
  });

  it("CFG-23: a missing Secret may still come", () => {
    const [only] = findingsOf(withSecret(undefined));
    assert.deepEqual([only?.code, only?.isTransient, only?.value], ["CFG-23", true, "pw"]);
  });

  it("CFG-23: a password beside the Secret is refused, and never shown", () => {
    const peers = [peer("p", { password: "hunter2", passwordSecret })];
    const findings = findingsOf({ ...withSecret(good), peers });
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["CFG-23"],
    );
    assert.doesNotMatch(JSON.stringify(findings), /hunter2|s3cret/);
  });

  it("CFG-23: a password of a wrong type is never shown either", () => {
    for (const spec of [
      { password: 4711 },
      { passwordSecret: "4711" },
      { passwordSecret: { name: 4711 } },
    ]) {
      const findings = findingsOf({ peers: [peer("p", spec as object)] });
      assert.deepEqual(
        findings.map(({ code }) => code),
        ["CRD-13"],
      );
      assert.doesNotMatch(JSON.stringify(findings), /4711/);
    }
  });

  it("CFG-23: with passthrough, or offline, the Secret is not looked at", () => {
    const passed = configOf(withSecret(undefined), { passesSecrets: true }).peers[0];
    assert.deepEqual([passed?.password, passed?.passwordSecret], ["", "pw"]);
    assert.equal(configOf(withSecret(undefined), { knowsSecrets: false }).peers[0]?.password, "");
  });
});

describe("BFD profiles", () => {
  it("CFG-24: a peer that names no profile is refused, for now", () => {
    const peers = [peer("p", { bfdProfile: "fast" })];
    const [only] = findingsOf({ peers });
    assert.deepEqual([only?.code, only?.isTransient, only?.value], ["CFG-24", true, "fast"]);
    assert.equal(configOf({ peers, bfdProfiles: [bfd("fast")] }).peers[0]?.bfdProfile, "fast");
  });

  it("CRD-17: absent numbers stay absent", () => {
    const profiles = [
      bfd("all", { receiveInterval: 10, detectMultiplier: 255, echoMode: true }),
      bfd("none"),
    ];
    const { bfdProfiles } = configOf({ bfdProfiles: profiles });
    assert.deepEqual(
      [...(bfdProfiles?.values() ?? [])],
      [
        {
          name: "all",
          receiveIntervalMs: 10,
          detectMultiplier: 255,
          echoMode: true,
          passiveMode: false,
        },
        { name: "none", echoMode: false, passiveMode: false },
      ],
    );
    assert.equal(configOf({}).bfdProfiles, undefined);
  });

  for (const [field, low, high] of [
    ["receiveInterval", 10, 60_000],
    ["transmitInterval", 10, 60_000],
    ["echoInterval", 10, 60_000],
    ["detectMultiplier", 2, 255],
    ["minimumTtl", 1, 254],
  ] as const) {
    it(`CFG-36, CRD-17, TV-49: ${field} is from ${low} to ${high}`, () => {
      const faults = (value: number) => faultsOf({ bfdProfiles: [bfd("b", { [field]: value })] });
      for (const fine of [low, high]) assert.deepEqual(faults(fine), []);
      for (const bad of [low - 1, high + 1, low + 0.5]) {
        assert.deepEqual(faults(bad), [`CFG-36 BFDProfile b spec.${field}`]);
      }
    });
  }

  it("CFG-36: two profiles of one name, or one without, are refused", () => {
    assert.deepEqual(faultsOf({ bfdProfiles: [bfd("b"), bfd(""), bfd("b")] }), [
      "CFG-36 BFDProfile  metadata.name",
      "CFG-36 BFDProfile b metadata.name",
    ]);
  });
});
