/** Who may read the metrics: asked of the API server by the caller's own token (MET-1). */

import { createHash } from "node:crypto";
import { monotonicMs, type KubeClient, type ResourceRef } from "../platform/index.ts";

export type ScrapeVerdict = "allowed" | "unauthenticated" | "forbidden";

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

/** How long a yes is believed; a no is asked again. */
const yesLastsMs = 60_000;
const rememberedMax = 100;
/** Strangers with invented tokens must not keep the API server busy. */
const questionsMax = 8;

const tokenReviews: ResourceRef = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "tokenreviews",
};
const accessReviews: ResourceRef = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
};

export class ScrapeAccess {
  readonly #client: KubeClient;
  /** Digest of a token that may read -> until when we believe it. */
  readonly #allowedUntilMs = new Map<string, number>();
  #questions = 0;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** `authorization` is the header of the request. Rejects where the API server cannot be asked. */
  async check(authorization: string | undefined): Promise<ScrapeVerdict> {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return "unauthenticated";
    const digest = createHash("sha256").update(token).digest("base64");
    if ((this.#allowedUntilMs.get(digest) ?? 0) > monotonicMs()) return "allowed";
    if (this.#questions >= questionsMax) throw new Error("too many callers at once");
    this.#questions++;
    try {
      const verdict = await this.#ask(token);
      if (verdict === "allowed") this.#remember(digest);
      else this.#allowedUntilMs.delete(digest);
      return verdict;
    } finally {
      this.#questions--;
    }
  }

  async #ask(token: string): Promise<ScrapeVerdict> {
    const review = await this.#client.create<object>(tokenReviews, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token },
    });
    const { authenticated, user } = (review as TokenReview).status ?? {};
    if (authenticated !== true) return "unauthenticated";
    const { username = "", ...rest } = user ?? {};
    const access = await this.#client.create<object>(accessReviews, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: username,
        ...rest,
        nonResourceAttributes: { path: "/metrics", verb: "get" },
      },
    });
    return (access as AccessReview).status?.allowed === true ? "allowed" : "forbidden";
  }

  #remember(digest: string): void {
    this.#allowedUntilMs.delete(digest);
    this.#allowedUntilMs.set(digest, monotonicMs() + yesLastsMs);
    for (const oldest of this.#allowedUntilMs.keys()) {
      if (this.#allowedUntilMs.size <= rememberedMax) break;
      this.#allowedUntilMs.delete(oldest);
    }
  }
}
