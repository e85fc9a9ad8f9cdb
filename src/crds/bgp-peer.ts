/** BGPPeer in both served versions; a webhook of the controller converts between them (CRD-13, CRD-14). */
import { column, definition } from "./definition.ts";
import {
  asNumber,
  empty,
  flag,
  labelSelectors,
  list,
  oldNodeSelector,
  record,
  text,
  whole,
} from "./fields.ts";

const shared = {
  bfdProfile: text("Name of the BFDProfile that watches over the session; none: no BFD."),
  ebgpMultiHop: flag("Whether the router is more than one hop away (eBGP)."),
  holdTime: text("Hold time to propose (RFC 4271), such as 90s or 1m30s."),
  keepaliveTime: text("Time between KEEPALIVE messages (RFC 4271), such as 30s."),
  myASN: asNumber("Our own autonomous system number."),
  password: text("Password for TCP MD5 signatures (RFC 2385), in the clear."),
  peerASN: asNumber("The autonomous system number of the peer."),
  peerAddress: text("The address of the peer."),
  routerID: text("The BGP identifier that we use, written as an IPv4 address."),
  sourceAddress: text("The local address from which the session is opened."),
};

const oldSpec = record(
  "The router and how to talk to it.",
  {
    ...shared,
    nodeSelectors: list(
      oldNodeSelector("Matches nodes that fulfil all of its parts."),
      "The nodes that open a session; every node when empty.",
    ),
    peerPort: whole("The TCP port of the peer.", { minimum: 0, maximum: 16_384 }),
  },
  { required: ["myASN", "peerASN", "peerAddress"] },
);

const connectTime = text("Time between attempts to connect, in whole seconds.", {
  "x-kubernetes-validations": [
    {
      rule: "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
      message: "must be between 1s and 65535s",
    },
    {
      rule: "duration(self).getMilliseconds() % 1000 == 0",
      message: "must be a whole number of seconds",
    },
  ],
});

const passwordSecret = record(
  "A Secret of type kubernetes.io/basic-auth in MetalLB's namespace whose key `password` holds the password.",
  {
    name: text("Name of the Secret."),
    namespace: text("Not looked at: it is always MetalLB's own namespace."),
  },
  { "x-kubernetes-map-type": "atomic" },
);

const spec = record(
  "The router and how to talk to it.",
  {
    ...shared,
    connectTime,
    disableMP: flag("Deprecated, without effect: see dualStackAddressFamily.", { default: false }),
    dualStackAddressFamily: flag("Whether the session carries the routes of both families.", {
      default: false,
    }),
    dynamicASN: text(
      "In place of peerASN: takes any peer of our own system (internal) or of another one (external).",
      { enum: ["internal", "external"] },
    ),
    enableGracefulRestart: flag(
      "Whether the peer keeps our routes while we restart (RFC 4724); fixed when the object is made.",
      {
        "x-kubernetes-validations": [
          { rule: "self == oldSelf", message: "cannot be changed once the peer is made" },
        ],
      },
    ),
    interface: text("In place of peerAddress: the interface of an unnumbered session."),
    localASN: asNumber("Shown to this peer in place of myASN.", 1),
    nodeSelectors: labelSelectors("The nodes that open a session; every node when empty."),
    passwordSecret,
    peerPort: whole("The TCP port of the peer.", { minimum: 1, maximum: 16_384, default: 179 }),
    vrf: text("The VRF of the node in which the session is opened."),
  },
  { required: ["myASN"] },
);

const plan = {
  description: "A router that announces our addresses.",
  status: empty("Nothing yet."),
  columns: [
    column("Address", ".spec.peerAddress"),
    column("ASN", ".spec.peerASN"),
    column("BFD Profile", ".spec.bfdProfile"),
    column("Multi Hops", ".spec.ebgpMultiHop"),
  ],
};

const service = {
  namespace: "metallb-system",
  name: "metallb-webhook-service",
  path: "/convert",
};

export const bgpPeer = definition(
  "BGPPeer",
  "bgppeers",
  [
    {
      ...plan,
      name: "v1beta1",
      spec: oldSpec,
      deprecationWarning: "v1beta1 is deprecated, please use v1beta2",
    },
    { ...plan, name: "v1beta2", spec },
  ],
  {
    strategy: "Webhook",
    webhook: {
      clientConfig: { service },
      conversionReviewVersions: ["v1beta1", "v1beta2"],
    },
  },
);
