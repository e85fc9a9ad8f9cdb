/**
 * Keeps the webhook's certificates: makes and renews them in their secret, and tells the API server whom to trust
 * (WH-9, INS-29). Any number of controllers may do so at once: the secret is written by whoever comes first.
 */

import { planCertificates } from "../admission/index.ts";
import type { KubeObject, Secret } from "../kube/index.ts";
import {
  hasStatus,
  Informer,
  type KubeClient,
  type Logger,
  type ResourceRef,
} from "../platform/index.ts";
import { Repeater } from "../program/index.ts";
import { makeTexts, textsOf, toBase64, withTexts } from "./webhook-secret.ts";

export interface CertificateOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly namespace: string;
  /** It must exist: the manifests bring it, empty. */
  readonly secretName: string;
  /** The API server knows the webhooks as `<serviceName>.<namespace>.svc`. */
  readonly serviceName: string;
}

interface ClientConfig {
  caBundle?: string;
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: ClientConfig }[];
}

interface PeerDefinition extends KubeObject {
  spec: { conversion?: { webhook?: { clientConfig?: ClientConfig } } };
}

/** The one object that an informer follows, as it is now. */
interface Followed<T extends KubeObject> {
  readonly informer: Informer<T>;
  object: T | undefined;
}

const webhookConfigurations: ResourceRef = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
};
const definitions: ResourceRef = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
};
const configurationName = "metallb-webhook-configuration";
const peerDefinitionName = "bgppeers.metallb.io";

const checkEveryMs = 12 * 3_600_000;

export class WebhookCertificates {
  readonly #options: CertificateOptions;
  readonly #secrets: Followed<Secret>;
  readonly #configurations: Followed<WebhookConfiguration>;
  readonly #definitions: Followed<PeerDefinition>;
  readonly #work: Repeater;
  #check: NodeJS.Timeout | undefined;
  #isSecretMissed = false;

  constructor(options: CertificateOptions) {
    this.#options = options;
    const { logger, namespace, secretName } = options;
    this.#work = new Repeater(() => this.#keep(), {
      onTrouble: (error) => logger.error({ op: "webhookCertificates", error, msg: "trying again" }),
    });
    const secrets = { group: "", version: "v1", plural: "secrets", namespace };
    this.#secrets = this.#follow<Secret>(secrets, secretName);
    this.#configurations = this.#follow(webhookConfigurations, configurationName);
    this.#definitions = this.#follow(definitions, peerDefinitionName, withoutSchema);
  }

  start(): void {
    this.#secrets.informer.start();
    this.#configurations.informer.start();
    this.#definitions.informer.start();
    this.#check = setInterval(() => this.#work.wake(), checkEveryMs);
  }

  stop(): void {
    clearInterval(this.#check);
    this.#work.stop();
    this.#secrets.informer.stop();
    this.#configurations.informer.stop();
    this.#definitions.informer.stop();
  }

  #follow<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    project?: (object: T) => T,
  ): Followed<T> {
    const { client, logger } = this.#options;
    const informer = new Informer<T>(client, ref, {
      fieldSelector: `metadata.name=${name}`,
      ...(project ? { project } : {}),
      onChange: (_key, object) => {
        followed.object = object;
        this.#work.wake();
      },
      onSynced: () => this.#work.wake(),
      onTrouble: ({ message }) =>
        logger.error({ op: "webhookCertificates", error: message, msg: `cannot watch ${name}` }),
    });
    const followed: Followed<T> = { informer, object: undefined };
    return followed;
  }

  /** Brings the secret, then whatever trusts it, to what they should be; at rest it writes nothing. */
  async #keep(): Promise<void> {
    const { informer, object: secret } = this.#secrets;
    if (!informer.isSynced) return;
    if (secret === undefined) {
      this.#missSecret();
      return;
    }
    this.#isSecretMissed = false;
    const authority = await this.#authorityOf(secret);
    if (authority !== undefined) await this.#trust(toBase64(authority));
  }

  #missSecret(): void {
    if (this.#isSecretMissed) return;
    this.#isSecretMissed = true;
    const { logger, namespace, secretName } = this.#options;
    const error = `secret ${namespace}/${secretName} does not exist`;
    const msg =
      "no webhooks until it does: create it empty, as the manifests do, or name another by --webhook-secret, or bring certificates of your own with --disable-cert-rotation";
    logger.error({ op: "webhookCertificates", error, msg });
  }

  /** The certificate to trust, renewed if need be; undefined when somebody else wrote the secret first. */
  async #authorityOf(secret: Secret): Promise<string | undefined> {
    const { client, logger, namespace, secretName, serviceName } = this.#options;
    const texts = textsOf(secret);
    const dnsName = `${serviceName}.${namespace}.svc`;
    const plan = planCertificates(texts, { dnsName, nowMs: Date.now() });
    if (plan.kind === "keep") return texts["ca.crt"];
    const made = await makeTexts(dnsName, plan.kind === "renewServer" ? texts : undefined);
    const ref = { group: "", version: "v1", plural: "secrets", namespace };
    const written = client.update(ref, secretName, withTexts(secret, made));
    if (!(await isFirst(written))) return undefined;
    const { kind, reason } = plan;
    logger.info({ op: "webhookCertificates", plan: kind, reason, msg: "certificates made" });
    return made["ca.crt"];
  }

  /** Every entry of the webhook configuration, and the conversion of BGPPeer, get this bundle if they have another. */
  async #trust(caBundle: string): Promise<void> {
    const { client } = this.#options;
    const options = { type: "merge", fieldManager: "MetalLB" } as const;
    const { object: configuration } = this.#configurations;
    const { webhooks = [] } = configuration ?? {};
    if (webhooks.some(({ clientConfig }) => clientConfig.caBundle !== caBundle)) {
      const trusting = webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: { ...webhook.clientConfig, caBundle },
      }));
      const patch = { ...versionOf(configuration), webhooks: trusting };
      await isFirst(client.patch(webhookConfigurations, configurationName, patch, options));
    }
    const { object: definition } = this.#definitions;
    const clientConfig = definition?.spec.conversion?.webhook?.clientConfig;
    if (clientConfig !== undefined && clientConfig.caBundle !== caBundle) {
      const spec = { conversion: { webhook: { clientConfig: { caBundle } } } };
      const patch = { ...versionOf(definition), spec };
      await isFirst(client.patch(definitions, peerDefinitionName, patch, options));
    }
  }
}

/** False: somebody changed the object before this write; the watch brings what it is now, and we look again. */
async function isFirst(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (hasStatus(error, 409)) return false;
    throw error;
  }
}

/** With it a write to an older version than the server's is refused. */
function versionOf(object: KubeObject | undefined) {
  return { metadata: { resourceVersion: object?.metadata.resourceVersion } };
}

/** The schemas of a definition are large, and nobody here reads them. */
function withoutSchema({ metadata, spec }: PeerDefinition): PeerDefinition {
  const { conversion } = spec;
  return { metadata, spec: conversion === undefined ? {} : { conversion } };
}
