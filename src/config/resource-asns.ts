/** The AS numbers of a BGPPeer (CFG-20). */
import type { Peer } from "./config.ts";
import type { Fields } from "./resource-fields.ts";

type Asns = Pick<Peer, "localAsn" | "peerAsn" | "dynamicAsn" | "shownAsn">;

const max = 0xffff_ffff;

/** A number of a wrong shape is told once, and not missed once more. */
export function compileAsns(spec: Fields): Asns {
  const localAsn = spec.integer("myASN", 0, max) ?? 0;
  if (localAsn === 0 && !spec.isBroken("myASN")) {
    const fix = "give the AS number, from 1 to 4294967295";
    refuse(spec, "myASN", { message: "missing local ASN", fix });
  }
  const peerAsn = spec.integer("peerASN", 0, max) ?? 0;
  const dynamicAsn = compileDynamicAsn(spec, peerAsn);
  if (peerAsn !== 0 && peerAsn === localAsn && spec.flag("ebgpMultiHop")) {
    const message = `ebgpMultiHop does not fit an internal peer (both AS numbers are ${peerAsn})`;
    const fix = "remove ebgpMultiHop, or correct the AS numbers";
    refuse(spec, "ebgpMultiHop", { value: true, message, fix });
  }
  const shownAsn = spec.integer("localASN", 0, max);
  return { localAsn, peerAsn, ...(dynamicAsn && { dynamicAsn }), ...(shownAsn && { shownAsn }) };
}

/** Exactly one of `peerASN` and `dynamicASN`. */
function compileDynamicAsn(spec: Fields, peerAsn: number): Asns["dynamicAsn"] {
  const kind = spec.text("dynamicASN");
  if (kind === "") {
    if (peerAsn !== 0 || spec.isBroken("peerASN", "dynamicASN")) return undefined;
    const message = "missing peer ASN and dynamicASN";
    refuse(spec, "peerASN", { message, fix: "give one of the two" });
    return undefined;
  }
  if (peerAsn !== 0) {
    const message = "both peer ASN and dynamicASN are given";
    refuse(spec, "dynamicASN", { value: kind, message, fix: "remove one of the two" });
  }
  if (kind === "internal" || kind === "external") return kind;
  const message = `"${kind}" is not a kind of dynamic ASN`;
  refuse(spec, "dynamicASN", { value: kind, message, fix: "use internal or external" });
  return undefined;
}

function refuse(
  spec: Fields,
  key: string,
  problem: { readonly value?: unknown; readonly message: string; readonly fix: string },
): void {
  spec.report.add({ code: "CFG-20", path: spec.pathOf(key), ...problem });
}
