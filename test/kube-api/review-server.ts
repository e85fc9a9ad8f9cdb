/** A webhook of the tests' own, over HTTPS, for admission and for conversion. */
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { makeAuthority, makeServerCertificate } from "../../tools/realkube/index.ts";
import type { Json } from "./api-client.ts";

export interface ReviewServer {
  /** The client configuration for its registration. */
  clientConfig: { url: string; caBundle: string };
  /** Every review that it was sent. */
  reviews: Json[];
  stop(): void;
}

/** `answer` gives the response to a request, but its uid. `folder` is made for the certificates. */
export async function startReviewServer(
  folder: string,
  answer: (request: Json) => object,
): Promise<ReviewServer> {
  mkdirSync(folder);
  const authority = await makeAuthority(folder);
  const pair = await makeServerCertificate(authority, folder, "hook", ["IP:127.0.0.1"]);
  const reviews: Json[] = [];
  const tls = { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) };
  const server = createServer(tls, async (request, response) => {
    const review = JSON.parse(await text(request));
    reviews.push(review);
    const { uid } = review.request;
    const body = { ...review, response: { uid, ...answer(review.request) } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: {
      url: `https://127.0.0.1:${port}/review`,
      caBundle: readFileSync(authority.certificate).toString("base64"),
    },
    reviews,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
