/**
 * What clients rely on in a Kubernetes API server, checked on the embedded one and on the real one.
 *
 * `KUBE_API_UNDER_TEST=real node --test test/kube-api/suite.test.ts` takes the real one, which is the
 * truth: a case that fails there is wrong.
 */
import { after, describe, it } from "node:test";
import { accessCases } from "./access.cases.ts";
import { applyCases } from "./apply.cases.ts";
import { concurrencyCases } from "./concurrency.cases.ts";
import { conversionCases } from "./conversion.cases.ts";
import { customResourceCases } from "./custom-resources.cases.ts";
import { deletionCases } from "./deletion.cases.ts";
import { discoveryCases } from "./discovery.cases.ts";
import { durabilityCases } from "./durability.cases.ts";
import { kindCases } from "./kinds.cases.ts";
import { listCases } from "./lists.cases.ts";
import { metallbCases } from "./metallb.cases.ts";
import { objectCases } from "./objects.cases.ts";
import { patchCases } from "./patch.cases.ts";
import { serviceCases } from "./services.cases.ts";
import { watchCases } from "./watch.cases.ts";
import { webhookCases } from "./webhooks.cases.ts";
import { reasonToSkip, serverName, startServerUnderTest } from "./servers.ts";

const chapters = {
  discovery: discoveryCases,
  objects: objectCases,
  deletion: deletionCases,
  lists: listCases,
  watch: watchCases,
  patch: patchCases,
  apply: applyCases,
  concurrency: concurrencyCases,
  services: serviceCases,
  kinds: kindCases,
  "custom resources": customResourceCases,
  conversion: conversionCases,
  webhooks: webhookCases,
  "MetalLB's resources": metallbCases,
  access: accessCases,
  durability: durabilityCases,
};

const reason = await reasonToSkip();

if (reason !== undefined) {
  it(`the ${serverName} API server`, { skip: reason }, () => {});
} else {
  const server = await startServerUnderTest();
  after(() => server.stop());
  describe(`the ${serverName} API server`, { timeout: 300_000 }, () => {
    for (const [title, cases] of Object.entries(chapters)) {
      describe(title, () => cases(server));
    }
  });
}
