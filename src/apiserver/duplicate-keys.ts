/** Finds keys that a JSON text gives twice in one object, which JSON.parse passes over in silence. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

interface Level {
  /** Keys seen in an object; undefined for a list. */
  keys: Set<string> | undefined;
  path: string;
  index: number;
}

/** Paths such as "data.a" of keys that come twice. `text` is valid JSON. */
export function duplicateKeys(text: string): string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  let path = "";
  let word = "";
  for (const [token] of text.matchAll(TOKEN)) {
    const top = levels.at(-1);
    if (token.startsWith('"')) word = token;
    else if (token === "{" || token === "[") {
      const here = top && !top.keys ? `${top.path}[${top.index}]` : path;
      levels.push({ keys: token === "{" ? new Set() : undefined, path: here, index: 0 });
    } else if (token === "}" || token === "]") levels.pop();
    else if (token === "," && top && !top.keys) top.index++;
    else if (token === ":" && top?.keys) {
      const key = JSON.parse(word) as string;
      path = top.path ? `${top.path}.${key}` : key;
      if (top.keys.has(key)) found.push(path);
      top.keys.add(key);
    }
  }
  return found;
}
