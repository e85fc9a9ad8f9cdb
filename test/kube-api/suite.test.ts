/**
 * What clients rely on in a Kubernetes API server, checked on the embedded one and on the real one.
 *
 * `KUBE_API_UNDER_TEST=real node --test test/kube-api/suite.test.ts` takes the real one, which is the
 * truth: a case that fails there is wrong.
 */
import { after, describe, it } from "node:test";
import { applyCases } from "./apply.cases.ts";
import { deletionCases } from "./deletion.cases.ts";
import { kindCases } from "./kinds.cases.ts";
import { listCases } from "./lists.cases.ts";
import { objectCases } from "./objects.cases.ts";
import { patchCases } from "./patch.cases.ts";
import { reasonToSkip, serverName, startServerUnderTest } from "./servers.ts";
import { serviceCases } from "./services.cases.ts";
import { watchCases } from "./watch.cases.ts";

const reason = await reasonToSkip();

if (reason !== undefined) {
  it(`the ${serverName} API server`, { skip: reason }, () => {});
} else {
  const server = await startServerUnderTest();
  after(() => server.stop());
  describe(`the ${serverName} API server`, { timeout: 300_000 }, () => {
    objectCases(server);
    deletionCases(server);
    listCases(server);
    watchCases(server);
    patchCases(server);
    applyCases(server);
    serviceCases(server);
    kindCases(server);
  });
}
