/** One call of a webhook: a review goes out, its response comes back. */
import { once } from "node:events";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import { formatJson, parseJson } from "../kube/index.ts";
import { isRecord, type JsonObject } from "../schema/index.ts";
import type { Store } from "./store.ts";
import { webhookUrl, type ClientConfig } from "./webhook-address.ts";

/** The `response` of the review. Throws, with the URL, when there is none within the time. */
export async function callWebhook(
  store: Store,
  clientConfig: ClientConfig,
  review: JsonObject,
  timeoutSeconds: number,
): Promise<JsonObject> {
  const { url, serverName } = webhookUrl(store, clientConfig);
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, "base64") : undefined;
  const reply = await post(url, formatJson(review), {
    ...(ca ? { ca } : {}),
    ...(serverName ? { servername: serverName } : {}),
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  });
  const body = await text(reply);
  if (reply.statusCode !== 200)
    throw new Error(`Post "${url}": answered ${reply.statusCode}: ${body.slice(0, 200)}`);
  const parsed = parseJson(body);
  if (!isRecord(parsed) || !isRecord(parsed.response))
    throw new Error(`Post "${url}": the answer is no review with a response`);
  return parsed.response;
}

/** A connection of its own for each call: a webhook's address and authority may change any time. */
async function post(url: string, body: string, options: RequestOptions): Promise<IncomingMessage> {
  const send = url.startsWith("https:") ? tlsRequest : plainRequest;
  const headers = { "content-type": "application/json" };
  const request = send(url, { ...options, method: "POST", agent: false, headers });
  // What fails after the answer began is told to its reader.
  request.on("error", () => undefined);
  request.end(body);
  const [reply] = (await once(request, "response")) as [IncomingMessage];
  return reply;
}
