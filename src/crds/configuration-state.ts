/** ConfigurationState: what each program thinks of the configuration (CRD-22). */
import { column, definition } from "./definition.ts";
import { conditions, record, text } from "./fields.ts";

const status = record("What the program thinks of the configuration.", {
  conditions: conditions("One finding for each part of the program."),
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
