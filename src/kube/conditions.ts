/** What the conditions of an object say, as Nodes and Pods have them. */

interface WithConditions {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** `True`, `False` or `Unknown`; undefined: nobody has said it yet. */
export function conditionStatus({ status }: WithConditions, type: string): string | undefined {
  return status?.conditions?.find((condition) => condition.type === type)?.status;
}

/** Of a Pod or a Node; one that nobody has spoken of is not ready. */
export function isReady(object: WithConditions): boolean {
  return conditionStatus(object, "Ready") === "True";
}
