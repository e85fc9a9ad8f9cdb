/** ConfigurationState: what each program thinks of the configuration (CRD-22). */
import { column, definition } from "./definition.ts";
import { int64, list, record, text } from "./fields.ts";

/** The condition of Kubernetes, with its limits. */
const condition = record(
  "One finding.",
  {
    lastTransitionTime: text("When the condition was found so.", { format: "date-time" }),
    message: text("What is wrong, for people.", { maxLength: 32_768 }),
    observedGeneration: int64("The generation of the object that was looked at.", { minimum: 0 }),
    reason: text("Why, in one word for programs.", {
      minLength: 1,
      maxLength: 1024,
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    }),
    status: text("Whether it holds.", { enum: ["True", "False", "Unknown"] }),
    type: text("What was looked at.", {
      maxLength: 316,
      pattern:
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?" +
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    }),
  },
  { required: ["lastTransitionTime", "message", "reason", "status", "type"] },
);

const status = record("What the program thinks of the configuration.", {
  conditions: list(condition, "One finding for each part of the program.", {
    "x-kubernetes-list-map-keys": ["type"],
    "x-kubernetes-list-type": "map",
  }),
  errorSummary: text("The messages of all configuration errors, one a line."),
  result: text("Valid, Invalid, or Unknown while nothing was looked at.", {
    enum: ["Valid", "Invalid", "Unknown"],
  }),
});

export const configurationState = definition("ConfigurationState", "configurationstates", [
  {
    description: "Whether the controller, or the speaker of one node, could use the configuration.",
    status,
    columns: [
      column("Result", ".status.result"),
      column("ErrorSummary", ".status.errorSummary"),
      column("Age", ".metadata.creationTimestamp", "date"),
    ],
  },
]);
