/** Debian's prometheus-alertmanager, another user of memberlist: unpacked into a cache, so that no service is installed. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { get } from "node:http";
import { dirname, join } from "node:path";
import { LineProgram } from "../../src/testing/line-program.ts";

const cache = join(dirname(dirname(import.meta.dirname)), ".cache");
const folder = join(cache, "alertmanager");
const program = join(folder, "usr/bin/prometheus-alertmanager");

/** Fetches it once; else why it cannot be had: the reason to skip. */
export function fetchAlertmanager(): string | false {
  if (existsSync(program)) return false;
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, "alertmanager-"));
  try {
    const stdio = ["ignore", "ignore", "pipe"] as const;
    execFileSync("apt-get", ["download", "-qq", "prometheus-alertmanager"], {
      cwd: scratch,
      stdio: [...stdio],
    });
    execFileSync("sh", ["-c", "dpkg-deb -x *.deb . && rm *.deb"], {
      cwd: scratch,
      stdio: [...stdio],
    });
    renameSync(scratch, folder);
    return false;
  } catch (error) {
    rmSync(scratch, { recursive: true });
    return `Debian's prometheus-alertmanager cannot be had: ${(error as Error).message}`;
  }
}

export interface AlertmanagerPlace {
  readonly address: string;
  readonly port: number;
  readonly peers: readonly string[];
  /** A folder for its data. */
  readonly data: string;
}

export class Alertmanager {
  readonly #place: AlertmanagerPlace;
  readonly #program: LineProgram;
  #isStopped = false;

  constructor(on: readonly string[], place: AlertmanagerPlace) {
    const { address, port, peers, data } = place;
    this.#place = place;
    // It looks for its templates where the package would have put them.
    const script = [
      "mount --make-rprivate /",
      `mount --bind ${folder}/usr/share /usr/share`,
      `printf 'route: {receiver: none}\\nreceivers: [{name: none}]\\n' >"$0/config"`,
      'exec "$@"',
    ].join(" && ");
    const words = [
      `--config.file=${data}/config`,
      `--storage.path=${data}`,
      `--web.listen-address=${address}:9093`,
      `--cluster.listen-address=${address}:${port}`,
      ...peers.map((peer) => `--cluster.peer=${peer}:${port}`),
    ];
    this.#program = new LineProgram([
      ...on,
      "unshare",
      "--mount",
      "sh",
      "-c",
      script,
      data,
      program,
      ...words,
    ]);
  }

  /** Its own name in the ring, and everybody's addresses, once so many are members with it. */
  async members(count: number): Promise<{ readonly name: string; readonly addresses: string[] }> {
    while (!this.#isStopped && this.#program.exitCode === null) {
      const { cluster } = await this.#status();
      if (cluster?.peers?.length === count) {
        const addresses = cluster.peers.map(({ address }) => address.split(":")[0]!);
        return { name: cluster.name, addresses: addresses.sort() };
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the alertmanager ended with status ${this.#program.exitCode}`);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#isStopped = true;
    await this.#program.stop(signal);
  }

  /** Empty while it does not answer. */
  #status(): Promise<{
    readonly cluster?: { readonly name: string; readonly peers?: { address: string }[] };
  }> {
    const url = `http://${this.#place.address}:9093/api/v2/status`;
    return new Promise((resolve) => {
      const request = get(url, { agent: false }, (reply) => {
        let text = "";
        reply.on("data", (data: Buffer) => (text += data.toString()));
        reply.on("end", () => resolve(reply.statusCode === 200 ? JSON.parse(text) : {}));
      });
      request.on("error", () => resolve({}));
    });
  }
}
