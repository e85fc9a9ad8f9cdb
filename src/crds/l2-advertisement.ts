/** L2Advertisement: which pools are announced by ARP and NDP, where, and by which nodes (CRD-11). */
import { advertised, nodeColumn, poolColumns } from "./advertisement-fields.ts";
import { column, definition } from "./definition.ts";
import { empty, int32, labelSelector, list, record, texts } from "./fields.ts";

const preferredNodeSelectors = list(
  record(
    "A wish about the announcing node.",
    {
      preference: labelSelector("The nodes that the weight counts for."),
      weight: int32("How much the wish counts; weights of a node add up.", {
        minimum: 1,
        maximum: 100,
      }),
    },
    { required: ["preference", "weight"] },
  ),
  "Among the nodes that may announce, those with the highest sum of weights come first.",
);

const spec = record("What is announced, where, and by which nodes.", {
  interfaces: texts("Interfaces of the node to announce on; all when empty."),
  ...advertised,
  preferredNodeSelectors,
});

export const l2Advertisement = definition("L2Advertisement", "l2advertisements", [
  {
    description: "Announces the addresses of pools in the local network by ARP and NDP.",
    spec,
    status: empty("Nothing yet."),
    columns: [...poolColumns, column("Interfaces", ".spec.interfaces"), nodeColumn],
  },
]);
