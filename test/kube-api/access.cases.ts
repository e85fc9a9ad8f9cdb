/** Who is asking and may they: tokens, RBAC, reviews, service account tokens. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  eventually,
  newNamespace,
  refused,
  succeeded,
  type ApiClient,
  type Json,
  type Reply,
} from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";

export function accessCases({ api, nobodyToken, aliceToken }: ServerUnderTest): void {
  const nobody = api.as(nobodyToken);
  let namespace: string;
  let core: string;
  before(async () => {
    namespace = await newNamespace(api);
    core = `/api/v1/namespaces/${namespace}`;
    succeeded(await api.post(`${core}/configmaps`, { metadata: { name: "seen" } }), 201);
    succeeded(await api.post(`${core}/configmaps`, { metadata: { name: "hidden" } }), 201);
  });

  /** Binds rules to a subject by a Role in the test's namespace. */
  async function grant(name: string, rules: object[], subject: object): Promise<void> {
    const roles = `${rbac}/namespaces/${namespace}/roles`;
    succeeded(await api.post(roles, { metadata: { name }, rules }), 201);
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
    const binding = { metadata: { name }, roleRef, subjects: [subject] };
    succeeded(await api.post(`${rbac}/namespaces/${namespace}/rolebindings`, binding), 201);
  }
  const user = (name: string): object => ({
    kind: "User",
    name,
    apiGroup: "rbac.authorization.k8s.io",
  });

  /** A fresh service account and a client with its token. */
  async function account(name: string): Promise<ApiClient> {
    succeeded(await api.post(`${core}/serviceaccounts`, { metadata: { name } }), 201);
    const body = { spec: { expirationSeconds: 600 } };
    const { status } = succeeded(
      await api.post(`${core}/serviceaccounts/${name}/token`, body),
      201,
    );
    return api.as(status.token);
  }
  const subjectOf = (name: string): object => ({ kind: "ServiceAccount", name, namespace });

  /** Rights arrive a moment after the binding is acknowledged: asks until the answer is not 403. */
  async function onceAllowed(call: () => ReturnType<typeof api.get>): Promise<Json> {
    const reply = await eventually(call, ({ status }) => status !== 403);
    return succeeded(reply);
  }

  describe("access: who is it", () => {
    it("answers a bad token with 401, whatever is asked", async () => {
      for (const path of ["/api/v1/services", "/version", "/readyz"]) {
        const reply = await api.as("wrong").get(path);
        refused(reply, 401, "Unauthorized", "Unauthorized");
      }
    });

    it("takes a request without a token as anonymous, who may see the health and version only", async () => {
      const anonymous = api.as(undefined);
      assert.equal((await anonymous.get("/readyz")).status, 200);
      assert.equal((await anonymous.get("/version")).status, 200);
      const reply = await anonymous.get("/api/v1/services");
      refused(
        reply,
        403,
        "Forbidden",
        'services is forbidden: User "system:anonymous" cannot list resource "services" in API group "" at the cluster scope',
      );
    });

    it("tells users who they are", async () => {
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      const review = succeeded(await api.as(aliceToken).post(path, {}), 201);
      assert.equal(review.status.userInfo.username, "alice");
      assert.deepEqual(review.status.userInfo.groups, ["developers", "system:authenticated"]);
    });

    it("reviews tokens for others", async () => {
      const path = "/apis/authentication.k8s.io/v1/tokenreviews";
      const good = succeeded(await api.post(path, { spec: { token: aliceToken } }), 201);
      assert.equal(good.status.authenticated, true);
      assert.equal(good.status.user.username, "alice");
      const bad = succeeded(await api.post(path, { spec: { token: "wrong" } }), 201);
      assert.notEqual(bad.status.authenticated, true);
    });
  });

  describe("access: refusals", () => {
    it("name user, verb, resource, group and namespace", async () => {
      const list = refused(
        await nobody.get(`${core}/services`),
        403,
        "Forbidden",
        `services is forbidden: User "nobody" cannot list resource "services" in API group "" in the namespace "${namespace}"`,
      );
      assert.deepEqual(list.details, { kind: "services" });
      const get = refused(
        await nobody.get(`${core}/configmaps/seen`),
        403,
        "Forbidden",
        `configmaps "seen" is forbidden: User "nobody" cannot get resource "configmaps" in API group "" in the namespace "${namespace}"`,
      );
      assert.deepEqual(get.details, { name: "seen", kind: "configmaps" });
      refused(
        await nobody.get("/apis/apps/v1/deployments"),
        403,
        "Forbidden",
        'deployments.apps is forbidden: User "nobody" cannot list resource "deployments" in API group "apps" at the cluster scope',
      );
      refused(
        await nobody.patch(`${core}/services/x/status`, "merge", {}),
        403,
        "Forbidden",
        `services "x" is forbidden: User "nobody" cannot patch resource "services/status" in API group "" in the namespace "${namespace}"`,
      );
    });

    it("name each verb as RBAC calls it", async () => {
      const path = `${core}/configmaps`;
      const verbs: [string, ReturnType<typeof api.get>][] = [
        ["create", nobody.post(path, { metadata: { name: "x" } })],
        ["update", nobody.put(`${path}/seen`, { metadata: { name: "seen" } })],
        ["patch", nobody.patch(`${path}/seen`, "merge", {})],
        ["delete", nobody.delete(`${path}/seen`)],
        ["deletecollection", nobody.delete(path)],
        ["watch", nobody.get(`${path}?watch=1`)],
      ];
      for (const [verb, reply] of verbs) {
        refused(
          await reply,
          403,
          "Forbidden",
          new RegExp(`User "nobody" cannot ${verb} resource "configmaps"`),
        );
      }
    });

    it("leave discovery, health and version to every known user", async () => {
      for (const path of [
        "/api",
        "/apis",
        "/api/v1",
        "/apis/apps/v1",
        "/version",
        "/healthz",
        "/openapi/v3",
      ]) {
        assert.equal((await nobody.get(path)).status, 200, path);
      }
      const reply = await nobody.get("/metrics");
      refused(reply, 403, "Forbidden", 'forbidden: User "nobody" cannot get path "/metrics"');
    });
  });

  describe("access: rights", () => {
    it("of a Role end at its namespace, resources and verbs", async () => {
      await grant(
        "reader",
        [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }],
        user("alice"),
      );
      const alice = api.as(aliceToken);
      const list = await onceAllowed(() => alice.get(`${core}/configmaps`));
      assert.ok(list.items.length >= 2);
      refused(await alice.get("/api/v1/configmaps"), 403, "Forbidden");
      refused(await alice.get(`${core}/secrets`), 403, "Forbidden");
      refused(await alice.delete(`${core}/configmaps/seen`), 403, "Forbidden");
      refused(await alice.get("/api/v1/namespaces/default/configmaps"), 403, "Forbidden");
    });

    it("may be limited to resourceNames, a list by name included", async () => {
      const named = await account("named");
      const rule = {
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: ["seen"],
        verbs: ["get", "list", "watch"],
      };
      await grant("named", [rule], subjectOf("named"));
      await onceAllowed(() => named.get(`${core}/configmaps/seen`));
      refused(await named.get(`${core}/configmaps/hidden`), 403, "Forbidden");
      refused(await named.get(`${core}/configmaps`), 403, "Forbidden");
      const list = succeeded(
        await named.get(`${core}/configmaps?fieldSelector=metadata.name%3Dseen`),
      );
      assert.equal(list.items.length, 1);
    });

    it("to a subresource are apart from those to the resource", async () => {
      const publisher = await account("publisher");
      await grant(
        "publisher",
        [{ apiGroups: [""], resources: ["services/status"], verbs: ["update", "patch"] }],
        subjectOf("publisher"),
      );
      const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
      succeeded(await api.post(`${core}/services`, { metadata: { name: "lb" }, spec }), 201);
      const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
      await onceAllowed(() => publisher.patch(`${core}/services/lb/status`, "merge", { status }));
      refused(await publisher.patch(`${core}/services/lb`, "merge", {}), 403, "Forbidden");
      refused(await publisher.get(`${core}/services/lb`), 403, "Forbidden");
    });

    it("of a ClusterRole reach everywhere, or one namespace by a RoleBinding", async () => {
      const name = `services-${namespace}`;
      const rules = [{ apiGroups: [""], resources: ["services"], verbs: ["*"] }];
      succeeded(await api.post(`${rbac}/clusterroles`, { metadata: { name }, rules }), 201);
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
      const everywhere = await account("everywhere");
      const here = await account("here");
      const wide = { metadata: { name }, roleRef, subjects: [subjectOf("everywhere")] };
      succeeded(await api.post(`${rbac}/clusterrolebindings`, wide), 201);
      const narrow = { metadata: { name }, roleRef, subjects: [subjectOf("here")] };
      succeeded(await api.post(`${rbac}/namespaces/${namespace}/rolebindings`, narrow), 201);
      await onceAllowed(() => everywhere.get("/api/v1/services"));
      await onceAllowed(() => here.get(`${core}/services`));
      refused(await here.get("/api/v1/services"), 403, "Forbidden");
    });

    it("may be given to a group, of users or of all service accounts of a namespace", async () => {
      const group = (name: string): object => ({
        kind: "Group",
        name,
        apiGroup: "rbac.authorization.k8s.io",
      });
      const rules = [{ apiGroups: [""], resources: ["endpoints"], verbs: ["list"] }];
      await grant("developers", rules, group("developers"));
      await onceAllowed(() => api.as(aliceToken).get(`${core}/endpoints`));
      const member = await account("member");
      refused(await member.get(`${core}/endpoints`), 403, "Forbidden");
      await grant("accounts", rules, group(`system:serviceaccounts:${namespace}`));
      await onceAllowed(() => member.get(`${core}/endpoints`));
    });

    it("to make Roles do not reach beyond one's own rights", async () => {
      const maker = await account("maker");
      const all = ["get", "create", "update"];
      await grant(
        "maker",
        [{ apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: all }],
        subjectOf("maker"),
      );
      const roles = `${rbac}/namespaces/${namespace}/roles`;
      await onceAllowed(() => maker.get(`${roles}/maker`));
      const body = {
        metadata: { name: "more" },
        rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }],
      };
      refused(
        await maker.post(roles, body),
        403,
        "Forbidden",
        /attempting to grant RBAC permissions not currently held/,
      );
    });

    it("cannot be moved to another role by changing a binding's roleRef", async () => {
      await grant("fixed", [], user("x"));
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "other" };
      const path = `${rbac}/namespaces/${namespace}/rolebindings/fixed`;
      refused(
        await api.patch(path, "merge", { roleRef }),
        422,
        "Invalid",
        /roleRef: Invalid value.*cannot change roleRef/,
      );
    });
  });

  describe("access: reviews", () => {
    const attributes = (verb: string): object => ({
      namespace: "default",
      verb,
      resource: "services",
    });

    it("answer what another user may do, and why", async () => {
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      const ask = async (spec: object): Promise<Json> =>
        succeeded(await api.post(path, { spec }), 201).status;
      const admin = await ask({
        user: "root",
        groups: ["system:masters"],
        resourceAttributes: attributes("delete"),
      });
      assert.equal(admin.allowed, true);
      const none = await ask({ user: "nobody", resourceAttributes: attributes("get") });
      assert.equal(none.allowed, false);
      const health = await ask({
        user: "nobody",
        groups: ["system:authenticated"],
        nonResourceAttributes: { path: "/healthz", verb: "get" },
      });
      assert.equal(health.allowed, true);
      assert.match(health.reason, /^RBAC: allowed by ClusterRoleBinding "/);
    });

    it("answer everybody what they may do themselves", async () => {
      const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
      const spec = { resourceAttributes: attributes("get") };
      assert.equal(succeeded(await nobody.post(path, { spec }), 201).status.allowed, false);
      assert.equal(succeeded(await api.post(path, { spec }), 201).status.allowed, true);
    });

    it("list one's own rules in a namespace", async () => {
      const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
      const { status } = succeeded(await nobody.post(path, { spec: { namespace } }), 201);
      const reviews = status.resourceRules.find(({ resources }: Json) =>
        resources.includes("selfsubjectaccessreviews"),
      );
      assert.deepEqual(reviews.verbs, ["create"]);
    });
  });

  describe("access: service account tokens", () => {
    it("are JWTs of the account, its namespace and groups", async () => {
      const client = await account("holder");
      const review = succeeded(
        await client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}),
        201,
      );
      assert.equal(review.status.userInfo.username, `system:serviceaccount:${namespace}:holder`);
      const groups = [
        "system:serviceaccounts",
        `system:serviceaccounts:${namespace}`,
        "system:authenticated",
      ];
      assert.deepEqual(review.status.userInfo.groups, groups);
    });

    it("carry subject, expiry and audience", async () => {
      succeeded(await api.post(`${core}/serviceaccounts`, { metadata: { name: "claims" } }), 201);
      const body = { spec: { expirationSeconds: 900 } };
      const reply = succeeded(await api.post(`${core}/serviceaccounts/claims/token`, body), 201);
      assert.partialDeepStrictEqual(reply, {
        kind: "TokenRequest",
        spec: { expirationSeconds: 900 },
      });
      assert.ok(Date.parse(reply.status.expirationTimestamp) > Date.now() + 800_000);
      const claims = JSON.parse(
        Buffer.from(reply.status.token.split(".")[1], "base64url").toString(),
      );
      assert.equal(claims.sub, `system:serviceaccount:${namespace}:claims`);
      assert.equal(claims.exp - claims.iat, 900);
      assert.partialDeepStrictEqual(claims["kubernetes.io"], {
        namespace,
        serviceaccount: { name: "claims" },
      });
    });

    it("end with the account", async () => {
      const client = await account("short-lived");
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      succeeded(await client.post(path, {}), 201);
      succeeded(await api.delete(`${core}/serviceaccounts/short-lived`));
      // A server may remember a token it has just seen for some seconds.
      const again = (): Promise<Reply> => client.post(path, {});
      const reply = await eventually(again, ({ status }) => status !== 201);
      refused(reply, 401, "Unauthorized");
    });

    it("of a foreign audience are not for this server", async () => {
      succeeded(await api.post(`${core}/serviceaccounts`, { metadata: { name: "foreign" } }), 201);
      const body = { spec: { audiences: ["somebody-else"] } };
      const { status } = succeeded(
        await api.post(`${core}/serviceaccounts/foreign/token`, body),
        201,
      );
      refused(await api.as(status.token).get("/version"), 401, "Unauthorized");
    });

    it("cannot last under ten minutes, nor be had for an account that is not there", async () => {
      succeeded(await api.post(`${core}/serviceaccounts`, { metadata: { name: "hasty" } }), 201);
      const body = { spec: { expirationSeconds: 5 } };
      refused(
        await api.post(`${core}/serviceaccounts/hasty/token`, body),
        422,
        "Invalid",
        /spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes/,
      );
      refused(await api.post(`${core}/serviceaccounts/absent/token`, {}), 404, "NotFound");
    });
  });
}
