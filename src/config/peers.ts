/** BGP peers of the ConfigMap (LC-4, LC-5, LC-35). */
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { BfdProfile, Peer } from "./config.ts";
import type { ConfigErrorCode, Faults } from "./config-error.ts";
import { parseDurationSeconds } from "./duration.ts";
import { compileNodeSelector, nodeSelectorShape } from "./node-selector.ts";
import { flag, integer, list, mapping, text, type Located, type ShapeOf } from "./strict-yaml.ts";

const asn = integer(0, 0xffff_ffff);

export const peerShape = mapping(
  {
    "my-asn": asn,
    "peer-asn": asn,
    "peer-address": text,
    "peer-port": integer(0, 0xffff),
    "hold-time": text,
    "router-id": text,
    "node-selectors": list(nodeSelectorShape),
    password: text,
    "source-address": text,
    "keepalive-time": text,
    "bfd-profile": text,
    "ebgp-multihop": flag,
  },
  ["source-address", "keepalive-time", "bfd-profile", "ebgp-multihop"],
);

type RawPeer = ShapeOf<typeof peerShape>;

/** What a peer is compiled with. */
interface PeerContext {
  readonly bfdProfiles: ReadonlyMap<string, BfdProfile>;
  readonly faults: Faults;
}

export function compilePeer(raw: RawPeer, context: PeerContext): Omit<Peer, "name"> {
  const { faults } = context;
  checkAsn(raw["my-asn"], "missing-local-asn", faults);
  checkAsn(raw["peer-asn"], "missing-peer-asn", faults);
  const address = compileAddress(raw["peer-address"], "bad-peer-address", faults);
  const holdTimeSeconds = compileHoldTime(raw["hold-time"], faults);
  const routerId = optionalAddress(raw["router-id"], "bad-router-id", faults);
  const selectors = raw["node-selectors"].value.map(({ value }) =>
    compileNodeSelector(value, faults),
  );
  return {
    localAsn: raw["my-asn"].value ?? 0,
    peerAsn: raw["peer-asn"].value ?? 0,
    ...(address && { address }),
    port: raw["peer-port"].value || 179,
    holdTimeSeconds,
    ...(routerId && { routerId }),
    nodeSelectors: selectors.length === 0 ? [[]] : selectors,
    password: raw.password.value ?? "",
    ebgpMultiHop: raw["ebgp-multihop"].value ?? false,
    ...compileLateKeys(raw, context),
  };
}

function compileLateKeys(raw: RawPeer, { bfdProfiles, faults }: PeerContext) {
  const sourceAddress = optionalAddress(raw["source-address"], "bad-source-address", faults);
  const keepalive = raw["keepalive-time"];
  const keepaliveTimeSeconds = keepalive.value
    ? compileSeconds(keepalive, "bad-keepalive-time", faults)
    : undefined;
  const { value: bfdProfile } = raw["bfd-profile"];
  if (bfdProfile && !bfdProfiles.has(bfdProfile)) {
    const problem = `no BFD profile is named "${bfdProfile}"`;
    const fix = "add it under bfd-profiles, or remove the key";
    faults.add("unknown-bfd-profile", raw["bfd-profile"], problem, fix);
  }
  return {
    ...(sourceAddress && { sourceAddress }),
    ...(keepaliveTimeSeconds !== undefined && { keepaliveTimeSeconds }),
    ...(bfdProfile && { bfdProfile }),
  };
}

function checkAsn(
  raw: Located<number | undefined>,
  code: "missing-local-asn" | "missing-peer-asn",
  faults: Faults,
): void {
  if (raw.value) return;
  const problem = `missing ${code === "missing-local-asn" ? "local" : "peer"} ASN`;
  faults.add(code, raw, problem, "give the AS number, from 1 to 4294967295");
}

/** LC-5: whole seconds, 0 or at least 3; 90 s unless given. */
function compileHoldTime(raw: Located<string | undefined>, faults: Faults): number {
  if (raw.value === undefined || raw.value === "") return 90;
  const seconds = compileSeconds(raw, "bad-hold-time", faults) ?? 90;
  if (seconds !== 0 && seconds < 3) {
    const problem = `a hold time of "${raw.value}" is too short`;
    faults.add("bad-hold-time", raw, problem, "use 0s, or 3s and more");
  }
  return seconds;
}

function compileSeconds(
  raw: Located<string | undefined>,
  code: ConfigErrorCode,
  faults: Faults,
): number | undefined {
  const seconds = parseDurationSeconds(raw.value ?? "");
  if (seconds === undefined) {
    const fix = "write numbers with units, such as 90s or 1m30s";
    faults.add(code, raw, `"${raw.value}" is not a duration`, fix);
  }
  return seconds;
}

function optionalAddress(
  raw: Located<string | undefined>,
  code: ConfigErrorCode,
  faults: Faults,
): IpAddress | undefined {
  return raw.value ? compileAddress(raw, code, faults) : undefined;
}

function compileAddress(
  raw: Located<string | undefined>,
  code: ConfigErrorCode,
  faults: Faults,
): IpAddress | undefined {
  const address = parseAddress(raw.value ?? "");
  if (address === undefined) {
    const fix = "write an IPv4 or IPv6 address; names are not looked up";
    faults.add(code, raw, `"${raw.value ?? ""}" is not an IP address`, fix);
  }
  return address;
}
