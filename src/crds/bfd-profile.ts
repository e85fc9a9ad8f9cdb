/** BFDProfile: how quickly a dead path is noticed (CRD-17, RFC 5880). Defaults are FRR's and not put in the object. */
import { column, definition } from "./definition.ts";
import { empty, flag, int32, record } from "./fields.ts";

const milliseconds = { minimum: 10, maximum: 60_000 };

const spec = record("Timers and modes of BFD sessions.", {
  detectMultiplier: int32("Packets that may be missed before the path counts as down (3).", {
    minimum: 2,
    maximum: 255,
  }),
  echoInterval: int32("Least time between echo packets, in milliseconds (50).", milliseconds),
  echoMode: flag("Whether echo packets are used; single-hop IPv4 only."),
  minimumTtl: int32("Multi-hop: the lowest TTL of packets that are accepted (254).", {
    minimum: 1,
    maximum: 254,
  }),
  passiveMode: flag("Whether to wait for the other side to speak first."),
  receiveInterval: int32(
    "Least time between packets received, in milliseconds (300).",
    milliseconds,
  ),
  transmitInterval: int32("Least time between packets sent, in milliseconds (300).", milliseconds),
});

export const bfdProfile = definition("BFDProfile", "bfdprofiles", [
  {
    description: "Settings of the BFD sessions of the BGPPeers that name this profile.",
    spec,
    status: empty("Nothing yet."),
    columns: [
      column("Passive Mode", ".spec.passiveMode", "boolean"),
      column("Transmit Interval", ".spec.transmitInterval", "integer"),
      column("Receive Interval", ".spec.receiveInterval", "integer"),
      column("Multiplier", ".spec.detectMultiplier", "integer"),
    ],
  },
]);
