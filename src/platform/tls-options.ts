/** The values of `--tls-min-version`, `--tls-cipher-suites` and `--tls-curve-preferences` (FL-4). */

export interface TlsOptions {
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** OpenSSL's names, colon separated; absent: the runtime's choice. */
  readonly ciphers?: string;
  /** Groups in order of preference, colon separated; absent: the runtime's choice. */
  readonly ecdhCurve?: string;
}

export type TlsOptionsResult =
  | { readonly ok: true; readonly options: TlsOptions }
  | { readonly ok: false; readonly error: string };

const versions: Readonly<Record<string, TlsOptions["minVersion"]>> = {
  "": "TLSv1.3",
  VersionTLS12: "TLSv1.2",
  VersionTLS13: "TLSv1.3",
};

/** IANA's names of the TLS 1.2 suites worth having, and OpenSSL's. */
const cipherNames: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
};

/** The numbers of IANA's TLS Supported Groups registry, and OpenSSL's names. */
const curveNames: Readonly<Record<number, string>> = {
  23: "P-256",
  24: "P-384",
  25: "P-521",
  29: "X25519",
  4587: "SecP256r1MLKEM768",
  4588: "X25519MLKEM768",
  4589: "SecP384r1MLKEM1024",
};

/** Checks the three flags together; an error names the flag, the value and what would be right. */
export function parseTlsOptions(flags: {
  readonly minVersion: string;
  readonly cipherSuites: string;
  readonly curvePreferences: string;
}): TlsOptionsResult {
  const minVersion = Object.hasOwn(versions, flags.minVersion)
    ? versions[flags.minVersion]
    : undefined;
  if (minVersion === undefined) {
    const error = `--tls-min-version=${flags.minVersion}: it must be VersionTLS12 or VersionTLS13`;
    return { ok: false, error };
  }
  const suites = splitList(flags.cipherSuites);
  if (suites.length > 0 && minVersion === "TLSv1.3") {
    const error =
      "--tls-cipher-suites works only with --tls-min-version=VersionTLS12: TLS 1.3 has fixed suites";
    return { ok: false, error };
  }
  const unknown = suites.find((name) => !Object.hasOwn(cipherNames, name));
  if (unknown !== undefined) {
    const known = Object.keys(cipherNames).join(", ");
    return {
      ok: false,
      error: `--tls-cipher-suites: unknown suite "${unknown}" (known: ${known})`,
    };
  }
  const curves = splitList(flags.curvePreferences);
  const wrong = curves.map(curveError).find((error) => error !== undefined);
  if (wrong !== undefined) return { ok: false, error: `--tls-curve-preferences: ${wrong}` };
  const ecdhCurve = curves.map((id) => curveNames[Number(id)]).join(":");
  const ciphers = suites.map((name) => cipherNames[name]).join(":");
  return {
    ok: true,
    options: { minVersion, ...(ciphers ? { ciphers } : {}), ...(ecdhCurve ? { ecdhCurve } : {}) },
  };
}

function curveError(text: string, index: number, all: readonly string[]): string | undefined {
  const id = Number(text);
  if (!/^\d+$/.test(text) || id < 1 || id > 65535)
    return `"${text}" is not a number from 1 to 65535`;
  if (!Object.hasOwn(curveNames, id)) {
    return `unknown curve ${id} (known: ${Object.keys(curveNames).join(", ")})`;
  }
  if (all.some((other, at) => at < index && Number(other) === id))
    return `curve ${id} stands twice`;
  return undefined;
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
