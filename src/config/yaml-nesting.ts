/** Text that would nest deeper than any configuration does, found before a parser spends seconds on it. */

/** No configuration nests deeper than a dozen levels, and no text holds so many open brackets by accident. */
const deepest = 500;

/**
 * The offset at which brackets, or the dashes and blanks at the head of a line, open more than 500 levels; undefined if
 * nothing does. Brackets in quotes and comments count too: that many of them would be no honest text either.
 */
export function findDeepNesting(text: string): number | undefined {
  const headAt = text.search(longHead);
  return headAt === -1 ? findDeepBracket(text) : headAt;
}

const longHead = new RegExp(`^[ ?-]{${2 * deepest},}`, "m");

function findDeepBracket(text: string): number | undefined {
  let depth = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    const isOpening = bracket === "[" || bracket === "{";
    depth = isOpening ? depth + 1 : Math.max(0, depth - 1);
    if (depth > deepest) return index;
  }
  return undefined;
}
