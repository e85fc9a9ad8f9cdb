/** BGPAdvertisement: which pools are announced to which BGP peers, and with which attributes (CRD-12). */
import { advertised, nodeColumn, poolColumns } from "./advertisement-fields.ts";
import { column, definition } from "./definition.ts";
import { empty, int32, record, texts } from "./fields.ts";

const onlySingleAddresses = {
  rule:
    "!has(self.serviceSelectors) || size(self.serviceSelectors) == 0 || " +
    "((!has(self.aggregationLength) || self.aggregationLength == 32) && " +
    "(!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
  message:
    "serviceSelectors need single addresses: aggregationLength must be 32 and aggregationLengthV6 128",
};

const spec = record(
  "What is announced, to whom, and with which attributes.",
  {
    aggregationLength: int32("Length of the IPv4 prefixes that addresses are announced in.", {
      minimum: 1,
      default: 32,
    }),
    aggregationLengthV6: int32("Length of the IPv6 prefixes that addresses are announced in.", {
      default: 128,
    }),
    communities: texts(
      "BGP communities: 65000:1, large:65000:1:2, or an alias that a Community object defines.",
    ),
    localPref: int32("LOCAL_PREF of the routes, for peers of the same autonomous system."),
    peers: texts("Names of the BGPPeers to announce to; all when empty."),
    ...advertised,
  },
  { "x-kubernetes-validations": [onlySingleAddresses] },
);

export const bgpAdvertisement = definition("BGPAdvertisement", "bgpadvertisements", [
  {
    description: "Announces the addresses of pools to BGP peers.",
    spec,
    status: empty("Nothing yet."),
    columns: [...poolColumns, column("Peers", ".spec.peers"), nodeColumn],
  },
]);
