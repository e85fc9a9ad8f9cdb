/** etcd as kube-apiserver's store: how it is started, and its compaction through the JSON gateway. */
import { join } from "node:path";

/** The flags of a single etcd on loopback. No fsync: a test cluster need not survive a power cut. */
export function etcdFlags(stateDir: string, port: number, peerPort: number): string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    "--name=realkube",
    `--data-dir=${join(stateDir, "etcd")}`,
    "--unsafe-no-fsync",
    "--log-level=warn",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=realkube=${peer}`,
  ];
}

/** Forgets every revision before `revision`: older resource versions then answer 410 Gone. */
export async function compactEtcd(etcdUrl: string, revision: string): Promise<void> {
  const body = JSON.stringify({ revision, physical: true });
  const reply = await fetch(`${etcdUrl}/v3/kv/compaction`, { method: "POST", body });
  if (!reply.ok) throw new Error(`etcd refused to compact at ${revision}: ${await reply.text()}`);
}
