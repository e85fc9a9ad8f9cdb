/** ServiceL2Status and ServiceBGPStatus: who announces a service, written by the speakers (CRD-20, CRD-21). */
import { column, definition } from "./definition.ts";
import { conditions, empty, fixedText, list, record, text, texts } from "./fields.ts";

const spec = empty("Nothing: the object only tells.");

const service = {
  node: fixedText("The node that announces."),
  serviceName: fixedText("The name of the service."),
  serviceNamespace: fixedText("The namespace of the service."),
};

const columns = [
  column("Service Name", ".status.serviceName"),
  column("Service Namespace", ".status.serviceNamespace"),
];

export const serviceL2Status = definition("ServiceL2Status", "servicel2statuses", [
  {
    description: "Tells which node announces a service in the local network.",
    spec,
    status: record("What the node announces.", {
      // Ours: MetalLB's definition has no such field, and its tools pass over it.
      conditions: conditions("What other speakers see of it on the wire."),
      interfaces: list(
        record("One interface.", { name: text("The name of the interface.") }),
        "The interfaces that the node announces on; all when empty.",
      ),
      ...service,
    }),
    columns: [column("Allocated Node", ".status.node"), ...columns],
  },
]);

export const serviceBgpStatus = definition("ServiceBGPStatus", "servicebgpstatuses", [
  {
    description: "Tells to which BGP peers a node announces a service.",
    spec,
    status: record("What the node announces.", {
      ...service,
      peers: texts("Names of the BGPPeers that the node announces the service to."),
    }),
    columns: [column("Node", ".status.node"), ...columns],
  },
]);
