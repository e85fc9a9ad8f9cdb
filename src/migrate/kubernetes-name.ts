/** Names of a ConfigMap's pools and profiles as names of Kubernetes objects (MIG-6). */

const fitting = /^[a-z][-a-z0-9]{0,61}[a-z0-9]$/;

/** The name as it is if it fits, else the nearest that does in most cases; undefined without a letter. */
export function kubernetesName(name: string): string | undefined {
  if (fitting.test(name)) return name;
  const text = lowerCase(firstBytes(name, 63)).replaceAll("_", "-");
  const first = text.search(/[a-z]/);
  return first === -1 ? undefined : text.slice(first);
}

/** Bytes of UTF-8, as the reference counts; it shows each byte of a broken character as U+FFFD. */
function firstBytes(text: string, most: number): string {
  let [kept, left] = ["", most];
  for (const char of text) {
    const size = Buffer.byteLength(char);
    if (size > left) return kept + "\ufffd".repeat(left);
    kept += char;
    left -= size;
  }
  return kept;
}

/** Each character by itself, as one character: the Turkish \u0130 is a plain i. */
function lowerCase(text: string): string {
  return Array.from(text, (char) => Array.from(char.toLowerCase())[0]).join("");
}
