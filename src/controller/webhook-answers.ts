/** What each path of the webhook server answers; the decisions are those of src/admission. */

import {
  conversionPath,
  convertReview,
  failed,
  readAdmissionReview,
  reviewAdmission,
  validatingWebhooks,
  writeAdmissionReview,
  type AdmissionOptions,
  type ValidatingWebhook,
} from "../admission/index.ts";
import type { ConfigKind, ResourceSet } from "../config/index.ts";
import { RequestRefused, type HttpsAnswer, type HttpsRequest } from "../platform/index.ts";

export interface AnswerOptions extends AdmissionOptions {
  readonly readExisting: (kinds: readonly (ConfigKind | "Node")[]) => Promise<ResourceSet>;
}

/** Answers reviews; throws `RequestRefused` for what is not worth reading. */
export async function answerWebhook(
  request: HttpsRequest,
  options: AnswerOptions,
): Promise<HttpsAnswer> {
  const webhook = validatingWebhooks.find(({ path }) => path === request.path);
  if (webhook === undefined && request.path !== conversionPath) {
    const paths = [...validatingWebhooks.map(({ path }) => path), conversionPath];
    throw new RequestRefused(404, `nothing here: the API server calls ${paths.join(", ")}`);
  }
  if (request.method !== "POST") {
    throw new RequestRefused(405, "a review is sent by POST");
  }
  const type = request.headers["content-type"] ?? "none";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new RequestRefused(415, `a review is application/json, not ${JSON.stringify(type)}`);
  }
  const text = await request.text();
  if (webhook !== undefined) return admission(webhook, text, options);
  const answer = convertReview(text);
  return json(answer.isReview ? 200 : 400, answer.text);
}

/** WH-8: what is no review is refused in HTTP's way and in the way of reviews at once. */
async function admission(
  webhook: ValidatingWebhook,
  text: string,
  { readExisting, ...options }: AnswerOptions,
): Promise<HttpsAnswer> {
  const read = readAdmissionReview(text);
  if (!read.ok) return json(400, writeAdmissionReview(failed(400, read.error)));
  const { review } = read;
  let existing: ResourceSet;
  try {
    existing = await readExisting(webhook.reads);
  } catch (error) {
    const why = `cannot read the existing objects to check against: ${(error as Error).message}`;
    return json(200, writeAdmissionReview(failed(500, why), review));
  }
  const response = reviewAdmission(webhook, review.request, existing, options);
  return json(200, writeAdmissionReview(response, review));
}

function json(status: number, text: string): HttpsAnswer {
  return { status, contentType: "application/json", text };
}
