/** The controller's webhooks: a server as soon as there are certificates, and the care for them (WH-1, WH-9, WH-10). */

import {
  followKeyPair,
  serveHttps,
  type FlagValues,
  type HttpsServer,
  type KeyPair,
  type KubeClient,
  type Logger,
  type TlsOptions,
} from "../platform/index.ts";
import type { webhookFlags } from "./flags.ts";
import { answerWebhook } from "./webhook-answers.ts";
import { WebhookCertificates } from "./webhook-certificates.ts";
import { readExisting } from "./webhook-objects.ts";

export interface WebhookOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly namespace: string;
  readonly flags: FlagValues<typeof webhookFlags>;
  readonly tls: TlsOptions;
  /** As in METALLB_BGP_TYPE. */
  readonly bgpType: string | undefined;
  /** Default: that of the manifests. */
  readonly port?: number;
  readonly onListening?: (port: number) => void;
}

export interface Webhooks {
  close(): Promise<void>;
}

const defaultPort = 9443;
const listenAgainMs = 10_000;

/** Returns at once; the server comes when its files do. Whatever fails here is logged and tried again. */
export function startWebhooks(options: WebhookOptions): Webhooks {
  const { flags, logger } = options;
  const isRotating = !flags["disable-cert-rotation"];
  const certificates = isRotating
    ? new WebhookCertificates(certificateOptions(options))
    : undefined;
  certificates?.start();
  const listener = new Listener(options);
  const files = followKeyPair(flags["cert-dir"], {
    onPair: (pair) => listener.use(pair),
    onTrouble: (reason) => {
      const fields = { op: "webhooks", reason, msg: "waiting for the webhook's certificate" };
      if (isRotating) logger.info(fields);
      else logger.error(fields);
    },
  });
  return {
    close: async () => {
      files.stop();
      certificates?.stop();
      await listener.close();
    },
  };
}

function certificateOptions({ client, logger, namespace, flags }: WebhookOptions) {
  const names = { secretName: flags["webhook-secret"], serviceName: flags["cert-service-name"] };
  return { client, logger, namespace, ...names };
}

/** The server behind changing certificates: the first one starts it. */
class Listener {
  readonly #options: WebhookOptions;
  #pair: KeyPair | undefined;
  #server: Promise<HttpsServer | undefined> | undefined;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  use(pair: KeyPair): void {
    this.#pair = pair;
    if (this.#server === undefined) this.#server = this.#listen(pair);
    else void this.#server.then((server) => server?.useCertificate(pair));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#again);
    await (await this.#server)?.close();
  }

  async #listen(certificate: KeyPair): Promise<HttpsServer | undefined> {
    const { client, logger, namespace, bgpType, flags, tls, port } = this.#options;
    try {
      const server = await serveHttps({
        name: "webhooks",
        port: port ?? defaultPort,
        tls,
        certificate,
        allowsHttp2: flags["webhook-http2"],
        logger,
        answer: (request) =>
          answerWebhook(request, {
            namespace,
            bgpType,
            readExisting: (kinds) => readExisting(client, namespace, kinds),
          }),
      });
      logger.info({ op: "webhooks", port: server.port, msg: "webhooks are served" });
      this.#options.onListening?.(server.port);
      return server;
    } catch (error) {
      logger.error({ op: "webhooks", error, msg: "trying again" });
      if (!this.#isClosed) this.#again = setTimeout(() => this.#tryAgain(), listenAgainMs);
      return undefined;
    }
  }

  #tryAgain(): void {
    this.#server = undefined;
    if (!this.#isClosed && this.#pair !== undefined) this.use(this.#pair);
  }
}
