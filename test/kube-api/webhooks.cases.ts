/** Admission webhooks: denial, change, failure policies. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { makeAuthority } from "../../tools/realkube/index.ts";
import {
  eventually,
  newNamespace,
  refused,
  succeeded,
  type Json,
  type Reply,
} from "./api-client.ts";
import { startReviewServer, type ReviewServer } from "./review-server.ts";
import type { ServerUnderTest } from "./servers.ts";

const registration = "/apis/admissionregistration.k8s.io/v1";

export function webhookCases({ api, scratch }: ServerUnderTest): void {
  describe("webhooks", () => {
    let server: ReviewServer;
    let namespace: string;
    let maps: string;
    let reviews: Json[];
    let answer: (request: Json) => object = () => ({ allowed: true });
    const installed: string[] = [];

    before(async () => {
      server = await startReviewServer(join(scratch, "webhook"), (request) => answer(request));
      reviews = server.reviews;
      namespace = await newNamespace(api);
      maps = `/api/v1/namespaces/${namespace}/configmaps`;
    });
    after(async () => {
      for (const path of installed) await api.delete(path);
      server.stop();
    });

    /** Installs a webhook for ConfigMaps labelled hook=LABEL, and waits until it is asked. */
    async function install(
      kind: "validating" | "mutating",
      label: string,
      options: object = {},
    ): Promise<void> {
      const webhook = {
        name: `${label}.example.com`,
        clientConfig: server.clientConfig,
        rules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            resources: ["configmaps"],
            operations: ["CREATE", "UPDATE", "DELETE"],
          },
        ],
        objectSelector: { matchLabels: { hook: label } },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        timeoutSeconds: 5,
        ...options,
      };
      const path = `${registration}/${kind}webhookconfigurations`;
      const name = `${label}-${namespace}`;
      succeeded(await api.post(path, { metadata: { name }, webhooks: [webhook] }), 201);
      installed.push(`${path}/${name}`);
    }

    const make = (name: string, hook: string, options = ""): ReturnType<typeof api.post> =>
      api.post(maps + options, { metadata: { name, labels: { hook } }, data: { a: "1" } });

    /** A server takes a new webhook up a moment after it has acknowledged it. */
    const untilRefused = (hook: string): Promise<Reply> =>
      eventually(
        () => make("probe", hook, "?dryRun=All"),
        ({ status }) => status !== 201,
      );

    it("deny with their own message and code", async () => {
      answer = () => ({ allowed: false, status: { message: "pools overlap", code: 422 } });
      await install("validating", "deny");
      const reply = await untilRefused("deny");
      assert.equal(reply.status, 422);
      assert.equal(
        reply.body.message,
        'admission webhook "deny.example.com" denied the request: pools overlap',
      );
      refused(await make("other", "deny"), 422, reply.body.reason);
      refused(await api.get(`${maps}/other`), 404, "NotFound");
    });

    it("deny with 400 when they name no code", async () => {
      answer = () => ({ allowed: false });
      await install("validating", "plain");
      const reply = await untilRefused("plain");
      refused(
        reply,
        400,
        undefined,
        'admission webhook "plain.example.com" denied the request without explanation',
      );
    });

    it("warn, whether they allow or deny", async () => {
      answer = ({ name }) => ({ allowed: name === "fine", warnings: ["pools are few"] });
      await install("validating", "warn");
      const denied = await untilRefused("warn");
      assert.match(String(denied.headers["warning"]), /299 - "pools are few"/);
      const reply = await make("fine", "warn");
      succeeded(reply, 201);
      assert.match(String(reply.headers["warning"]), /299 - "pools are few"/);
    });

    it("are told the object, the old one, the operation and who asks", async () => {
      answer = ({ operation }) => ({
        allowed: operation !== "DELETE",
        status: { message: "stays" },
      });
      await install("validating", "told");
      const path = `${maps}/watched`;
      succeeded(await make("watched", "told"), 201);
      await eventually(
        () => api.delete(`${path}?dryRun=All`),
        ({ status }) => status !== 200,
      );
      reviews.length = 0;
      succeeded(await api.patch(path, "merge", { data: { a: "2" } }));
      const { request } = reviews[0];
      assert.partialDeepStrictEqual(request, {
        kind: { group: "", version: "v1", kind: "ConfigMap" },
        resource: { group: "", version: "v1", resource: "configmaps" },
        name: "watched",
        namespace,
        operation: "UPDATE",
        userInfo: { username: "admin" },
        object: { data: { a: "2" } },
        oldObject: { data: { a: "1" } },
        dryRun: false,
      });
      assert.partialDeepStrictEqual(reviews[0], {
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
      });
      const denied = await api.delete(path);
      refused(
        denied,
        400,
        undefined,
        'admission webhook "told.example.com" denied the request: stays',
      );
      assert.equal(reviews.at(-1).request.object, null);
      assert.equal(reviews.at(-1).request.oldObject.data.a, "2");
    });

    it("are passed over when they cannot be reached and may be ignored", async () => {
      const clientConfig = { ...server.clientConfig, url: "https://127.0.0.1:1/" };
      await install("validating", "ignored", { clientConfig, failurePolicy: "Ignore" });
      succeeded(await make("ignored", "ignored"), 201);
    });

    it("fail the request when they cannot be reached and must not be ignored", async () => {
      const clientConfig = { ...server.clientConfig, url: "https://127.0.0.1:1/" };
      await install("validating", "broken", { clientConfig, failurePolicy: "Fail" });
      const reply = await untilRefused("broken");
      refused(
        reply,
        500,
        "InternalError",
        /^Internal error occurred: failed calling webhook "broken.example.com": /,
      );
    });

    it("fail the request when their certificate is signed by somebody else", async () => {
      const folder = join(scratch, "stranger");
      mkdirSync(folder);
      const stranger = await makeAuthority(folder);
      const other = readFileSync(stranger.certificate).toString("base64");
      await install("validating", "stranger", {
        clientConfig: { ...server.clientConfig, caBundle: other },
      });
      refused(await untilRefused("stranger"), 500, "InternalError", /certificate/);
    });

    it("change the object by a JSON patch when they are mutating", async () => {
      const operations = [{ op: "add", path: "/data/added", value: "by webhook" }];
      const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
      answer = () => ({ allowed: true, patchType: "JSONPatch", patch });
      await install("mutating", "mutate");
      await eventually(
        () => make("probe", "mutate", "?dryRun=All"),
        ({ body }) => body.data.added !== undefined,
      );
      assert.deepEqual(succeeded(await make("mutated", "mutate"), 201).data, {
        a: "1",
        added: "by webhook",
      });
    });

    it("are refused a configuration without sideEffects or with a plain http URL", async () => {
      const path = `${registration}/validatingwebhookconfigurations`;
      const webhook = {
        name: "x.example.com",
        clientConfig: { url: "http://127.0.0.1/" },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      };
      const plain = await api.post(path, { metadata: { name: "x" }, webhooks: [webhook] });
      refused(plain, 422, "Invalid", /webhooks\[0\].clientConfig.url: Invalid value/);
      const { sideEffects: _, ...silent } = { ...webhook, clientConfig: server.clientConfig };
      const unsaid = await api.post(path, { metadata: { name: "x" }, webhooks: [silent] });
      refused(unsaid, 422, "Invalid", /webhooks\[0\].sideEffects: Required value/);
    });
  });
}
