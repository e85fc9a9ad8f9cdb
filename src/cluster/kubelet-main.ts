/** Program of a lab node: `kubelet-main.ts OPTIONS.json`; it is the first process of its node. */
import { readFileSync } from "node:fs";
import { KubeClient } from "../platform/index.ts";
import { runKubelet } from "./kubelet.ts";
import type { KubeletOptions } from "./pod-worker.ts";

const options = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as KubeletOptions;
const source = { kubeconfig: options.kubeconfig, env: process.env };
await runKubelet(KubeClient.fromEnvironment(source), options);
