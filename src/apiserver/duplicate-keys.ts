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
    else if ("{[".includes(token)) levels.push(opened(token, top, path));
    else if ("}]".includes(token)) levels.pop();
    else if (token === ",") {
      if (top) top.index++;
    } else if (top?.keys) {
      const key = JSON.parse(word) as string;
      path = top.path ? `${top.path}.${key}` : key;
      if (top.keys.has(key)) found.push(path);
      top.keys.add(key);
    }
  }
  return found;
}

/** The level that a brace or bracket opens: an item of a list above, else the value of the last key. */
function opened(token: string, top: Level | undefined, path: string): Level {
  const here = top && !top.keys ? `${top.path}[${top.index}]` : path;
  return { keys: token === "{" ? new Set() : undefined, path: here, index: 0 };
}
