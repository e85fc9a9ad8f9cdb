/** Tokens of service accounts: signed JWTs that end with their account, their pod, or their time. */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { type JsonObject, fieldError } from "../schema/index.ts";
import { invalid, notFound } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import type { User } from "./request.ts";
import type { Resource } from "./resource.ts";
import { timestamp } from "./server-state.ts";
import type { Store } from "./store.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const KEYS = "internal/signing-keys";
const DEFAULT_SECONDS = 3600;

interface Claims {
  aud: string[];
  exp: number;
  iat: number;
  sub: string;
  "kubernetes.io": {
    namespace: string;
    serviceaccount: { name: string; uid: string };
    pod?: { name: string; uid: string };
  };
}

export class ServiceAccountTokens {
  readonly #store: Store;
  readonly #key: Buffer;
  readonly #now: () => Date;

  constructor(store: Store, now: () => Date) {
    this.#store = store;
    this.#now = now;
    this.#key = signingKey(store, now);
  }

  /** A TokenRequest with its status. Throws 404 without the account and 422 for a time that is too short. */
  issue(
    resource: Resource,
    account: { namespace: string; name: string },
    request: ApiObject,
  ): JsonObject {
    const { namespace, name } = account;
    const found = this.#store.get("/serviceaccounts", namespace, name);
    if (!found) throw notFound(resource, name);
    const given: JsonObject = request.spec ?? {};
    const seconds = lifetimeOf(given);
    const now = Math.floor(this.#now().getTime() / 1000);
    const audiences = audiencesOf(given);
    const pod = this.#boundPod(namespace, given);
    const token = this.#sign({
      aud: audiences,
      exp: now + seconds,
      iat: now,
      iss: ISSUER,
      jti: randomUUID(),
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${name}`,
      "kubernetes.io": {
        namespace,
        serviceaccount: { name, uid: found.metadata.uid },
        ...(pod ? { pod: { name: pod.metadata.name, uid: pod.metadata.uid } } : {}),
      },
    });
    const expirationTimestamp = timestamp(new Date((now + seconds) * 1000));
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name, namespace, creationTimestamp: timestamp(this.#now()) },
      spec: { ...given, audiences, expirationSeconds: seconds },
      status: { token, expirationTimestamp },
    };
  }

  #boundPod(namespace: string, spec: JsonObject): ApiObject | undefined {
    const bound = spec.boundObjectRef as { kind?: string; name?: string } | undefined;
    if (bound?.kind !== "Pod") return undefined;
    const name = bound.name ?? "";
    const pod = this.#store.get("/pods", namespace, name);
    if (!pod) throw notFound({ group: "", plural: "pods", kind: "Pod" }, name);
    return pod;
  }

  /** The account behind a token; undefined when it is forged, over, for somebody else, or its account is gone. */
  userOf(token: string): User | undefined {
    const claims = this.#verified(token);
    if (!claims || claims.exp * 1000 < this.#now().getTime() || !claims.aud.includes(ISSUER))
      return undefined;
    const { namespace, serviceaccount, pod } = claims["kubernetes.io"];
    const account = this.#store.get("/serviceaccounts", namespace, serviceaccount.name);
    if (account?.metadata.uid !== serviceaccount.uid) return undefined;
    if (pod && this.#store.get("/pods", namespace, pod.name)?.metadata.uid !== pod.uid)
      return undefined;
    const groups = [
      "system:serviceaccounts",
      `system:serviceaccounts:${namespace}`,
      "system:authenticated",
    ];
    return { name: claims.sub, groups };
  }

  #sign(claims: JsonObject): string {
    const encode = (part: JsonObject) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
    return `${text}.${this.#signature(text).toString("base64url")}`;
  }

  #signature(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }

  #verified(token: string): Claims | undefined {
    const [header = "", claims = "", signature = ""] = token.split(".");
    const given = Buffer.from(signature, "base64url");
    const right = this.#signature(`${header}.${claims}`);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    return JSON.parse(Buffer.from(claims, "base64url").toString()) as Claims;
  }
}

function lifetimeOf(spec: JsonObject): number {
  const seconds = Number(spec.expirationSeconds ?? DEFAULT_SECONDS);
  if (seconds >= 600) return seconds;
  const why = "may not specify a duration less than 10 minutes";
  const subject = { group: "authentication.k8s.io", plural: "", kind: "TokenRequest" };
  throw invalid(subject, "", [fieldError.invalid("spec.expirationSeconds", seconds, why)]);
}

function audiencesOf(spec: JsonObject): string[] {
  const given = (spec.audiences ?? []) as string[];
  return given.length > 0 ? given : [ISSUER];
}

/** The key lives in the database, so that tokens outlive a restart. */
function signingKey(store: Store, now: () => Date): Buffer {
  const name = "service-accounts";
  const found = store.get(KEYS, undefined, name);
  if (found) return Buffer.from(found.key, "base64");
  const key = randomBytes(32);
  const creationTimestamp = timestamp(now());
  const metadata = { name, uid: randomUUID(), resourceVersion: "", creationTimestamp };
  store.put(KEYS, { apiVersion: "internal", kind: "Key", metadata, key: key.toString("base64") });
  return key;
}
