/** Building blocks of the schemas: a field is what it holds, what it may be, and what it is for. */
import type { Schema } from "../schema/index.ts";

type Limits = Omit<Schema, "type" | "description" | "properties" | "items">;

export function text(description: string, limits: Limits = {}): Schema {
  return { type: "string", description, ...limits };
}

/** Without a `default` the field stays absent when it is not given. */
export function flag(description: string, limits: Limits = {}): Schema {
  return { type: "boolean", description, ...limits };
}

/** A whole number. */
export function whole(description: string, limits: Limits = {}): Schema {
  return { type: "integer", description, ...limits };
}

export function int32(description: string, limits: Limits = {}): Schema {
  return whole(description, { format: "int32", ...limits });
}

export function int64(description: string, limits: Limits = {}): Schema {
  return whole(description, { format: "int64", ...limits });
}

/** An autonomous system number of four octets (RFC 6793). */
export function asNumber(description: string, minimum = 0): Schema {
  return int64(description, { minimum, maximum: 4_294_967_295 });
}

export function list(items: Schema, description: string, limits: Limits = {}): Schema {
  return { type: "array", description, items, ...limits };
}

export function texts(description: string): Schema {
  return list({ type: "string" }, description);
}

/** A map with named fields. */
export function record(
  description: string,
  properties: Record<string, Schema>,
  limits: Limits = {},
): Schema {
  return { type: "object", description, properties, ...limits };
}

/** A map that may hold nothing yet. */
export function empty(description: string): Schema {
  return { type: "object", description };
}

const matchLabels: Schema = {
  type: "object",
  description: "Labels that must all be there with exactly these values.",
  additionalProperties: { type: "string" },
};

/** The selector of Kubernetes (CRD-3), which a server-side apply replaces as a whole. */
export function labelSelector(description: string): Schema {
  const matchExpressions = list(
    record(
      "One condition on one label.",
      {
        key: text("The key of the label."),
        operator: text("How the label is tested: In, NotIn, Exists or DoesNotExist."),
        values: list(
          { type: "string" },
          "The values of In and NotIn, at least one; none for Exists and DoesNotExist.",
          { "x-kubernetes-list-type": "atomic" },
        ),
      },
      { required: ["key", "operator"] },
    ),
    "Conditions that must all hold.",
    { "x-kubernetes-list-type": "atomic" },
  );
  const atomic = { "x-kubernetes-map-type": "atomic" } as const;
  return record(description, { matchExpressions, matchLabels }, atomic);
}

/** Selectors of which one must match. */
export function labelSelectors(description: string): Schema {
  return list(
    labelSelector("Matches what fulfils all of its parts; everything when it has none."),
    description,
  );
}

/** The selector of BGPPeer v1beta1: a type of its own, stricter than that of Kubernetes (CRD-13). */
export function oldNodeSelector(description: string): Schema {
  const matchExpressions = list(
    record(
      "One condition on one label.",
      {
        key: text("The key of the label."),
        operator: text("How the label is tested: In, NotIn, Exists or DoesNotExist."),
        values: list({ type: "string" }, "The values that the label is compared with.", {
          minItems: 1,
        }),
      },
      { required: ["key", "operator", "values"] },
    ),
    "Conditions that must all hold.",
  );
  return record(description, { matchExpressions, matchLabels });
}

/** A text that is set once and for all. */
export function fixedText(description: string): Schema {
  const fixed = { rule: "self == oldSelf", message: "cannot be changed once it is set" };
  return text(description, { "x-kubernetes-validations": [fixed] });
}

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

/** One condition of each type. */
export function conditions(description: string): Schema {
  return list(condition, description, {
    "x-kubernetes-list-map-keys": ["type"],
    "x-kubernetes-list-type": "map",
  });
}
