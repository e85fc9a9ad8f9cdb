/** IPAddressPool: addresses that services may get (CRD-10). */
import { column, definition } from "./definition.ts";
import { flag, int64, labelSelectors, record, texts, whole } from "./fields.ts";

const serviceAllocation = record("Which services may use the pool; all when absent.", {
  namespaces: texts("Names of namespaces whose services may use the pool."),
  namespaceSelectors: labelSelectors("Namespaces, by label, whose services may use the pool."),
  priority: whole(
    "Among pools that suit a service, the lowest number comes first, and 0 or none last.",
  ),
  serviceSelectors: labelSelectors("Services, by label, that may use the pool."),
});

const spec = record(
  "The addresses and the rules for giving them out.",
  {
    addresses: texts(
      "Prefixes such as 192.0.2.0/28 and ranges such as 192.0.2.10-192.0.2.20, of either family.",
    ),
    autoAssign: flag(
      "Whether services that name neither a pool nor an address get one from here.",
      {
        default: true,
      },
    ),
    avoidBuggyIPs: flag(
      "Leaves out IPv4 addresses that end in .0 and .255, which some old devices drop.",
      { default: false },
    ),
    serviceAllocation,
  },
  { required: ["addresses"] },
);

const counts = ["assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"];

const status = record(
  "How many addresses are in use and how many are left.",
  {
    assignedIPv4: int64("IPv4 addresses that services hold."),
    assignedIPv6: int64("IPv6 addresses that services hold."),
    availableIPv4: int64("IPv4 addresses that are free."),
    availableIPv6: int64("IPv6 addresses that are free, at most 9223372036854775807."),
  },
  { required: counts },
);

export const ipAddressPool = definition("IPAddressPool", "ipaddresspools", [
  {
    description: "A pool of addresses for services of type LoadBalancer.",
    spec,
    status,
    required: ["spec"],
    columns: [
      column("Auto Assign", ".spec.autoAssign", "boolean"),
      column("Avoid Buggy IPs", ".spec.avoidBuggyIPs", "boolean"),
      column("Addresses", ".spec.addresses"),
    ],
  },
]);
