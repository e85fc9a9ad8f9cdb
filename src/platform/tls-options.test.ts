import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSecureContext, getCiphers } from "node:tls";
import { parseTlsOptions, type TlsOptions } from "./tls-options.ts";

const empty = { minVersion: "", cipherSuites: "", curvePreferences: "" };
const gcm = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

function options(flags: Partial<typeof empty>): TlsOptions {
  const result = parseTlsOptions({ ...empty, ...flags });
  assert.ok(result.ok, result.ok ? "" : result.error);
  return result.options;
}

describe("parseTlsOptions", () => {
  it("FL-4: TLS 1.3 is the least when nothing is said", () => {
    assert.deepEqual(options({}), { minVersion: "TLSv1.3" });
  });

  it("FL-4: suites in IANA's names with TLS 1.2, curves by number, in the order given", () => {
    const flags = { minVersion: "VersionTLS12", cipherSuites: gcm, curvePreferences: "29, 23" };
    assert.deepEqual(options(flags), {
      minVersion: "TLSv1.2",
      ciphers: "ECDHE-RSA-AES128-GCM-SHA256",
      ecdhCurve: "X25519:P-256",
    });
  });

  it("FL-4: every curve and suite that is accepted is known to the runtime", () => {
    for (const curve of [23, 24, 25, 29, 4587, 4588, 4589]) {
      createSecureContext(options({ curvePreferences: String(curve) }));
    }
    const { ciphers } = options({ minVersion: "VersionTLS12", cipherSuites: gcm });
    assert.ok(getCiphers().includes((ciphers ?? "").toLowerCase()));
  });

  const refused: [string, Partial<typeof empty>, RegExp][] = [
    [
      "an unknown version",
      { minVersion: "VersionTLS11" },
      /--tls-min-version=VersionTLS11: it must/,
    ],
    ["a version from a prototype", { minVersion: "toString" }, /--tls-min-version/],
    ["suites with TLS 1.3", { cipherSuites: gcm }, /--tls-cipher-suites works only with/],
    [
      "an unknown suite",
      { minVersion: "VersionTLS12", cipherSuites: "RC4" },
      /unknown suite "RC4" \(known: TLS_/,
    ],
    ["a curve by name", { curvePreferences: "X25519" }, /"X25519" is not a number from 1 to 65535/],
    ["curve 0", { curvePreferences: "0" }, /"0" is not a number/],
    ["an unknown curve", { curvePreferences: "9" }, /unknown curve 9/],
    ["a curve twice", { curvePreferences: "29,23,29" }, /curve 29 stands twice/],
  ];
  for (const [name, flags, message] of refused) {
    it(`FL-4: ${name} is refused`, () => {
      const result = parseTlsOptions({ ...empty, ...flags });
      assert.ok(!result.ok);
      assert.match(result.error, message);
    });
  }
});
