/** The tutorial's steps, with its own commands; each is checked by what it shows. */
import type { Lab } from "../lab.ts";
import { measureOutage, type Outage } from "../outage.ts";
import { openInBrowser } from "./browser.ts";
import type { Narrator } from "./narrator.ts";

export interface StepContext {
  readonly lab: Lab;
  readonly narrator: Narrator;
  readonly screenshot: string;
}

export interface Step {
  readonly title: string;
  readonly run: (context: StepContext) => Promise<void>;
}

const address = "192.168.1.240";
const edit = `sed -e "s/strictARP: false/strictARP: true/" -e 's/mode: ""/mode: "ipvs"/'`;
const readProxyConfig = "kubectl get configmap kube-proxy -n kube-system -o yaml";
const describe = "kubectl describe services grafana -n monitoring";
const poolConfig = `cat <<EOF | kubectl apply -f -
apiVersion: v1
kind: ConfigMap
metadata:
  namespace: metallb-system
  name: config
data:
  config: |
    address-pools:
    - name: default
      protocol: layer2
      addresses:
      - 192.168.1.240-192.168.1.249
EOF`;

export const steps: readonly Step[] = [
  { title: "1. How is kube-proxy set up?", run: lookAtKubeProxy },
  { title: "2. Turn strict ARP on", run: turnStrictArpOn },
  { title: "3. Install MetalLB", run: installMetallb },
  { title: "4. Make Grafana a LoadBalancer service", run: exposeGrafana },
  { title: "5. Look from a client on the LAN", run: lookFromClient },
  { title: "6. Cut the power of the announcing node", run: killAnnouncer },
];

async function lookAtKubeProxy({ narrator }: StepContext): Promise<void> {
  const { stdout } = await narrator.type(`${readProxyConfig} | grep -E '(mode|strictARP)'`);
  const lines = stdout.trim().split("\n");
  const found = lines.map((line) => line.trim());
  narrator.check(
    found.length === 2 && found[0] === "strictARP: false" && found[1] === 'mode: ""',
    'kube-proxy runs with strictARP: false and mode: ""',
  );
}

async function turnStrictArpOn({ narrator, lab }: StepContext): Promise<void> {
  const pipe = `${readProxyConfig} | \\\n${edit} | \\\n`;
  const diff = await narrator.type(`${pipe}kubectl diff -f - -n kube-system`);
  const changes = diff.stdout
    .split("\n")
    .filter((line) => /^[+-](?![+-])/.test(line) && !managedFieldsLine.test(line));
  narrator.check(
    diff.status === 1 &&
      changes.map((line) => line.replace(/\s+/g, " ")).join(";") ===
        '- strictARP: false;+ strictARP: true;- mode: "";+ mode: "ipvs"',
    "the difference is these two settings and nothing else",
  );
  const apply = await narrator.type(`${pipe}kubectl apply -f - -n kube-system`);
  narrator.check(apply.status === 0, "the ConfigMap is changed");
  const pods = "kubectl get pods -n kube-system | grep kube-proxy | awk '{print $1}'";
  const before = await lab.run("lan", ["bash", "-c", pods]);
  await narrator.type(`${pods} | \\\nxargs -n1 kubectl delete pod -n kube-system`);
  await narrator.type("kubectl rollout status daemonset kube-proxy -n kube-system --timeout=20s");
  const after = await narrator.type("kubectl get pods -n kube-system -o wide");
  const old = before.trim().split("\n");
  narrator.check(
    old.length === lab.topology.nodes.length &&
      old.every((name) => !after.stdout.includes(name)) &&
      after.stdout.match(/1\/1 +Running/g)?.length === old.length,
    "new kube-proxy pods run in place of the old ones",
  );
  const { stdout } = await narrator.type(
    `for node in ${lab.topology.nodes.map(({ name }) => name).join(" ")}; do ` +
      "ip netns exec $node sysctl net.ipv4.conf.all.arp_ignore; done",
  );
  narrator.check(
    stdout.match(/arp_ignore = 1\n/g)?.length === old.length,
    "every node's kernel answers ARP strictly",
  );
  narrator.note(
    "kube-proxy is a stand-in: it puts the service addresses on kube-ipvs0 in mode ipvs, as the " +
      "real one does, but nftables carries the traffic in every mode",
  );
}

async function installMetallb({ narrator }: StepContext): Promise<void> {
  await narrator.type("kubectl apply -f manifests/namespace.yaml");
  const apply = await narrator.type("kubectl apply -f manifests/metallb.yaml");
  if (apply.stderr.includes("PodSecurityPolicy")) {
    narrator.note(
      "as expected: Kubernetes 1.25 removed PodSecurityPolicy, which the manifest of v0.9.5 still " +
        "lists; everything else of it is there",
    );
  }
  narrator.check(
    /deployment.apps\/controller created/.test(apply.stdout) &&
      /daemonset.apps\/speaker created/.test(apply.stdout),
    "controller and speaker are installed",
  );
  const pods = "kubectl get pods -n metallb-system -l app=metallb -o wide";
  const count = (word: string) => (text: string) => text.split(word).length - 1;
  const waiting = count("CreateContainerConfigError");
  await narrator.until(pods, (text) => waiting(text) === 3, "three speakers ask for their secret");
  const before = await narrator.type(pods);
  narrator.check(waiting(before.stdout) === 3, "the speakers wait for the secret memberlist");
  await narrator.type(
    "kubectl create secret generic -n metallb-system memberlist " +
      '--from-literal=secretkey="$(openssl rand -base64 128)"',
  );
  await narrator.type(poolConfig);
  await narrator.type("kubectl rollout status daemonset speaker -n metallb-system --timeout=20s");
  await narrator.type(
    "kubectl rollout status deployment controller -n metallb-system --timeout=20s",
  );
  const after = await narrator.type(pods);
  narrator.check(count(" 1/1 ")(after.stdout) === 4, "controller and three speakers run");
}

