/** A watch over HTTP: one JSON line an event, in the version and the form that the client asked for. */
import type { ServerResponse } from "node:http";
import { formatJson } from "../kube/index.ts";
import type { JsonObject } from "../schema/index.ts";
import { ApiError } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { conversionWebhook, converted } from "./conversion.ts";
import type { ApiRequest, Target } from "./request.ts";
import { inVersion, type Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import { inForm, wantedForm } from "./table.ts";
import { startWatch, type WatchSink, type WatchType } from "./watch.ts";

const BACKLOG_BYTES = 16 * 1024 * 1024;

/** Streams until the client goes, the time is over, or the client is too slow. Throws before anything is sent. */
export function streamWatch(
  state: ServerState,
  request: ApiRequest,
  what: { target: Target; resource: Resource },
  outgoing: ServerResponse,
): void {
  // It went while the request was judged, and will not go again: the watch would last until its time is over.
  if (outgoing.closed) return;
  const { target, resource } = what;
  const query = new URLSearchParams(request.query);
  if (target.name) query.set("fieldSelector", `metadata.name=${target.name}`);
  const stream = new WatchStream(outgoing, eventShape(request, resource));
  const sink = conversionWebhook(state, resource) ? inVersionOf(state, resource, stream) : stream;
  const stop = startWatch({ state, resource, namespace: target.namespace, query }, sink);
  outgoing.on("close", stop);
  stream.begin();
}

/** Passes events on, in their order, once the webhook has converted their objects; its failure ends the watch. */
function inVersionOf(state: ServerState, resource: Resource, sink: WatchSink): WatchSink {
  let earlier = Promise.resolve();
  const then = (step: () => Promise<void>) => {
    earlier = earlier.then(step).catch((error: unknown) => {
      const failed = error instanceof ApiError ? error : new ApiError(500, "", String(error));
      sink.send("ERROR", failed.status());
      sink.end();
    });
  };
  return {
    send(type, object) {
      then(async () => {
        const isPlain = type === "ERROR" || type === "BOOKMARK";
        const [seen] = isPlain ? [object] : await converted(state, [object as ApiObject], resource);
        if (seen) sink.send(type, seen);
      });
      return true;
    },
    end: () => then(async () => sink.end()),
  };
}

/** Holds events back until `begin`, as errors in the query must be told by the status code. */
class WatchStream implements WatchSink {
  readonly #outgoing: ServerResponse;
  readonly #shape: (object: ApiObject | JsonObject) => ApiObject | JsonObject;
  #held: string[] | undefined = [];
  #ended = false;

  constructor(
    outgoing: ServerResponse,
    shape: (object: ApiObject | JsonObject) => ApiObject | JsonObject,
  ) {
    this.#outgoing = outgoing;
    this.#shape = shape;
  }

  send(type: WatchType, object: ApiObject | JsonObject): boolean {
    const shown = type === "ERROR" ? object : this.#shape(object);
    const line = `${formatJson({ type, object: shown })}\n`;
    if (this.#held) this.#held.push(line);
    else if (!this.#ended) this.#outgoing.write(line);
    return this.#outgoing.writableLength < BACKLOG_BYTES;
  }

  end(): void {
    this.#ended = true;
    if (!this.#held) this.#outgoing.end();
  }

  begin(): void {
    this.#outgoing.writeHead(200, { "Content-Type": "application/json" });
    this.#outgoing.flushHeaders();
    const held = this.#held ?? [];
    this.#held = undefined;
    if (held.length > 0) this.#outgoing.write(held.join(""));
    if (this.#ended) this.#outgoing.end();
  }
}

function eventShape(request: ApiRequest, resource: Resource) {
  const form = wantedForm(request.accept);
  const includeObject = request.query.get("includeObject") ?? undefined;
  let header = true;
  return (object: ApiObject | JsonObject): JsonObject => {
    const isBookmark = (object as ApiObject).metadata.uid === undefined;
    const plain = (isBookmark ? object : inVersion(object as ApiObject, resource)) as JsonObject;
    if (!form) return plain;
    const shaped = inForm(plain, resource, { form, now: Date.now(), includeObject, header });
    header = false;
    return shaped;
  };
}
