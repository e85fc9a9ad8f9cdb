/** BGP peers of the ConfigMap (LC-4, LC-5, LC-35). */
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { BfdProfile, Peer } from "./config.ts";
import { refuse, type ConfigErrorCode } from "./config-error.ts";
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

export function compilePeer(
  raw: RawPeer,
  bfdProfiles: ReadonlyMap<string, BfdProfile>,
): Omit<Peer, "name"> {
  const localAsn = requireAsn(raw["my-asn"], "missing-local-asn", "missing local ASN");
  const peerAsn = requireAsn(raw["peer-asn"], "missing-peer-asn", "missing peer ASN");
  const address = requireAddress(raw["peer-address"], "bad-peer-address");
  const holdTimeSeconds = compileHoldTime(raw["hold-time"]);
  const routerId = optionalAddress(raw["router-id"], "bad-router-id");
  const selectors = raw["node-selectors"].value.map(({ value }) => compileNodeSelector(value));
  return {
    localAsn,
    peerAsn,
    address,
    port: raw["peer-port"].value || 179,
    holdTimeSeconds,
    ...(routerId && { routerId }),
    nodeSelectors: selectors.length === 0 ? [[]] : selectors,
    password: raw.password.value ?? "",
    ebgpMultiHop: raw["ebgp-multihop"].value ?? false,
    ...compileLateKeys(raw, bfdProfiles),
  };
}

function compileLateKeys(raw: RawPeer, bfdProfiles: ReadonlyMap<string, BfdProfile>) {
  const sourceAddress = optionalAddress(raw["source-address"], "bad-source-address");
  const keepalive = raw["keepalive-time"];
  const keepaliveTimeSeconds = keepalive.value && compileSeconds(keepalive, "bad-keepalive-time");
  const { value: bfdProfile, place } = raw["bfd-profile"];
  if (bfdProfile && !bfdProfiles.has(bfdProfile)) {
    const problem = `no BFD profile is named "${bfdProfile}"`;
    refuse("unknown-bfd-profile", place, problem, "add it under bfd-profiles, or remove the key");
  }
  return {
    ...(sourceAddress && { sourceAddress }),
    ...(typeof keepaliveTimeSeconds === "number" && { keepaliveTimeSeconds }),
    ...(bfdProfile && { bfdProfile }),
  };
}

function requireAsn(
  { value = 0, place }: Located<number | undefined>,
  code: ConfigErrorCode,
  problem: string,
): number {
  return value || refuse(code, place, problem, "give the AS number, from 1 to 4294967295");
}

/** LC-5: whole seconds, 0 or at least 3; 90 s unless given. */
function compileHoldTime(raw: Located<string | undefined>): number {
  if (raw.value === undefined || raw.value === "") return 90;
  const seconds = compileSeconds(raw, "bad-hold-time");
  if (seconds === 0 || seconds >= 3) return seconds;
  const problem = `a hold time of "${raw.value}" is too short`;
  return refuse("bad-hold-time", raw.place, problem, "use 0s, or 3s and more");
}

function compileSeconds(raw: Located<string | undefined>, code: ConfigErrorCode): number {
  const seconds = parseDurationSeconds(raw.value ?? "");
  if (seconds !== undefined) return seconds;
  const fix = "write numbers with units, such as 90s or 1m30s";
  return refuse(code, raw.place, `"${raw.value}" is not a duration`, fix);
}

function optionalAddress(
  raw: Located<string | undefined>,
  code: ConfigErrorCode,
): IpAddress | undefined {
  return raw.value ? requireAddress(raw, code) : undefined;
}

function requireAddress(
  { value = "", place }: Located<string | undefined>,
  code: ConfigErrorCode,
): IpAddress {
  const address = parseAddress(value);
  if (address !== undefined) return address;
  const fix = "write an IPv4 or IPv6 address; names are not looked up";
  return refuse(code, place, `"${value}" is not an IP address`, fix);
}