async function exposeGrafana({ narrator }: StepContext): Promise<void> {
  const before = await narrator.type("kubectl get service,pods -n monitoring -o wide");
  narrator.check(
    /service\/grafana +NodePort/.test(before.stdout) && before.stdout.includes(" 1/1 "),
    "monitoring/grafana is a NodePort service with a ready backend",
  );
  narrator.note("the image grafana/grafana is a stand-in here: a small login page, not Grafana");
  const patch = `kubectl patch service grafana -n monitoring -p '{"spec": {"type": "LoadBalancer"}}'`;
  await narrator.type(patch);
  const isDone = (text: string) => text.includes("nodeAssigned") && text.includes("IPAllocated");
  await narrator.until(describe, isDone, "the service has an address and a node announces it");
  const { stdout } = await narrator.type(describe);
  const has = (pattern: RegExp) => pattern.test(stdout);
  narrator.check(has(/^LoadBalancer Ingress: +192\.168\.1\.240\b/m), `its address is ${address}`);
  narrator.check(has(/^Port: +\S+ +3000\/TCP/m), "its port is 3000");
  narrator.check(
    has(/metallb-controller +Assigned IP/) && has(/metallb-speaker +announcing from node/),
    "both programs tell what they did in its events",
  );
}

/** The server's note of who set which field: kubectl before 1.21 shows that in its differences too. */
const managedFieldsLine =
  /^[+-] +(f:.*|\.: \{\}|- apiVersion: .*|fieldsType: .*|fieldsV1:|manager: .*|operation: .*|time: .*)$/;

/** The node whose MAC the client has learned for the address. */
async function announcingNode({ narrator, lab }: StepContext): Promise<string> {
  const { stdout } = await narrator.type(`ip neigh show ${address}`, "client");
  const node = lab.topology.nodes.find(({ mac }) => stdout.includes(`lladdr ${mac}`));
  narrator.check(node !== undefined, `the client has ${node?.name}'s MAC for ${address}`);
  return node?.name ?? "";
}

async function lookFromClient(context: StepContext): Promise<void> {
  const { narrator, lab, screenshot } = context;
  const url = `http://${address}:3000/`;
  const page = await narrator.type(`curl -sS --max-time 5 ${url}`, "client");
  narrator.check(
    page.stdout.includes("<form") && page.stdout.includes('type="password"'),
    "the login page comes from the service address",
  );
  const node = await announcingNode(context);
  const events = await lab.run("lan", ["bash", "-c", describe]);
  narrator.check(
    events.includes(`announcing from node "${node}"`),
    `${node} is the node that announces it`,
  );
  const shot = await openInBrowser(lab, url, screenshot);
  if (shot.skipped === undefined) {
    narrator.check(shot.title.includes("Grafana"), `Chromium shows the page "${shot.title}"`);
  } else {
    narrator.note(`no browser step: ${shot.skipped}`);
  }
}

async function killAnnouncer(context: StepContext): Promise<void> {
  const { narrator, lab } = context;
  const node = await announcingNode(context);
  narrator.say(`Power cut: all processes of ${node} are killed and its link goes down.`);
  narrator.say("... waiting until the client can connect again");
  const outage = await measureOutage(lab, { node, address, port: 3000 });
  narrator.say(
    "Kubernetes has not noticed yet; the speakers have, by gossip and heartbeats of their own.",
  );
  await narrator.type("kubectl get nodes");
  const successor = await announcingNode(context);
  narrator.check(successor !== node, `${successor} has taken the address over`);
  narrator.say(
    "Until Kubernetes notices, some connections still go to the pod that died with the node: the client tries again.",
  );
  const page = await narrator.type(
    `curl -sS --max-time 1 --retry 20 http://${address}:3000/ | grep -iE '<title>|served by'`,
    "client",
  );
  narrator.check(page.stdout.includes("<title>Grafana (stand-in)"), "the page loads again");
  narrator.say(outageTable(outage, successor));
}

function outageTable(outage: Outage, successor: string): string {
  const row = (ms: number, text: string) => `  ${String(ms).padStart(6)} ms  ${text}`;
  return [
    `Outage of ${address} after the power cut of ${outage.node}:`,
    row(
      outage.announcedMs,
      `until the speakers had noticed, ${successor} had decided, and its gratuitous ARP arrived`,
    ),
    row(outage.servedMs, "until a new connection was served"),
    row(outage.totalMs, "in all"),
  ].join("\n");
}
